package dev.nocturne.ingest.caption;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.DrawingOptions;
import dev.nocturne.events.RequestRef;
import dev.nocturne.runtime.Outbox;
import dev.nocturne.runtime.PermanentException;
import dev.nocturne.runtime.Stage;
import dev.nocturne.schemas.CaptionOwner;
import dev.nocturne.schemas.ReasonCodes;
import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Topics;
import dev.nocturne.schemas.Violation;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Captions that came as JSON to captions as all others are; each is a job of its own. A record is
 * what a line of a file is.
 */
public final class JsonCaptionStage implements Stage<CaptionSubmitted> {

    public static final String NAME = "json-captions";

    /** As of a blank line: there is nothing to do, and nothing wrong. */
    private static final CaptionSubmitted BLANK =
            CaptionSubmitted.newBuilder()
                    .setCustomId("")
                    .setCaption("")
                    .setOptions(DrawingOptions.newBuilder().build())
                    .setSubmittedAt(Instant.EPOCH)
                    .build();

    private final Supplier<PictureSizes> pictureSizes;

    public JsonCaptionStage(Supplier<PictureSizes> pictureSizes) {
        this.pictureSizes = pictureSizes;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Topic<CaptionSubmitted> input() {
        return Topics.CAPTIONS_JSON;
    }

    /** Few, as each may have an image prompt of a megabyte. */
    @Override
    public int maxBatch() {
        return 16;
    }

    @Override
    public CaptionSubmitted decode(ConsumerRecord<byte[], byte[]> record) {
        byte[] value = record.value();
        ObjectNode object = value == null ? null : JobParser.object(JsonLines.withoutMark(value));
        if (object == null) {
            return BLANK;
        }
        CaptionSubmitted.Builder caption =
                CaptionSubmitted.newBuilder()
                        .setCustomId(defaultCustomId(record))
                        .setSubmittedAt(Instant.ofEpochMilli(record.timestamp()));
        List<Violation> wrong = new ArrayList<>();
        ImageParameters imageParameters = CaptionJson.readLine(object, caption, wrong);
        PictureSizes pictures = pictureSizes.get();
        if (pictures.isKnown()) { // else the record would wait for an encoder, or be lost
            wrong.addAll(imageParameters.checkLine(object, pictures));
        }
        if (imageParameters.format() == CaptionJson.AnswerFormat.B64_JSON) {
            wrong.add(
                    new Violation(
                            "body.response_format",
                            ReasonCodes.INVALID_OPTION,
                            "response_format is b64_json: only a line of a file can ask for it,"
                                    + " leave it out"));
        }
        if (!wrong.isEmpty()) {
            throw new PermanentException(
                    wrong.get(0).code(),
                    wrong.stream().map(Violation::message).collect(Collectors.joining("; ")));
        }
        return caption.build();
    }

    /** The same whenever the record is read, and no other record's, even after a new topic. */
    private static String defaultCustomId(ConsumerRecord<?, ?> record) {
        return "json-%d-%d-%d".formatted(record.timestamp(), record.partition(), record.offset());
    }

    @Override
    public RequestRef request(CaptionSubmitted caption) {
        return CaptionOwner.request(caption);
    }

    @Override
    public void process(List<CaptionSubmitted> captions, Outbox out) {
        for (int i = 0; i < captions.size(); i++) {
            CaptionSubmitted caption = captions.get(i);
            if (caption != BLANK) {
                out.send(i, Topics.CAPTIONS, request(caption), caption);
            }
        }
    }
}
