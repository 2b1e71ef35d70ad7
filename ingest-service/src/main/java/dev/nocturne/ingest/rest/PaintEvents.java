package dev.nocturne.ingest.rest;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import com.fasterxml.jackson.databind.annotation.JsonSerialize;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.result.PartialImage;
import dev.nocturne.runtime.Answers;
import dev.nocturne.runtime.RankedBy;
import dev.nocturne.runtime.SeedJson;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.time.Clock;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a caller who streams is told, in the events of OpenAI's Images API: partial images, then
 * each picture, the best first, or an error.
 */
final class PaintEvents {

    static final String GENERATION = "image_generation";
    static final String EDIT = "image_edit";

    private static final Logger LOG = LoggerFactory.getLogger(PaintEvents.class);

    /** There is one quality, and no picture is transparent. */
    private static final String QUALITY = "auto";

    private static final String BACKGROUND = "opaque";

    /**
     * @param createdAt Unix seconds
     * @param seed the candidate's own; that of the finished picture, if it is the same candidate
     */
    @JsonNaming(SnakeCaseStrategy.class)
    record Partial(
            String type,
            byte[] b64Json,
            long createdAt,
            String size,
            String quality,
            String background,
            String outputFormat,
            int partialImageIndex,
            @JsonSerialize(using = SeedJson.class) long seed) {}

    /** As {@link Answers.Picture}; what is not known of it is null and left out. */
    @JsonNaming(SnakeCaseStrategy.class)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Completed(
            String type,
            byte[] b64Json,
            long createdAt,
            String size,
            String quality,
            String background,
            String outputFormat,
            Answers.Usage usage,
            int rank,
            Float score,
            @JsonSerialize(using = SeedJson.class) long seed,
            RankedBy rankedBy) {}

    private final String kind;
    private final EventStream events;
    private final Clock clock;

    private PaintEvents(String kind, EventStream events, Clock clock) {
        this.kind = kind;
        this.events = events;
        this.clock = clock;
    }

    /**
     * Begins to paint, and answers with what happens then. Who goes away early does not stop it.
     *
     * @param kind of the events: {@link #GENERATION} or {@link #EDIT}
     * @param paint begins, given who wants the partial images; what it throws is no event
     */
    static Response answer(
            String kind,
            ObjectMapper json,
            Clock clock,
            Function<Consumer<PartialImage>, CompletionStage<Answers.Images>> paint) {
        EventStream stream = new EventStream(json);
        PaintEvents events = new PaintEvents(kind, stream, clock);
        paint.apply(events::partial).whenComplete(events::finished);
        return Response.ok(stream, MediaType.SERVER_SENT_EVENTS)
                .header(HttpHeaders.CACHE_CONTROL, "no-cache")
                .header("X-Accel-Buffering", "no") // nginx would hold events back
                .build();
    }

    private void partial(PartialImage image) {
        String type = kind + ".partial_image";
        events.send(
                type,
                new Partial(
                        type,
                        image.file(),
                        now(),
                        image.width() + "x" + image.height(),
                        QUALITY,
                        BACKGROUND,
                        image.format().toString(),
                        image.index(),
                        image.seed()));
    }

    private void finished(Answers.Images images, Throwable error) {
        if (error == null) {
            images.data().forEach(picture -> completed(images, picture));
        } else {
            failed(error);
        }
        events.end();
    }

    private void completed(Answers.Images images, Answers.Picture picture) {
        String type = kind + ".completed";
        events.send(
                type,
                new Completed(
                        type,
                        picture.b64Json(),
                        now(),
                        images.size() == null ? "auto" : images.size(),
                        QUALITY,
                        BACKGROUND,
                        images.outputFormat(),
                        images.usage() == null ? null : images.usage().ofEach(images.data().size()),
                        picture.rank(),
                        picture.score(),
                        picture.seed(),
                        images.rankedBy()));
    }

    private void failed(Throwable error) {
        Throwable cause = error;
        while (cause instanceof CompletionException) {
            cause = cause.getCause();
        }
        if (!(cause instanceof IngestException)) {
            LOG.error("API-02 a stream of events broke off", cause);
        }
        events.send(
                "error",
                ErrorResponses.event(
                        cause instanceof IngestException known
                                ? known
                                : IngestException.internal()));
    }

    private long now() {
        return clock.instant().getEpochSecond();
    }
}
