package dev.nocturne.standalone.kafka;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.schemas.IdSource;
import dev.nocturne.standalone.option.CaptionOptions;
import dev.nocturne.standalone.option.JsonOption;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "publish",
        description = "Publishes one event per caption to Kafka; prints the id of each one's job.")
public final class PublishCommand implements Callable<Integer> {
    @Parameters(arity = "1..*", paramLabel = "CAPTION", description = "What to paint.")
    List<String> captions;

    @Mixin KafkaOptions kafka;
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
        JobEvents.publish(kafka.settings(), events);
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
