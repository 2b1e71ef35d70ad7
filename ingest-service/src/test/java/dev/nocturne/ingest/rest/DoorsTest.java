package dev.nocturne.ingest.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nocturne.runtime.FatalException;
import java.util.List;
import org.junit.jupiter.api.Test;

class DoorsTest {

    @Test
    void whoListensForOthersWithoutAKeyIsWarned() {
        ApiKeys none = ApiKeys.of(null);
        ApiKeys some = ApiKeys.of("a-key-of-24-characters-1");

        assertThat(Doors.exposure("0.0.0.0", none))
                .hasValueSatisfying(
                        warning ->
                                assertThat(warning)
                                        .startsWith("API-01 listens on 0.0.0.0")
                                        .contains("NOCTURNE_API_KEY"));
        assertThat(Doors.exposure("::", none)).isPresent();
        assertThat(Doors.exposure("192.0.2.1", none)).isPresent();
        assertThat(Doors.exposure("127.0.0.1", none)).isEmpty();
        assertThat(Doors.exposure("localhost", none)).isEmpty();
        assertThat(Doors.exposure("0.0.0.0", some)).isEmpty();
    }

    @Test
    void whatIsNamedIsOurs() {
        HostNames names = new HostNames(List.of("Nocturne.example.com", "10.0.0.7:8080"));

        assertThat(names.allow("nocturne.example.com:443")).isTrue();
        assertThat(names.allow("10.0.0.7")).isTrue();
        assertThat(names.allow("example.com")).isFalse();
        assertThat(names.allow("evil-nocturne.example.com")).isFalse();
        assertThat(names.allow("")).isFalse();
    }

    @Test
    void anOriginIsASchemeAHostAndAPort() {
        assertThat(Origins.isOf("http://localhost:8080", "localhost:8080")).isTrue();
        assertThat(Origins.isOf("https://nocturne.example", "nocturne.example")).isTrue();
        assertThat(Origins.isOf("https://nocturne.example", "Nocturne.example:443")).isTrue();
        assertThat(Origins.isOf("http://my_host", "my_host")).isTrue();
        assertThat(Origins.isOf("http://localhost:3000", "localhost:8080")).isFalse();
        assertThat(Origins.isOf("null", "localhost:8080")).isFalse();
        assertThat(Origins.isOf("file://localhost:8080", "localhost:8080")).isFalse();
    }

    @Test
    void aPublicUrlMustBeOne() {
        assertThat(ApiUrl.parse("https://nocturne.example.com/night/").getHost())
                .isEqualTo("nocturne.example.com");
        for (String wrong :
                List.of(
                        "nocturne.example.com",
                        "ftp://a.example",
                        "https://me:pw@a.example",
                        "https://a.example?x",
                        "https:///")) {
            assertThatThrownBy(() -> ApiUrl.parse(wrong))
                    .as(wrong)
                    .isInstanceOf(FatalException.class)
                    .hasMessageContaining("NOCTURNE_API_PUBLIC_URL")
                    .hasMessageNotContaining("pw");
        }
    }
}
