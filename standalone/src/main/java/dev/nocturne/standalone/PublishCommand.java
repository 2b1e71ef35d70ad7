package dev.nocturne.standalone;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.schemas.IdSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "publish",
        description = "Publishes one event per caption to Kafka; prints the id of each one's job.")
final class PublishCommand implements Callable<Integer> {
    /**
     * A person waits; the clients' own defaults would take a minute to say that nobody is there.
     */
    private static final Map<String, String> IMPATIENT =
            Map.of("default.api.timeout.ms", "10000", "request.timeout.ms", "5000");

    @Parameters(arity = "1..*", paramLabel = "CAPTION", description = "What to paint.")
    List<String> captions;

    @Option(
            names = "--bootstrap-servers",
            paramLabel = "HOST:PORT",
            defaultValue = "localhost:9092",
            description = "Kafka brokers, comma-separated (default: ${DEFAULT-VALUE}).")
    String bootstrapServers;

    @Mixin CaptionOptions options;
    @Mixin JsonOption json;
    @Spec CommandSpec command;

    private record Published(String jobId, String caption) {}

    @Override
    public Integer call() throws JsonProcessingException {
        IdSource ids = IdSource.system();
        List<CaptionSubmitted> events =
                captions.stream()
                        .map(caption -> options.event(null, ids.newUlid(), caption))
                        .toList();
        JobEvents.publish(new KafkaSettings(bootstrapServers, IMPATIENT), events);
        List<Published> published =
                events.stream()
                        .map(event -> new Published(JobEvents.jobId(event), event.getCaption()))
                        .toList();
        if (json.enabled) {
            json.print(command, published);
        } else {
            published.forEach(one -> command.commandLine().getOut().println(one.jobId()));
        }
        return 0;
    }
}
