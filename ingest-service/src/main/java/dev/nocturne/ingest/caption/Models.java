package dev.nocturne.ingest.caption;

import dev.nocturne.ingest.caption.CaptionJson.AnswerFormat;
import java.util.List;
import java.util.regex.Pattern;

/**
 * The names of the model. Which bundle paints is decided where the workers run, so there is one
 * model here; programs that were written for OpenAI's API name one of theirs, and get the pictures
 * in the form in which that one answers.
 */
public final class Models {

    /** Those that are shown; new members of the last one's family come every few months. */
    public static final List<String> NAMES =
            List.of("nocturne", "dall-e-2", "dall-e-3", "gpt-image-1");

    /** OpenAI's models that answer with the pictures themselves, not with addresses. */
    private static final Pattern GPT_IMAGE =
            Pattern.compile("gpt-image-\\d[\\w.-]{0,60}|chatgpt-image-latest");

    private Models() {}

    public static boolean isKnown(String name) {
        return NAMES.contains(name) || GPT_IMAGE.matcher(name).matches();
    }

    /**
     * What a request gets that does not say it.
     *
     * @param name null: none
     */
    static AnswerFormat answerFormat(String name) {
        return name != null && GPT_IMAGE.matcher(name).matches()
                ? AnswerFormat.B64_JSON
                : AnswerFormat.URL;
    }
}
