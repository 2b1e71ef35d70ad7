package dev.nocturne.ingest.caption;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Base64;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class Base64FileTest {

    private static final byte[] FILE = new byte[1_000];

    static {
        new Random(1).nextBytes(FILE);
    }

    private static final String PLAIN = Base64.getEncoder().encodeToString(FILE);

    @Test
    void base64IsReadAsLibrariesWriteIt() {
        String wrapped = Base64.getMimeEncoder().encodeToString(FILE);
        assertThat(wrapped).contains("\r\n");
        for (String text :
                new String[] {
                    PLAIN,
                    wrapped,
                    wrapped.replace("\r\n", "\n") + "\n",
                    Base64.getUrlEncoder().encodeToString(FILE),
                    Base64.getEncoder().withoutPadding().encodeToString(FILE),
                    "  " + PLAIN
                }) {
            assertThat(Base64File.decode(text)).isEqualTo(FILE);
        }
    }

    @Test
    void dataUrlsAreReadAsBrowsersWriteThem() {
        String escaped = PLAIN.replace("+", "%2B").replace("/", "%2f").replace("=", "%3D");
        for (String text :
                new String[] {
                    "data:image/png;base64," + PLAIN,
                    "data:;base64," + PLAIN,
                    "DATA:image/jpeg;name=a.jpg;BASE64," + PLAIN,
                    "data:image/png;base64," + escaped,
                    "data:image/png;charset=utf-8; base64, " + PLAIN,
                    "data:image/webp;base64,\n" + Base64.getMimeEncoder().encodeToString(FILE)
                }) {
            assertThat(Base64File.decode(text)).isEqualTo(FILE);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "%%",
                "https://example.com/a.png",
                "data:image/svg+xml,%3Csvg%2F%3E",
                "iVBOR===",
                "iVBOR\u00a0w=="
            })
    void anythingElseIsRefused(String text) {
        assertThatThrownBy(() -> Base64File.decode(text))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
