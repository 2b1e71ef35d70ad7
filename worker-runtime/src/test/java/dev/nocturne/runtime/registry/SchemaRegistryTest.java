package dev.nocturne.runtime.registry;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.nocturne.runtime.FatalException;
import dev.nocturne.runtime.PermanentException;
import dev.nocturne.runtime.TransientException;
import dev.nocturne.schemas.ReasonCodes;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import org.apache.avro.Schema;
import org.apache.avro.SchemaBuilder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What both registries are asked, and what follows from their answers; they are played by hand. */
class SchemaRegistryTest {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Schema SCHEMA =
            SchemaBuilder.record("Wish").fields().requiredString("caption").endRecord();

    /** An API, and how it says things. */
    enum Api {
        CONFLUENT("") {
            @Override
            String schema(String schema) {
                return json("schema", schema);
            }

            @Override
            String unknown() {
                return "{\"error_code\":40403,\"message\":\"Schema 7 not found\"}";
            }

            @Override
            String registered(int id) {
                return "{\"id\":%d}".formatted(id);
            }
        },
        /** Reached by the address that Confluent's clients have, or its own. */
        APICURIO("/apis/ccompat/v7") {
            @Override
            String schema(String schema) {
                return schema;
            }

            @Override
            String unknown() {
                return "{\"status\":404,\"title\":\"No content with id/hash 'contentId-7' was found.\",\"name\":\"ContentNotFoundException\"}";
            }

            @Override
            String registered(int id) {
                return "{\"artifact\":{\"artifactId\":\"x\"},\"version\":{\"contentId\":%d,\"globalId\":99}}"
                        .formatted(id);
            }
        };

        final String path;

        Api(String path) {
            this.path = path;
        }

        abstract String schema(String schema);

        abstract String unknown();

        abstract String registered(int id);

        private static String json(String field, String value) {
            return JSON.createObjectNode().put(field, value).toString();
        }
    }

