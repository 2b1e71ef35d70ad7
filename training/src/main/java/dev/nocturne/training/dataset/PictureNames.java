package dev.nocturne.training.dataset;

import dev.nocturne.runtime.PictureHeader.Format;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** Which files are pictures: by their names, and where those say nothing, by their first bytes. */
final class PictureNames {
    /** What is read; the decoder goes by the first bytes alone. */
    static final Set<Format> READ = EnumSet.allOf(Format.class);

    private static final Set<String> EXTENSIONS =
            Set.of("png", "jpg", "jpeg", "jpe", "jfif", "webp", "gif");

    private static final int FIRST_BYTES = 16;

    private PictureNames() {}

    /** What is behind the last dot, in lower case; empty if there is none. */
    static String extension(String name) {
        int dot = name.lastIndexOf('.');
        return dot < 0 ? "" : name.substring(dot + 1).toLowerCase(Locale.ROOT);
    }

    /** The name without its last extension. */
    static String stem(String name) {
        int dot = name.lastIndexOf('.');
        return dot < 0 ? name : name.substring(0, dot);
    }

    /** Also of a path, or of what an archive calls it: what Macs and Unix hide. */
    static boolean isHidden(String name) {
        String last = name.substring(name.lastIndexOf('/') + 1);
        return last.startsWith(".") || last.equals("__MACOSX");
    }

    static boolean isPicture(String name) {
        return EXTENSIONS.contains(extension(name));
    }

    /**
     * What the first bytes say of a file whose name says nothing.
     *
     * @param read whether it can be read
     */
    record Content(String format, boolean read) {}

    /** Empty if it is no picture. */
    static Optional<Content> content(Path file) throws IOException {
        byte[] first;
        try (InputStream in = Files.newInputStream(file)) {
            first = in.readNBytes(FIRST_BYTES);
        }
        String begin = new String(first, StandardCharsets.ISO_8859_1);
        String box = begin.length() < 12 ? "" : begin.substring(4, 12);
        if (READ.stream().anyMatch(format -> format.isOf(first))) {
            return Optional.of(new Content("", true));
        }
        String format =
                switch (box) {
                    case "ftypheic", "ftypheix", "ftypmif1", "ftyphevc" -> "HEIC";
                    case "ftypavif" -> "AVIF";
                    default ->
                            begin.startsWith("II*\0") || begin.startsWith("MM\0*")
                                    ? "TIFF"
                                    : begin.startsWith("BM") ? "BMP" : "";
                };
        return format.isEmpty() ? Optional.empty() : Optional.of(new Content(format, false));
    }
}
