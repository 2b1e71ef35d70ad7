package dev.nocturne.ingest.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nocturne.ingest.IngestException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ExpiresAfterTest {

    private static final ObjectMapper JSON = new ObjectMapper();

    @Test
    void readsWhatOpenAisClientsSend() throws Exception {
        assertThat(
                        ExpiresAfter.parse(
                                "expires_after",
                                JSON.readTree("{\"anchor\":\"created_at\",\"seconds\":3600}")))
                .isEqualTo(new ExpiresAfter(3600));
        assertThat(ExpiresAfter.parse("expires_after", "created_at", "2592000"))
                .isEqualTo(new ExpiresAfter(2_592_000));
        assertThat(ExpiresAfter.parse("expires_after", "created_at", "3600.0"))
                .isEqualTo(new ExpiresAfter(3600));
        assertThat(ExpiresAfter.parse("expires_after", JSON.nullNode())).isNull();
        assertThat(ExpiresAfter.parse("expires_after", null, null)).isNull();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "7",
                "{\"anchor\":\"created_at\"}",
                "{\"seconds\":3600}",
                "{\"anchor\":\"last_used_at\",\"seconds\":3600}",
                "{\"anchor\":\"created_at\",\"seconds\":3599}",
                "{\"anchor\":\"created_at\",\"seconds\":2592001}",
                "{\"anchor\":\"created_at\",\"seconds\":3600.5}",
                "{\"anchor\":\"created_at\",\"seconds\":\"3600\"}",
                "{\"anchor\":\"created_at\",\"seconds\":1e30}",
                "{\"anchor\":\"created_at\",\"seconds\":3600,\"days\":1}",
            })
    void whatCannotBeHonouredIsRefused(String body) {
        assertThatExceptionOfType(IngestException.class)
                .isThrownBy(() -> ExpiresAfter.parse("output_expires_after", JSON.readTree(body)))
                .withMessageContaining(
                        "must have the anchor 'created_at' and seconds from 3600 to 2592000")
                .matches(e -> e.problems().get(0).param().equals("output_expires_after"));
    }
}