    private HttpServer server;
    private final List<String> requests = new ArrayList<>(); // guarded by this
    private final List<String> bodies = new ArrayList<>(); // likewise
    private String authorization; // likewise
    private volatile int status = 200;
    private volatile String answer = "";
    private volatile String mediaType = "application/json";

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::answer);
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private synchronized void answer(HttpExchange exchange) throws IOException {
        requests.add(exchange.getRequestMethod() + " " + exchange.getRequestURI());
        bodies.add(new String(exchange.getRequestBody().readAllBytes(), UTF_8));
        authorization = exchange.getRequestHeaders().getFirst("Authorization");
        byte[] bytes = answer.getBytes(UTF_8);
        exchange.getResponseHeaders().add("Content-Type", mediaType);
        exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    private SchemaRegistry registry(Api api) {
        return registry("", api.path);
    }

    private SchemaRegistry registry(String user, String path) {
        return SchemaRegistry.at(
                URI.create(
                        "http://%s127.0.0.1:%d%s"
                                .formatted(user, server.getAddress().getPort(), path)));
    }

    private synchronized String request() {
        return requests.get(requests.size() - 1);
    }

    private synchronized JsonNode body() throws IOException {
        return JSON.readTree(bodies.get(bodies.size() - 1));
    }

    @ParameterizedTest
    @EnumSource
    void aSchemaIsFoundByItsId(Api api) {
        answer = api.schema(SCHEMA.toString());
        assertThat(registry(api).schema(7)).isEqualTo(SCHEMA);
        assertThat(request())
                .isEqualTo(
                        api == Api.CONFLUENT
                                ? "GET /schemas/ids/7"
                                : "GET /apis/registry/v3/ids/contentIds/7");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/apis/registry/v3",
                "/apis/registry/v3/",
                "/apis/registry/v2",
                "/behind/a/proxy/apis/ccompat/v8"
            })
    void apicurioIsReachedByAnyOfItsAddresses(String path) {
        answer = SCHEMA.toString();
        assertThat(registry("", path).schema(7)).isEqualTo(SCHEMA);
        assertThat(request()).endsWith("/apis/registry/v3/ids/contentIds/7");
    }

    @ParameterizedTest
    @EnumSource
    void aSchemaIsRegisteredUnderItsSubject(Api api) throws IOException {
        answer = api.registered(12);
        assertThat(registry(api).register("results.avro-value", SCHEMA)).isEqualTo(12);
        if (api == Api.CONFLUENT) {
            assertThat(request()).isEqualTo("POST /subjects/results.avro-value/versions");
            assertThat(body().path("schema").asText()).isEqualTo(SCHEMA.toString());
        } else {
            assertThat(request())
                    .isEqualTo(
                            "POST /apis/registry/v3/groups/default/artifacts?ifExists=FIND_OR_CREATE_VERSION");
            ObjectNode artifact = (ObjectNode) body();
            assertThat(artifact.path("artifactId").asText()).isEqualTo("results.avro-value");
            assertThat(artifact.path("artifactType").asText()).isEqualTo("AVRO");
            assertThat(artifact.at("/firstVersion/content/content").asText())
                    .isEqualTo(SCHEMA.toString());
        }
    }

    @ParameterizedTest
    @EnumSource
    void aUserInTheAddressIsTheRegistrysAndIsToldNobody(Api api) {
        status = 500;
        assertThatExceptionOfType(TransientException.class)
                .isThrownBy(() -> registry("me:secret@", api.path).schema(7))
                .withMessageNotContaining("secret");
        assertThat(authorization).isEqualTo("Basic bWU6c2VjcmV0");
    }

    @ParameterizedTest
    @EnumSource
    void anUnknownSchemaIsTheRecordsFault(Api api) {
        status = 404;
        answer = api.unknown();
        assertFault(api, "has no schema 7");
    }

    @ParameterizedTest
    @EnumSource
    void whatIsNoWholeAvroSchemaIsTheRecordsFault(Api api) {
        answer = api.schema("{\"type\":\"object\"}");
        assertFault(api, "schema 7 of the registry");
        answer =
                api.schema(
                        "{\"type\":\"record\",\"name\":\"A\",\"fields\":[{\"name\":\"b\",\"type\":\"B\"}]}");
        assertFault(api, "is no whole Avro schema");
    }

    @Test
    void aSchemaOfAnotherKindIsNamed() {
        answer = "{\"schemaType\":\"PROTOBUF\",\"schema\":\"syntax\"}";
        assertFault(Api.CONFLUENT, "it is PROTOBUF");
    }

    private void assertFault(Api api, String words) {
        assertThatExceptionOfType(PermanentException.class)
                .isThrownBy(() -> registry(api).schema(7))
                .withMessageContaining(words)
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n"))
                .extracting(PermanentException::reasonCode)
                .isEqualTo(ReasonCodes.MALFORMED_EVENT);
    }

    /** Or a wrong address would turn every caption into a dead letter. */
    @ParameterizedTest
    @EnumSource
    void anAddressWithoutARegistryIsNotTheRecordsFault(Api api) {
        status = 404;
        mediaType = "text/html";
        answer = "<html>nothing here</html>";
        assertAway(api, "no registry's API is there, look at NOCTURNE_SCHEMA_REGISTRY_URL");
        status = 200;
        assertAway(api, api == Api.CONFLUENT ? "200" : "no registry's API is there");
    }

    @ParameterizedTest
    @EnumSource
    void aRegistryThatRefusesOrFailsIsWaitedFor(Api api) {
        for (int refusal : new int[] {401, 403, 500, 503}) {
            status = refusal;
            answer = "";
            assertAway(api, Integer.toString(refusal));
        }
        int port = server.getAddress().getPort();
        server.stop(0);
        assertAway(api, "schema 7 cannot be asked for at http://127.0.0.1:" + port);
    }

    private void assertAway(Api api, String words) {
        SchemaRegistry registry = registry(api);
        assertThatExceptionOfType(TransientException.class)
                .isThrownBy(() -> registry.schema(7))
                .withMessageContaining(words)
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n", "null"));
        assertThatExceptionOfType(TransientException.class)
                .isThrownBy(() -> registry.register("results.avro-value", SCHEMA))
                .withMessageContaining("results.avro-value");
    }

    @Test
    void settingsThatCannotBeMeantAreToldAtTheStart() {
        assertThat(RegistrySettings.parse(null, null)).isEqualTo(RegistrySettings.NONE);
        assertThat(RegistrySettings.parse(" ", "false")).isEqualTo(RegistrySettings.NONE);
        assertThat(RegistrySettings.parse("https://me:secret@r:81/apis/registry/v3", "true"))
                .hasToString("https://r:81/apis/registry/v3, also for results");
        for (String bad : List.of("registry:8081", "ftp://r", "http://", "http://r?x=1", "a b")) {
            assertThatExceptionOfType(FatalException.class)
                    .isThrownBy(() -> RegistrySettings.parse(bad, null))
                    .withMessageContaining("NOCTURNE_SCHEMA_REGISTRY_URL");
        }
        assertThatExceptionOfType(FatalException.class)
                .isThrownBy(() -> RegistrySettings.parse(null, "true"))
                .withMessageContaining("without NOCTURNE_SCHEMA_REGISTRY_URL");
        assertThatExceptionOfType(FatalException.class)
                .isThrownBy(() -> RegistrySettings.parse("http://r", "yes"))
                .withMessageContaining("must be true or false");
    }
}
