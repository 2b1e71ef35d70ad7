package dev.nocturne.ingest;

import java.util.List;

/**
 * The names of the model. Which bundle paints is decided where the workers run, so there is one
 * model here; programs that were written for OpenAI's API name it {@code dall-e-2}, whose requests
 * have the same form.
 */
public final class Models {

    public static final List<String> NAMES = List.of("nocturne", "dall-e-2");

    private Models() {}

    static boolean isKnown(String name) {
        return NAMES.contains(name);
    }
}
