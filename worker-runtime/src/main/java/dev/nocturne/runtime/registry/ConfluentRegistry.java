package dev.nocturne.runtime.registry;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import org.apache.avro.Schema;

/**
 * The two requests of the API of Confluent's registry that are needed; Karapace and Redpanda have
 * it, too. Confluent's own client is in none of the repositories that this is built from.
 */
final class ConfluentRegistry implements SchemaRegistry {

    private static final JsonMapper JSON = new JsonMapper();
    private static final String MEDIA_TYPE = "application/vnd.schemaregistry.v1+json";
    private static final String AVRO = "AVRO";

    private final RegistryHttp http;

    ConfluentRegistry(URI url) {
        http = new RegistryHttp(url);
    }

    @Override
    public Schema schema(int id) {
        String what = "schema %d cannot be asked for".formatted(id);
        HttpResponse<String> answer = send(what, http.request("/schemas/ids/" + id).GET());
        JsonNode body = json(answer);
        if (answer.statusCode() == 404 && body.has("error_code")) {
            throw http.unknown(id);
        }
        requireGood(what, answer, body, "schema");
        String type = body.path("schemaType").asText(AVRO);
        if (!type.equals(AVRO)) {
            throw http.unfit(id, "it is " + type);
        }
        return http.parse(id, body.get("schema").asText());
    }

    @Override
    public int register(String subject, Schema schema) {
        String what = "the schema of %s cannot be registered".formatted(subject);
        String body = JSON.createObjectNode().put("schema", schema.toString()).toString();
        HttpRequest.Builder request =
                http.request("/subjects/%s/versions".formatted(URLEncoder.encode(subject, UTF_8)))
                        .header("Content-Type", MEDIA_TYPE)
                        .POST(HttpRequest.BodyPublishers.ofString(body));
        HttpResponse<String> answer = send(what, request);
        JsonNode registered = json(answer);
        requireGood(what, answer, registered, "id");
        return registered.get("id").asInt();
    }

    private HttpResponse<String> send(String what, HttpRequest.Builder request) {
        try {
            return http.client()
                    .send(
                            request.header("Accept", MEDIA_TYPE).build(),
                            HttpResponse.BodyHandlers.ofString(UTF_8));
        } catch (IOException e) {
            throw http.away(what, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw http.away(what, e);
        }
    }

    /** Empty if there is none. */
    private static JsonNode json(HttpResponse<String> answer) {
        try {
            return JSON.readTree(answer.body());
        } catch (IOException e) {
            return JSON.createObjectNode();
        }
    }

    private void requireGood(
            String what, HttpResponse<String> answer, JsonNode body, String field) {
        if (answer.statusCode() != 200 || !body.has(field)) {
            throw http.refused(what, answer.statusCode(), body.path("message").asText());
        }
    }
}
