package dev.nocturne.ingest.rest;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nocturne.ingest.IngestException;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.junit.jupiter.api.Test;

class ErrorResponsesTest {

    private static final IOException FULL = new IOException("No space left on device");

    private final ErrorResponses responses = new ErrorResponses();

    private static JsonNode error(Response response) {
        return new ObjectMapper().valueToTree(response.getEntity()).get("error");
    }

    @Test
    void aFullDiskIsToldInTheFormOfTheApi() {
        for (Response response :
                new Response[] {
                    responses.toResponse(FULL), responses.toResponse(new UncheckedIOException(FULL))
                }) {
            assertThat(response.getStatus()).isEqualTo(507);
            assertThat(response.getHeaderString("Retry-After")).isEqualTo("60");
            assertThat(error(response).get("type").textValue()).isEqualTo("server_error");
            assertThat(error(response).get("code").textValue()).isEqualTo("disk_full");
            assertThat(error(response).get("message").textValue()).contains("disk", "again");
        }
    }

    @Test
    void aBodyThatBreaksOffIsToldToo() {
        Response response = responses.toResponse(new IOException("Connection reset"));

        assertThat(response.getStatus()).isEqualTo(500);
        assertThat(error(response).get("code").textValue()).isEqualTo("internal");
    }

    @Test
    void tooMuchAtOnceSaysWhenToTryAgain() {
        Response response = responses.toResponse(IngestException.tooMany("5 wait, at most 4 may"));

        assertThat(response.getStatus()).isEqualTo(429);
        assertThat(response.getHeaderString("Retry-After")).isEqualTo("30");
        assertThat(error(response).get("type").textValue()).isEqualTo("rate_limit_error");
        assertThat(error(response).get("message").textValue()).isEqualTo("5 wait, at most 4 may");
    }
}
