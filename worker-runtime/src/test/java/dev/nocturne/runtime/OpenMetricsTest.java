package dev.nocturne.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OpenMetricsTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "application/openmetrics-text | true",
                "application/openmetrics-text;version=1.0.0 | true",
                "application/openmetrics-text; version=1.0.0,application/openmetrics-text; version=0.0.1 | true",
                "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3 | false",
                "text/plain | false",
                "*/* | false"
            })
    void isAloneWhereAScraperNamesNoOlderFormat(String accept, boolean isAlone) {
        assertThat(OpenMetrics.isAlone(accept)).isEqualTo(isAlone);
    }
}
