package dev.nocturne.ingest.api;

import java.io.InputStream;
import java.util.Map;

/**
 * A file of captions as a request brings it.
 *
 * @param content closed by the caller
 * @param mediaType as the request says; null if it does not
 * @param parameters of the request, see {@link SubmitParameters}
 */
public record CaptionUpload(
        InputStream content, String mediaType, Map<String, String> parameters) {}
