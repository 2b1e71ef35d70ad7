package dev.nocturne.ingest.archive;

import dev.nocturne.schemas.PictureFormat;
import java.util.Map;

/** What the bucket and the API call the contents of a file, by the extension of its name. */
public final class MediaTypes {

    private static final Map<String, String> BY_EXTENSION =
            Map.of(
                    "jsonl", "application/jsonl",
                    "json", "application/json",
                    "html", "text/html; charset=utf-8",
                    "tar", "application/x-tar",
                    "png", PictureFormat.PNG.mediaType(),
                    "jpg", PictureFormat.JPEG.mediaType(),
                    "webp", PictureFormat.WEBP.mediaType());

    private MediaTypes() {}

    /**
     * @param name of a file that a job or a request has; other extensions are bytes to a reader
     */
    public static String of(String name) {
        String extension = name.substring(name.lastIndexOf('.') + 1);
        return BY_EXTENSION.getOrDefault(extension, "application/octet-stream");
    }
}
