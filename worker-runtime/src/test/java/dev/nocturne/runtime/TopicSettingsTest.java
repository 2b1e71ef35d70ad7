package dev.nocturne.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.runtime.TopicSettings.Loss;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TopicSettingsTest {

    @ParameterizedTest(name = "{0}: {1} instead of {2}")
    @CsvSource({
        "retention.ms,                  604800000,        -1, true",
        "retention.ms,                   86400000, 604800000, true",
        "retention.ms,                  604800000, 604800000, false",
        "retention.ms,                 2592000000, 604800000, false",
        "retention.ms,                         -1, 604800000, false",
        "retention.ms,                         -1,        -1, false",
        "retention.bytes,              1073741824,        -1, true",
        "cleanup.policy,         'compact,delete',    delete, true",
        "cleanup.policy,                   delete,    delete, false",
        "message.timestamp.type, CreateTime, LogAppendTime, true",
    })
    void whatDeletesOrHidesRecordsLosesThemAndLongerRetentionDoesNot(
            String setting, String has, String must, boolean expected) {
        assertThat(TopicSettings.loses(setting, has, must)).isEqualTo(expected);
    }

    /** After an upgrade all topics have the same one: nobody wants to read it twelve times. */
    @Test
    void whatIsMendedAlikeIsToldInOneLine() {
        assertThat(
                        TopicSettings.mended(
                                List.of(
                                        dated("captions"),
                                        new Loss("results", "retention.ms", "604800000", "-1"),
                                        dated("token-grids"))))
                .containsExactly(
                        "captions, token-grids: message.timestamp.type was CreateTime, which can lose records, and is LogAppendTime now",
                        "results: retention.ms was 604800000, which can lose records, and is -1 now");
    }

    private static Loss dated(String topic) {
        return new Loss(topic, "message.timestamp.type", "CreateTime", "LogAppendTime");
    }
}
