package dev.nocturne.ingest.rest;

import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.api.CaptionUpload;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.UriInfo;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Collection;
import java.util.Map;
import java.util.TreeMap;
import org.jboss.resteasy.reactive.server.multipart.FormValue;
import org.jboss.resteasy.reactive.server.multipart.MultipartFormDataInput;

/**
 * Files of captions in requests: the body itself, with parameters in the query, or the part {@code
 * file} of a form, with parameters in the query and in the other parts.
 */
final class CaptionUploads {

    private static final String FILE = "file";
    private static final String IMAGE_PROMPT = "image_prompt";

    /** Of a picture; the rules of captions allow less. */
    private static final int MAX_PICTURE_BYTES = 1 << 20;

    /** What is done with an upload whose stream is open. */
    interface Use<R> {
        R of(CaptionUpload upload) throws IOException;
    }

    private CaptionUploads() {}

    static CaptionUpload ofBody(InputStream body, HttpHeaders headers, UriInfo uri) {
        return new CaptionUpload(
                body, headers.getHeaderString(HttpHeaders.CONTENT_TYPE), ofQuery(uri));
    }

    /**
     * @throws IngestException INVALID if a parameter is there twice, or there is no file
     */
    static <R> R ofForm(MultipartFormDataInput form, UriInfo uri, Use<R> use) throws IOException {
        Map<String, String> parameters = ofQuery(uri);
        FormValue file = null;
        for (Map.Entry<String, Collection<FormValue>> part : form.getValues().entrySet()) {
            String name = part.getKey();
            requireOne(name, part.getValue().size() + (parameters.containsKey(name) ? 1 : 0));
            FormValue value = part.getValue().iterator().next();
            if (name.equals(FILE)) {
                file = value;
            } else if (name.equals(IMAGE_PROMPT) && value.isFileItem()) {
                parameters.put(name, base64(value));
            } else {
                parameters.put(name, value.getValue());
            }
        }
        if (file == null) {
            throw IngestException.invalid(
                    FILE, "file is missing: send it as a part of multipart/form-data");
        }
        if (file.getFileName() != null) {
            parameters.putIfAbsent("filename", file.getFileName());
        }
        try (InputStream content = open(file)) {
            String mediaType = file.getHeaders().getFirst(HttpHeaders.CONTENT_TYPE);
            return use.of(new CaptionUpload(content, mediaType, parameters));
        }
    }

    private static InputStream open(FormValue file) throws IOException {
        return file.isFileItem()
                ? file.getFileItem().getInputStream()
                : new ByteArrayInputStream(file.getValue().getBytes(StandardCharsets.UTF_8));
    }

    private static String base64(FormValue picture) throws IOException {
        try (InputStream in = picture.getFileItem().getInputStream()) {
            return Base64.getEncoder().encodeToString(in.readNBytes(MAX_PICTURE_BYTES));
        }
    }

    private static Map<String, String> ofQuery(UriInfo uri) {
        Map<String, String> parameters = new TreeMap<>();
        uri.getQueryParameters()
                .forEach(
                        (name, values) -> {
                            requireOne(name, values.size());
                            parameters.put(name, values.get(0));
                        });
        return parameters;
    }

    private static void requireOne(String name, int count) {
        if (count > 1) {
            throw IngestException.invalid(
                    name, "%s is there %d times: send it once".formatted(name, count));
        }
    }
}
