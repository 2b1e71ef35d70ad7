package dev.nocturne.ingest.rest;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SelectionTest {

    private static final Instant MODIFIED = Instant.parse("2026-11-29T03:00:00.700Z");
    private static final String DATE = "Sun, 29 Nov 2026 03:00:00 GMT";
    private static final String EARLIER = "Sun, 29 Nov 2026 02:59:59 GMT";
    private static final String TAG = "\"abc\"";
    private static final Selection WHOLE = new Selection(200, 0, 1000);

    private static Selection get(String... headers) {
        return selection(false, 1000, headers);
    }

    private static Selection selection(boolean isHead, long bytes, String... headers) {
        Map<String, String> values = new HashMap<>();
        for (int i = 0; i < headers.length; i += 2) {
            values.put(headers[i], headers[i + 1]);
        }
        return Selection.of(values::get, isHead, bytes, TAG, MODIFIED);
    }

    @ParameterizedTest
    @CsvSource({
        "bytes=0-0, 0, 1",
        "bytes=0-499, 0, 500",
        "bytes=500-, 500, 500",
        "bytes=-1, 999, 1",
        "bytes=-5000, 0, 1000",
        "bytes=990-5000, 990, 10",
        "Bytes = 1-2, 1, 2"
    })
    void aRangeIsAPart(String range, long from, long length) {
        assertThat(get("Range", range)).isEqualTo(new Selection(206, from, length));
    }

    @ParameterizedTest
    @ValueSource(strings = {"bytes=1000-", "bytes=5000-6000", "bytes=-0"})
    void aRangeBeyondTheEndIsRefused(String range) {
        assertThat(get("Range", range).status()).isEqualTo(416);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "bytes=2-1",
                "bytes=-",
                "bytes=a-b",
                "lines=1-2",
                "bytes=0-1,5-6",
                "bytes=99999999999999999999-",
                ""
            })
    void whatIsNoRangeOrSeveralIsTheWhole(String range) {
        assertThat(get("Range", range)).isEqualTo(WHOLE);
    }

    @Test
    void anEmptyObjectHasNoPart() {
        assertThat(selection(false, 0, "Range", "bytes=0-").status()).isEqualTo(416);
        assertThat(selection(false, 0)).isEqualTo(new Selection(200, 0, 0));
    }

    @Test
    void aHeadHasNoRange() {
        assertThat(selection(true, 1000, "Range", "bytes=0-1")).isEqualTo(WHOLE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"abc\"", "W/\"abc\"", "\"x\", \"abc\"", "*"})
    void whoHasItAlreadyIsToldSo(String tags) {
        assertThat(get("If-None-Match", tags).status()).isEqualTo(304);
        assertThat(get("If-None-Match", tags, "Range", "bytes=0-1").status()).isEqualTo(304);
    }

    @Test
    void whoHasAnotherOneGetsIt() {
        assertThat(get("If-None-Match", "\"other\"")).isEqualTo(WHOLE);
        assertThat(get("If-None-Match", "abc")).as("no tag").isEqualTo(WHOLE);
        assertThat(get("If-None-Match", "\"other\"", "If-Modified-Since", DATE))
                .as("the tag counts alone")
                .isEqualTo(WHOLE);
    }

    @Test
    void datesAreComparedBySeconds() {
        assertThat(get("If-Modified-Since", DATE).status()).isEqualTo(304);
        assertThat(get("If-Modified-Since", EARLIER)).isEqualTo(WHOLE);
        assertThat(get("If-Modified-Since", "yesterday")).isEqualTo(WHOLE);
        assertThat(get("If-Unmodified-Since", EARLIER).status()).isEqualTo(412);
        assertThat(get("If-Unmodified-Since", DATE)).isEqualTo(WHOLE);
    }

    @Test
    void whoNamesAnotherOneIsRefused() {
        assertThat(get("If-Match", "\"other\"").status()).isEqualTo(412);
        assertThat(get("If-Match", "W/\"abc\"").status()).as("weak").isEqualTo(412);
        assertThat(get("If-Match", TAG)).isEqualTo(WHOLE);
        assertThat(get("If-Match", "*")).isEqualTo(WHOLE);
        assertThat(get("If-Match", TAG, "If-Unmodified-Since", EARLIER)).isEqualTo(WHOLE);
    }

    /** So a download that goes on never joins two objects. */
    @Test
    void aRangeOfAnotherOneIsTheWhole() {
        assertThat(get("Range", "bytes=500-", "If-Range", TAG).status()).isEqualTo(206);
        assertThat(get("Range", "bytes=500-", "If-Range", DATE).status()).isEqualTo(206);
        for (String other : new String[] {"\"other\"", "W/\"abc\"", EARLIER, "nonsense"}) {
            assertThat(get("Range", "bytes=500-", "If-Range", other)).as(other).isEqualTo(WHOLE);
        }
    }

    @Test
    void anObjectWithoutATagIsNoneOfThoseThatAreNamed() {
        Selection any =
                Selection.of(Map.of("If-None-Match", TAG)::get, false, 1000, null, MODIFIED);
        assertThat(any).isEqualTo(WHOLE);
    }
}
