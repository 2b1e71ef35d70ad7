package dev.nocturne.ingest.caption;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nocturne.ingest.Excerpt;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.caption.CaptionJson.AnswerFormat;
import dev.nocturne.schemas.ReasonCodes;
import dev.nocturne.schemas.SizeName;
import dev.nocturne.schemas.Violation;
import java.util.ArrayList;
import java.util.List;

/**
 * What a request says that depends on the model, or that OpenAI's API has beside what is painted.
 *
 * @param model its name; null: not named
 * @param format how its pictures come back; null: not named
 * @param size of its pictures, as {@link SizeName} has it
 * @param refused parameters with values that mean nothing here
 */
public record ImageParameters(
        String model, AnswerFormat format, String size, List<Violation> refused) {

    static final ImageParameters NONE = ofShortForm(SizeName.AUTO);

    /** Of a line in the short form. */
    static ImageParameters ofShortForm(String size) {
        return new ImageParameters(null, null, size, List.of());
    }

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
    public List<Violation> check(PictureSizes pictures) {
        List<Violation> wrong = new ArrayList<>(refused);
        if (!size.equals(SizeName.AUTO) && !pictures.names().contains(size)) {
            wrong.add(
                    new Violation(
                            "size",
                            ReasonCodes.INVALID_OPTION,
                            "size is '%s': must be %s, as the model paints"
                                    .formatted(Excerpt.of(size), pictures.inWords())));
        }
        return wrong;
    }

    /** As {@link #check}, of a line of either form. */
    List<Violation> checkLine(ObjectNode line, PictureSizes pictures) {
        List<Violation> wrong = check(pictures);
        return line.has("body") ? wrong.stream().map(CaptionJson::inBody).toList() : wrong;
    }
}
