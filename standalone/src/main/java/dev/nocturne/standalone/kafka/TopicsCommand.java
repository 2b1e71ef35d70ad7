package dev.nocturne.standalone.kafka;

import dev.nocturne.rerank.RerankService;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.TopicAdmin;
import dev.nocturne.runtime.TopicShapes;
import dev.nocturne.runtime.TopicShapes.Shape;
import dev.nocturne.runtime.TopicSizes;
import dev.nocturne.standalone.option.JsonOption;
import dev.nocturne.standalone.terminal.CommandFailure;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.KafkaException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(
        name = "topics",
        description =
                "Shows the topics, and what is wrong with them as the NOCTURNE_KAFKA_... variables"
                        + " say; adds partitions.")
public final class TopicsCommand implements Callable<Integer> {
    @Option(
            names = "--raise",
            paramLabel = "PARTITIONS",
            description =
                    "Gives every topic that stages read so many partitions, while jobs run: as many"
                            + " workers of a stage can work. They only ever grow.")
    Integer raise;

    @Mixin KafkaOptions kafka;
    @Mixin JsonOption json;
    @Spec CommandSpec command;

    private record Report(List<Shape> topics, List<String> faults) {}

    @Override
    public Integer call() throws IOException {
        KafkaSettings settings = kafka.settings();
        if (raise != null) {
            raise(settings);
        }
        List<Shape> topics = topics(settings);
        Report report = new Report(topics, TopicShapes.faults(topics, settings.topics()));
        if (json.enabled) {
            json.print(command, report);
            return 0;
        }
        PrintWriter out = command.commandLine().getOut();
        String row = "%-28s %10s %8s %7s%n";
        out.printf(row, "topic", "partitions", "replicas", "in sync");
        topics.forEach(
                topic ->
                        out.printf(
                                row,
                                topic.topic(),
                                topic.partitions(),
                                topic.replicas(),
                                topic.minInsyncReplicas()));
        report.faults().forEach(out::println);
        return 0;
    }

    private void raise(KafkaSettings settings) {
        if (raise < 1 || raise > TopicSizes.MAX_PARTITIONS) {
            throw new ParameterException(
                    command.commandLine(),
                    "--raise %d: must be 1 to %d".formatted(raise, TopicSizes.MAX_PARTITIONS));
        }
        PrintWriter err = command.commandLine().getErr();
        TopicAdmin.raisePartitions(
                settings, raise, topic -> err.printf("%s has %d partitions now%n", topic, raise));
        RerankService.growState(settings);
    }

    private static List<Shape> topics(KafkaSettings settings) {
        try (Admin admin = Admin.create(settings.admin())) {
            return TopicShapes.read(admin);
        } catch (KafkaException e) {
            throw settings.asStageException("cannot look at topics", e);
        } catch (ExecutionException e) {
            throw new CommandFailure(
                    "Kafka at %s does not say which topics it has (%s): name another with --bootstrap-servers"
                            .formatted(settings.bootstrapServers(), e.getCause().getMessage()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CommandFailure("interrupted");
        }
    }
}
