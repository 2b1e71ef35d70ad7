package dev.nocturne.encoder;

import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.OptionRules;
import dev.nocturne.schemas.Sha256;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.Set;
import org.apache.avro.Schema;
import org.apache.avro.specific.SpecificData;
import org.apache.avro.specific.SpecificRecord;

/**
 * The SHA-256 of what a caption asks for: of every field of its record, and of the records in it,
 * that is not the field's default. So a field that is added later counts without a word here, and
 * changes the digest of no caption that leaves it out.
 */
final class RequestDigest {

    /**
     * What no picture depends on: whose the caption is, when it came, and what is shown while it is
     * drawn.
     */
    private static final Set<String> PASSED_OVER =
            Set.of(
                    "jobId",
                    "customId",
                    "submittedAt",
                    "jobToken",
                    "partialImages",
                    "requestSha256");

    private RequestDigest() {}

    /**
     * The caption with its digest among its options, whatever its producer set there.
     *
     * @param caption normalised
     */
    static CaptionSubmitted setIn(CaptionSubmitted caption) {
        CaptionSubmitted.Builder digested = CaptionSubmitted.newBuilder(caption);
        // off in either way
        digested.getOptionsBuilder().setTopP(OptionRules.topP(caption.getOptions()));
        StringBuilder text = new StringBuilder();
        append("", digested.build(), text);
        String sha256 = Sha256.hex(text.toString().getBytes(StandardCharsets.UTF_8));
        digested.setOptions(caption.getOptions()).getOptionsBuilder().setRequestSha256(sha256);
        return digested.build();
    }

    private static void append(String path, SpecificRecord record, StringBuilder text) {
        for (Schema.Field field : record.getSchema().getFields()) {
            Object value = record.get(field.pos());
            if (PASSED_OVER.contains(field.name()) || isDefault(field, value)) {
                continue;
            }
            if (value instanceof SpecificRecord inner) {
                append(path + field.name() + '.', inner, text);
            } else {
                text.append(path).append(field.name()).append('=').append(plain(value));
                text.append('\n');
            }
        }
    }

    private static boolean isDefault(Schema.Field field, Object value) {
        return field.hasDefaultValue()
                && Objects.equals(value, SpecificData.get().getDefaultValue(field));
    }

    private static Object plain(Object value) {
        return value instanceof ByteBuffer bytes ? Sha256.hex(EventCodec.bytes(bytes)) : value;
    }
}
