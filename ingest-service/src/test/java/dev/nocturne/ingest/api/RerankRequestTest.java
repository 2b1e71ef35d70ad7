package dev.nocturne.ingest.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nocturne.ingest.IngestException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class RerankRequestTest {

    private static RerankRequest parse(String json) throws JsonProcessingException {
        return RerankRequest.parse(new ObjectMapper().readTree(json));
    }

    @Test
    void newScoresNeedNoNumberOfPictures() throws Exception {
        assertThat(parse("{\"top\":8}")).isEqualTo(new RerankRequest(8, false));
        assertThat(parse("{\"top\":8,\"rescore\":null}")).isEqualTo(new RerankRequest(8, false));
        assertThat(parse("{\"top\":8,\"rescore\":true}").top(3)).isEqualTo(8);
        assertThat(parse("{\"rescore\":true}").top(3)).as("as before").isEqualTo(3);
    }

    static Stream<Arguments> wrong() {
        return Stream.of(
                arguments("[]", null, "not an object"),
                arguments("{}", "top", "top is missing"),
                arguments("{\"rescore\":false}", "top", "top is missing"),
                arguments("{\"top\":0,\"rescore\":true}", "top", "top is 0: must be 1 to 64"),
                arguments("{\"top\":65}", "top", "top is 65: must be 1 to 64"),
                arguments("{\"top\":\"8\"}", "top", "must be 1 to 64"),
                arguments("{\"top\":8,\"rescore\":1}", "rescore", "rescore is 1: must be true"),
                arguments("{\"top\":8,\"seed\":1}", "seed", "known are top, rescore"));
    }

    @ParameterizedTest
    @MethodSource
    void wrong(String json, String param, String message) {
        assertThatExceptionOfType(IngestException.class)
                .isThrownBy(() -> parse(json))
                .withMessageContaining(message)
                .satisfies(e -> assertThat(e.problems().get(0).param()).isEqualTo(param));
    }
}
