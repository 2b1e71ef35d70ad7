package dev.nocturne.ingest.caption;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nocturne.ingest.Json;
import dev.nocturne.schemas.Violation;
import java.io.CharConversionException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Set;

/**
 * JSON that is not an object a line: arrays of objects or of captions, objects of several lines,
 * and COCO's captions, of which {@code annotations} are read and the rest is passed over. An item
 * is in memory at a time. Items may share a line, so one without a custom id is named by its
 * number.
 *
 * @see <a href="https://cocodataset.org/#format-data">COCO's data format</a>
 */
final class JsonRows implements CaptionRows {

    /** Names that COCO's files begin with. */
    private static final Set<String> COCO =
            Set.of("annotations", "images", "info", "licenses", "categories", "type");

    private static final JsonMapper JSON = Json.strict().build();

    private static final ObjectReader ITEM =
            JSON.reader().without(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    private final BoundedStream bounds;
    private final JsonParser json;
    private boolean inArray;
    private boolean inCoco;
    private int items;
    private boolean isBroken;

    JsonRows(InputStream in) throws IOException {
        bounds = new BoundedStream(in);
        json = JSON.createParser(bounds);
    }

    /** Whether a file whose first name this is has captions as COCO's files have them. */
    static boolean isCoco(String name) {
        return COCO.contains(name);
    }

    @Override
    public Row next() throws IOException {
        if (isBroken) {
            return null;
        }
        try {
            Row row = null;
            while (row == null && json.nextToken() != null) {
                row = read();
            }
            return row;
        } catch (JsonProcessingException e) {
            return broken(
                    e.getLocation().getLineNr(),
                    "invalid_json",
                    "broken JSON at column %d (%s)"
                            .formatted(e.getLocation().getColumnNr(), Json.fault(e)));
        } catch (CharConversionException e) {
            return broken(
                    json.currentLocation().getLineNr(),
                    "invalid_utf8",
                    "the file is not UTF-8: save it as UTF-8");
        }
    }

    private Row broken(int line, String code, String message) {
        isBroken = true;
        return new Row(new Place(line, null), null, new Violation(null, code, message));
    }

    /** Null if the token is no item's. */
    private Row read() throws IOException {
        JsonToken token = json.currentToken();
        int line = json.currentTokenLocation().getLineNr();
        if (inArray) {
            inArray = token != JsonToken.END_ARRAY;
            return inArray ? item(line) : null;
        }
        if (inCoco) {
            readCoco();
            return null;
        }
        if (token == JsonToken.START_ARRAY) {
            inArray = true;
            return null;
        }
        if (token == JsonToken.START_OBJECT) {
            json.nextToken();
            inCoco = json.currentName() != null && isCoco(json.currentName());
            if (inCoco) {
                readCoco();
                return null;
            }
        }
        return item(line);
    }

    /** A field of the object, or its end. */
    private void readCoco() throws IOException {
        if (json.currentToken() == JsonToken.END_OBJECT) {
            inCoco = false;
            return;
        }
        String name = json.currentName();
        json.nextToken();
        inArray = name.equals("annotations") && json.currentToken() == JsonToken.START_ARRAY;
        if (!inArray) {
            json.skipChildren();
        }
    }

    private Row item(int line) throws IOException {
        bounds.startRow(line);
        JsonNode value = ITEM.readTree(json);
        bounds.endRow();
        items++;
        Place place = new Place(line, items);
        if (value.isTextual()) {
            return row(place, JsonNodeFactory.instance.objectNode().set("prompt", value));
        }
        if (!(value instanceof ObjectNode object)) {
            return fault(place, "it is no object and no caption: send {\"prompt\": \"...\"}");
        }
        boolean isAnnotation = object.has("image_id") && !object.has("prompt");
        if (!isAnnotation) {
            return row(place, object);
        }
        return object.path("caption").isTextual()
                ? row(place, annotation(object))
                : fault(place, "the annotation has no caption: send COCO's captions file");
    }

    private Row row(Place place, ObjectNode object) {
        if (!object.hasNonNull("custom_id")) {
            object.put("custom_id", "item-" + items);
        }
        return new Row(place, object, null);
    }

    private static Row fault(Place place, String message) {
        return new Row(place, null, new Violation(null, "invalid_json", message));
    }

    /**
     * An image has several captions, so its id and the annotation's make the custom id; files of
     * results have one a picture, and the image's id alone.
     */
    private static ObjectNode annotation(ObjectNode coco) {
        String image = coco.get("image_id").asText();
        return JsonNodeFactory.instance
                .objectNode()
                .put("custom_id", coco.has("id") ? image + "-" + coco.get("id").asText() : image)
                .set("prompt", coco.get("caption"));
    }
}
