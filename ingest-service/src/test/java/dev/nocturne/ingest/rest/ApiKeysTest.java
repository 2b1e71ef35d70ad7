package dev.nocturne.ingest.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nocturne.runtime.FatalException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class ApiKeysTest {

    private static final String OLD = "an-old-key-0123456789";
    private static final String NEW = "a-new-key-0123456789";
    private static final Instant NOW = Instant.parse("2026-11-29T22:00:00Z");

    @Test
    void severalKeysOpenAndNoOther() {
        ApiKeys keys = ApiKeys.of(OLD + ", " + NEW);

        assertThat(List.of(OLD, NEW)).allMatch(keys::has);
        assertThat(List.of("", OLD + ",", OLD.substring(1), OLD + "," + NEW, OLD.toUpperCase()))
                .noneMatch(keys::has);
        assertThat(ApiKeys.of(null).areNone()).isTrue();
        assertThat(ApiKeys.of("  ").areNone()).isTrue();
    }

    @Test
    void aWrongKeyIsNamedByItsPlaceAlone() {
        for (String wrong :
                List.of(
                        "short",
                        "with spaces in it, that is",
                        ",",
                        OLD + ",",
                        "schlüssel-der-nacht-1")) {
            assertThatThrownBy(() -> ApiKeys.of(wrong))
                    .as(wrong)
                    .isInstanceOf(FatalException.class)
                    .hasMessageContaining("NOCTURNE_API_KEY: key ")
                    .hasMessageContaining("openssl rand -hex 24")
                    .hasMessageNotContaining("short")
                    .hasMessageNotContaining("nacht");
        }
    }

    @Test
    void aSessionEndsWithItsDayAndWithItsKey() {
        ApiKeys both = ApiKeys.of(OLD + "," + NEW);
        String session = both.newSession(OLD, NOW).orElseThrow();

        assertThat(both.isSession(session, NOW.plus(Duration.ofHours(23)))).isTrue();
        assertThat(both.isSession(session, NOW.plus(Duration.ofHours(24)))).isFalse();
        assertThat(ApiKeys.of(OLD).isSession(session, NOW)).as("after a restart").isTrue();
        assertThat(ApiKeys.of(NEW).isSession(session, NOW)).as("once its key is gone").isFalse();
        assertThat(session).doesNotContain(OLD);
        assertThat(both.newSession("guessed-0123456789", NOW)).isEmpty();
    }

    @Test
    void aSessionCannotBeMadeLonger() {
        ApiKeys keys = ApiKeys.of(OLD);
        String session = keys.newSession(OLD, NOW).orElseThrow();
        String code = session.substring(session.indexOf('.'));

        for (String forged : List.of("9999999999" + code, code, "1" + session, session + "A", "")) {
            assertThat(keys.isSession(forged, NOW)).as(forged).isFalse();
        }
    }
}
