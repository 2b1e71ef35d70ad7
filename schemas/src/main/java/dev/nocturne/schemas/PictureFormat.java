package dev.nocturne.schemas;

import java.util.Locale;
import java.util.Optional;

/** What a picture is stored as; {@code output_format} names one in lower case. */
public enum PictureFormat {
    PNG("png", "image/png"),
    JPEG("jpg", "image/jpeg"),
    WEBP("webp", "image/webp");

    private final String extension;
    private final String mediaType;

    PictureFormat(String extension, String mediaType) {
        this.extension = extension;
        this.mediaType = mediaType;
    }

    /** Empty if there is none of that name. */
    public static Optional<PictureFormat> named(String name) {
        for (PictureFormat format : values()) {
            if (format.toString().equals(name)) {
                return Optional.of(format);
            }
        }
        return Optional.empty();
    }

    /** The name of a picture's file, as {@code 1.jpg}. */
    public String fileName(int number) {
        return number + "." + extension;
    }

    public String mediaType() {
        return mediaType;
    }

    /** The name in {@code output_format}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
