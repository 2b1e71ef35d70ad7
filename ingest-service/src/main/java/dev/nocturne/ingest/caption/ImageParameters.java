package dev.nocturne.ingest.caption;

import dev.nocturne.ingest.Excerpt;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.caption.CaptionJson.AnswerFormat;
import dev.nocturne.schemas.ReasonCodes;
import dev.nocturne.schemas.Violation;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What an image request of OpenAI's API says beside what is painted.
 *
 * @param model its name; null: not named
 * @param format how its pictures come back; null: not named
 * @param size of its pictures, as it stands in the request; null: not named
 * @param refused parameters with values that mean nothing here
 */
public record ImageParameters(
        String model, AnswerFormat format, String size, List<Violation> refused) {

    static final ImageParameters NONE = new ImageParameters(null, null, null, List.of());

    public static final String AUTO = "auto";
    private static final Pattern SIZE = Pattern.compile("(\\d{1,5})x(\\d{1,5})");

    /** As programs for the model that was named read it, if nothing else was. */
    public AnswerFormat answerFormat() {
        return format == null ? Models.answerFormat(model) : format;
    }

    /**
     * What is wrong with them in a request that comes in now. One that was accepted before stays
     * so, whatever was learnt since.
     *
     * @throws IngestException UNAVAILABLE if that depends on a model that nobody has named yet
     */
    public List<Violation> check(PictureSize pictures) {
        List<Violation> wrong = new ArrayList<>(refused);
        if (size != null && !size.equals(AUTO)) {
            Matcher wanted = SIZE.matcher(size);
            if (!wanted.matches() || !pictures.is(wanted.group(1), wanted.group(2))) {
                wrong.add(
                        new Violation(
                                "size",
                                ReasonCodes.INVALID_OPTION,
                                "size is '%s': must be '%s' or '%s', as the model paints"
                                        .formatted(Excerpt.of(size), pictures.name(), AUTO)));
            }
        }
        return wrong;
    }

    /** As {@link #check}, of a line of a file. */
    List<Violation> checkLine(PictureSize pictures) {
        return check(pictures).stream().map(CaptionJson::inBody).toList();
    }
}
