package dev.nocturne.ingest.rest;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.Json;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jboss.resteasy.reactive.server.multipart.FormValue;
import org.jboss.resteasy.reactive.server.multipart.MultipartFormDataInput;

/**
 * A request that brings a picture, as a form.
 *
 * @param fields all that are no files, as the body of an image request has them
 * @param image the file
 * @param mask the file; empty if there is none
 */
record ImageForm(ObjectNode fields, byte[] image, byte[] mask) {

    /** What a caption may have, and more is not read. */
    private static final int MAX_FILE_BYTES = 1 << 20;

    /** A form says everything as text. */
    private static final Set<String> TEXTS =
            Set.of(
                    "prompt",
                    "model",
                    "size",
                    "user",
                    "safety_identifier",
                    "quality",
                    "style",
                    "background",
                    "moderation",
                    "input_fidelity",
                    "response_format",
                    "output_format",
                    "seed");

    private static final JsonMapper JSON = Json.strict().build();

    /**
     * @throws IngestException INVALID or TOO_LARGE
     */
    static ImageForm of(MultipartFormDataInput form) throws IOException {
        ObjectNode fields = JSON.createObjectNode();
        List<byte[]> images = new ArrayList<>();
        List<byte[]> masks = new ArrayList<>();
        for (Map.Entry<String, Collection<FormValue>> part : form.getValues().entrySet()) {
            String name = part.getKey().replaceFirst("\\[\\d*]$", ""); // of one picture of several
            for (FormValue value : part.getValue()) {
                switch (name) {
                    case "image" -> images.add(file(name, value));
                    case "mask" -> masks.add(file(name, value));
                    default -> add(fields, name, value);
                }
            }
        }
        requireOne("image", images.size(), 1);
        requireOne("mask", masks.size(), 0);
        return new ImageForm(fields, images.get(0), masks.isEmpty() ? new byte[0] : masks.get(0));
    }

    private static void requireOne(String name, int found, int least) {
        if (found < least) {
            throw IngestException.invalid(
                    name,
                    "%s is missing: send it as a file of multipart/form-data".formatted(name));
        }
        if (found > 1) {
            throw IngestException.invalid(
                    name,
                    "%s: %d files, but a request is about one picture: send one"
                            .formatted(name, found));
        }
    }

    private static byte[] file(String name, FormValue value) throws IOException {
        if (!value.isFileItem()) {
            throw IngestException.invalid(
                    name,
                    "%s is no file: send it as a file of multipart/form-data".formatted(name));
        }
        try (InputStream in = value.getFileItem().getInputStream()) {
            byte[] file = in.readNBytes(MAX_FILE_BYTES + 1);
            if (file.length > MAX_FILE_BYTES) {
                throw IngestException.tooLarge(
                        null,
                        "%s has more than %d bytes: send a smaller picture"
                                .formatted(name, MAX_FILE_BYTES));
            }
            return file;
        }
    }

    private static void add(ObjectNode fields, String name, FormValue value) {
        if (value.isFileItem() || name.startsWith("image_prompt") || fields.has(name)) {
            throw IngestException.invalid(
                    name,
                    "%s: send files as image and mask alone, and every field once".formatted(name));
        }
        fields.set(name, TEXTS.contains(name) ? fields.textNode(value.getValue()) : json(value));
    }

    /**
     * A number or a truth as JSON has it; whatever is neither stays text, and is refused as such.
     */
    private static JsonNode json(FormValue value) {
        try {
            JsonNode node = JSON.readTree(value.getValue());
            if (node != null && node.isValueNode() && !node.isNull()) {
                return node;
            }
        } catch (JsonProcessingException e) {
            // text
        }
        return JSON.getNodeFactory().textNode(value.getValue());
    }
}
