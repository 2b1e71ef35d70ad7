package dev.nocturne.standalone.kafka;

import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.TopicSizes;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Which Kafka, and how to be let in. */
final class KafkaOptions {
    private static final String BOOTSTRAP_SERVERS = "bootstrap.servers";
    private static final String DEFAULT = "localhost:9092";

    /**
     * A person waits; the clients' own defaults would take a minute to say that nobody is there.
     */
    private static final Map<String, String> IMPATIENT =
            Map.of("default.api.timeout.ms", "10000", "request.timeout.ms", "5000");

    @Option(
            names = "--bootstrap-servers",
            paramLabel = "HOST:PORT",
            description =
                    "Kafka brokers, comma-separated (default: those of the file, or "
                            + DEFAULT
                            + ").")
    String bootstrapServers;

    @Option(
            names = "--kafka-config",
            paramLabel = "FILE",
            description =
                    "Kafka's own client settings, as for SASL and TLS; the file that its tools take"
                            + " with --command-config.")
    Path file;

    @Spec(Spec.Target.MIXEE)
    CommandSpec command;

    KafkaSettings settings() {
        Map<String, String> settings = new HashMap<>(IMPATIENT);
        if (file != null) {
            Properties given = read();
            given.stringPropertyNames()
                    .forEach(name -> settings.put(name, given.getProperty(name).strip()));
        }
        String servers = settings.remove(BOOTSTRAP_SERVERS);
        if (bootstrapServers != null) {
            servers = bootstrapServers;
        }
        return new KafkaSettings(
                servers == null ? DEFAULT : servers, settings, TopicSizes.ofEnvironment());
    }

    private Properties read() {
        Properties properties = new Properties();
        try (Reader reader = Files.newBufferedReader(file)) {
            properties.load(reader);
            return properties;
        } catch (IOException | IllegalArgumentException e) {
            throw new ParameterException(
                    command.commandLine(),
                    "--kafka-config %s cannot be read (%s): name a file of lines like security.protocol=SASL_SSL"
                            .formatted(file, e.getClass().getSimpleName()));
        }
    }
}
