package dev.nocturne.ingest;

import dev.nocturne.ingest.CaptionJson.AnswerFormat;
import java.util.List;

/**
 * The names of the model. Which bundle paints is decided where the workers run, so there is one
 * model here; programs that were written for OpenAI's API name one of theirs, and get the pictures
 * in the form in which that one answers.
 */
public final class Models {

    /** Answers with the pictures themselves where OpenAI's other models answer with addresses. */
    private static final String ANSWERS_WITH_PICTURES = "gpt-image-1";

    public static final List<String> NAMES =
            List.of("nocturne", "dall-e-2", "dall-e-3", ANSWERS_WITH_PICTURES);

    private Models() {}

    static boolean isKnown(String name) {
        return NAMES.contains(name);
    }

    /**
     * Of a request that does not say it.
     *
     * @param name null: none
     */
    static AnswerFormat answerFormat(String name) {
        return ANSWERS_WITH_PICTURES.equals(name) ? AnswerFormat.B64_JSON : AnswerFormat.URL;
    }
}
