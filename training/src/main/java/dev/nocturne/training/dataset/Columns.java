package dev.nocturne.training.dataset;

import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/**
 * Which columns of a table name the picture and its caption.
 *
 * @param image empty: one of the usual names
 * @param caption empty: one of the usual names
 */
public record Columns(Optional<String> image, Optional<String> caption) {
    /** Of Hugging Face's imagefolder, of open_clip, and as people call it. */
    private static final List<String> IMAGE =
            List.of(
                    "file_name",
                    "filename",
                    "filepath",
                    "file",
                    "path",
                    "image",
                    "image_path",
                    "img");

    /** Of Hugging Face, img2dataset and open_clip, and as people call it. */
    private static final List<String> CAPTION =
            List.of("text", "caption", "captions", "title", "prompt", "description");

    String imageOf(Collection<String> columns, String file) throws IOException {
        return find(columns, image, IMAGE)
                .orElseThrow(() -> missing(columns, file, "picture's path", "--image-column"));
    }

    String captionOf(Collection<String> columns, String file) throws IOException {
        return captionIn(columns)
                .orElseThrow(() -> missing(columns, file, "caption", "--caption-column"));
    }

    /** Empty if there is none of the names. */
    Optional<String> captionIn(Collection<String> columns) {
        return find(columns, caption, CAPTION);
    }

    private static Optional<String> find(
            Collection<String> columns, Optional<String> asked, List<String> usual) {
        if (asked.isPresent()) {
            return asked.filter(columns::contains);
        }
        return usual.stream()
                .flatMap(name -> columns.stream().filter(name::equalsIgnoreCase))
                .findFirst();
    }

    private static IOException missing(
            Collection<String> columns, String file, String what, String option) {
        return new IOException(
                "%s has no column of the %s that is known by its name; its columns are %s: name one with %s"
                        .formatted(file, what, String.join(", ", columns), option));
    }
}
