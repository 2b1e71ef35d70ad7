package dev.nocturne.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class DeadLettersCommandTest extends OnRestAnswers {

    private static String letter(String id, String replayedAt) {
        return """
                {"id":"%s","at":"2026-01-01T20:00:00Z","stage":"generator",
                 "reason_code":"model_error","reason":"%s","topic":"generation-tasks",
                 "partition":1,"offset":2,"key":"k","job_id":null,"request_id":null,
                 "bytes":3,"replayed_at":%s}"""
                .formatted(id, "why ".repeat(40), replayedAt);
    }

    private static String page(boolean hasMore, String... letters) {
        return "{\"data\":[%s],\"has_more\":%s}".formatted(String.join(",", letters), hasMore);
    }

    @Test
    void deadLettersAreListedInEightyColumns() {
        on("GET /v1/dead-letters?limit=2", page(true, letter("0-9", "null")));
        on(
                "GET /v1/dead-letters?limit=1&after=0-9",
                page(true, letter("0-7", "\"2026-01-02T08:00:00Z\"")));
        assertThat(run("dead-letters", "list", "--limit", "2")).isZero();
        assertThat(lines()).hasSize(5).allMatch(line -> line.length() <= 80);
        assertThat(lines().get(1)).startsWith("0-9 ").contains("generator").endsWith(" -");
        assertThat(lines().get(3)).startsWith("0-7 ").endsWith("2 Jan 26");
    }

    @Test
    void noDeadLettersIsSaid() {
        on("GET /v1/dead-letters?limit=20", page(false));
        assertThat(run("dead-letters", "list")).isZero();
        assertThat(lines()).containsExactly("There are no dead letters.");
    }

    @Test
    void aDeadLetterIsShownWhole() {
        String opened =
                letter("0-9", "null")
                        .replaceFirst(
                                "\\{",
                                "{\"headers\":{\"trace\":\"abc\"},\"payload\":{\"caption\":\"a pear\"},");
        on("GET /v1/dead-letters/0-9", opened);
        assertThat(run("dead-letters", "show", "0-9")).isZero();
        assertThat(out.toString())
                .contains("reason_code  model_error", "  trace: abc", "\"caption\" : \"a pear\"");
    }

    @Test
    void allThatWereNotReplayedAreReplayedTheOldestFirst() {
        on(
                "GET /v1/dead-letters?limit=100",
                page(
                        false,
                        letter("0-9", "null"),
                        letter("0-7", "\"2026-01-02T08:00:00Z\""),
                        letter("0-5", "null"),
                        letter("0-3", "null")));
        on("POST /v1/dead-letters/0-9/replay", letter("0-9", "\"2026-01-02T08:00:00Z\""));
        on("POST /v1/dead-letters/0-5/replay", refusal(409, "job 'j' has counted it"));
        on("POST /v1/dead-letters/0-3/replay", refusal(409, "job 'j' has counted it"));

        assertThat(run("dead-letters", "replay", "--all")).isEqualTo(1);

        assertThat(lines()).containsExactly("0-9 replayed to generation-tasks");
        assertThat(err.toString().lines())
                .containsExactly("2 not replayed: job 'j' has counted it");
        assertThat(requests)
                .endsWith(
                        "POST /v1/dead-letters/0-3/replay",
                        "POST /v1/dead-letters/0-5/replay",
                        "POST /v1/dead-letters/0-9/replay");
    }

    @Test
    void replayNeedsIdsOrAll() {
        assertThat(run("dead-letters", "replay")).isEqualTo(2);
        assertThat(run("dead-letters", "replay", "0-1", "--all")).isEqualTo(2);
        assertThat(requests).isEmpty();
    }

    /** Keys and headers of records are anybody's; U+009B begins an escape sequence, too. */
}
