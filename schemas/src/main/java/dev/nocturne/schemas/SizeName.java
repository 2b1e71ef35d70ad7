package dev.nocturne.schemas;

import java.util.regex.Pattern;

/** The size of a picture as people name it: {@code 64x64}, or {@link #AUTO}. */
public final class SizeName {

    /** The model's own choice. */
    public static final String AUTO = "auto";

    private static final Pattern PIXELS = Pattern.compile("\\d{1,5}x\\d{1,5}");

    private SizeName() {}

    /**
     * @param pixels along each side
     */
    public static String of(int pixels) {
        return "%dx%1$d".formatted(pixels);
    }

    /** Whether it is one, of whatever model. */
    public static boolean isOne(String name) {
        return name.equals(AUTO) || PIXELS.matcher(name).matches();
    }
}
