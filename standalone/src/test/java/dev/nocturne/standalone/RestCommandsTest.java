package dev.nocturne.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands that talk to ingest-service, against answers as its API gives them. */
class RestCommandsTest extends OnRestAnswers {
    private static final String RUNNING =
            """
            {"id":"job-1","status":"in_progress",
             "counts":{"total":4,"completed":1,"failed":1,"cancelled":0,"expired":0,"in_progress":2},
             "submitted_at":"2026-01-01T20:00:00Z","finished_at":null,
             "rate_per_second":0.5,"eta_seconds":4.0}""";
    private static final String DONE =
            """
            {"id":"job-1","status":"completed",
             "counts":{"total":4,"completed":4,"failed":0,"cancelled":0,"expired":0,"in_progress":0},
             "submitted_at":"2026-01-01T20:00:00Z","finished_at":"2026-01-01T21:00:00Z",
             "rate_per_second":0.5,"eta_seconds":0.0}""";
    private static final String LAG =
            """
            {"measured_at":"2026-01-01T20:00:00Z","cluster":"c","stages":[
             {"stage":"encoder","group":"encoder","topic":"captions","lag":3,"lag_seconds":1.0,
              "rate_per_second":1.5,"drain_seconds":2.0,"partitions":[]}]}""";

    @Test
    void jobsAreListedInEightyColumns() {
        String long32 = RUNNING.replace("job-1", "batch_01k0abcdefghjkmnpqrstvwxyz");
        on("GET /v1/jobs?limit=3", "[%s,%s,%s]".formatted(long32, DONE, DONE));

        assertThat(run("jobs", "--limit", "2")).isZero();

        assertThat(lines()).hasSize(4).allMatch(line -> line.length() <= 80);
        assertThat(lines().get(1))
                .startsWith("batch_01k0abcdefghjkmnpqrstvwxyz in_progress         2/4      1  0.50")
                .contains("~");
        assertThat(lines().get(2)).startsWith("job-1 ").contains("completed", "4/4", "1 Jan 26");
        assertThat(lines().get(3)).isEqualTo("there are more: --limit 20");
        assertThat(run("jobs", "--limit", "0")).isEqualTo(2);
    }

    @Test
    void jobsAreJsonForPrograms() throws IOException {
        String newer = RUNNING.replace("{\"id\"", "{\"not_known_here\":1,\"id\"");
        on("GET /v1/jobs?limit=21", "[" + newer + "]");
        assertThat(run("jobs", "--json")).isZero();
        assertThat(new ObjectMapper().readTree(out.toString()).get(0).get("not_known_here").asInt())
                .isEqualTo(1);
    }

    @Test
    void statusTellsWhatTheServiceTells() {
        on("GET /v1/jobs/job-1", RUNNING);
        assertThat(run("status", "job-1")).isZero();
        assertThat(lines())
                .containsExactly(
                        "job-1  in_progress  2/4 captions, 1 failed  0.50 captions/s  0:04 left");
    }

    @Test
    void watchSurvivesARestartOfTheServiceAndEndsWithTheJob() {
        on(
                "GET /v1/jobs/job-1",
                new Answer(200, RUNNING),
                refusal(503, "reading the job log"),
                new Answer(200, DONE));

        assertThat(run("watch", "job-1")).isZero();

        assertThat(lines()).hasSize(2);
        assertThat(lines().get(0)).startsWith("job-1  in_progress  2/4 captions");
        assertThat(lines().get(1)).startsWith("job-1  completed  4/4 captions");
    }

    @Test
    void watchPrintsAnObjectALine() throws IOException {
        on("GET /v1/jobs/job-1", RUNNING, DONE.replace("\"failed\":0", "\"failed\":1"));
        on("GET /v1/lag", LAG);

        run("watch", "job-1", "--json");

        assertThat(lines()).hasSize(2);
        for (String line : lines()) {
            JsonNode object = new ObjectMapper().readTree(line);
            assertThat(object.get("id").textValue()).isEqualTo("job-1");
            assertThat(object.at("/stages/0/lag").intValue()).isEqualTo(3);
        }
    }

    @Test
    void lagNamesTheStageWhoseTopicIsGoneAndShowsTheOthers() {
        String gone =
                """
                {"measured_at":"2026-01-01T20:00:00Z","cluster":"c","stages":[
                 {"stage":"json-captions","group":"json-captions","topic":"captions.json","lag":2,
                  "lag_seconds":1.0,"rate_per_second":0,"drain_seconds":null,"partitions":[],
                  "lanes":[{"lane":"bulk","topic":"captions.json","lag":2,"lag_seconds":1.0}],
                  "verdict":"blocked","trouble":"waits behind an open transaction"},
                 {"stage":"generator","group":"generator","topic":"generation-tasks","lag":null,
                  "lag_seconds":null,"rate_per_second":1.5,"drain_seconds":null,"partitions":[],
                  "lanes":[{"lane":"interactive","topic":"i","lag":null,"lag_seconds":null},
                           {"lane":"bulk","topic":"b","lag":4,"lag_seconds":1.0}],
                  "verdict":"unknown","trouble":"topic i is not there"}]}""";
        on("GET /v1/lag", gone);

        assertThat(run("lag")).isZero();

        assertThat(lines()).allMatch(line -> line.length() <= 80);
        assertThat(lines().get(1)).matches("json-captions captions.json +2 +0 .*");
        assertThat(lines().get(2)).matches("generator +generation-tasks +\\? +\\? .*");
        assertThat(lines().subList(3, 5))
                .containsExactly(
                        "json-captions: waits behind an open transaction",
                        "generator: topic i is not there");
    }

    @Test
    void watchFailsIfACaptionFailed() {
        on("GET /v1/jobs/job-1", DONE.replace("\"completed\":4", "\"completed\":3"));
        assertThat(run("watch", "job-1")).isEqualTo(1);
    }

    @Test
    void watchOfAJobThatIsNotThereEndsAtOnce() {
        assertThat(run("watch", "job-1")).isEqualTo(1);
        assertThat(err.toString()).startsWith("no answer to GET /v1/jobs/job-1");
    }

    @Test
    void submitSendsTheFileWithWhatWasSaid(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("captions.csv"), "prompt,note\na pear,b");
        Path picture = Files.write(folder.resolve("apple.png"), new byte[] {1, 2});
        on("POST /v1/jobs", RUNNING.replace("{\"id\"", "{\"unused_columns\":[\"note\"],\"id\""));

        assertThat(run("submit", file.toString())).isZero();
        assertThat(
                        run(
                                "submit",
                                "--candidates",
                                "64",
                                "--top-k=9",
                                "--output-format",
                                "jpeg",
                                "--image-prompt",
                                picture.toString(),
                                "--image-prompt-rows",
                                "3",
                                "--webdataset",
                                "--window",
                                "22:00-06:00 Europe/Berlin",
                                file.toString()))
                .isZero();

        assertThat(lines()).containsExactly("job-1", "job-1");
        assertThat(err.toString().lines()).containsOnly("not used, as they are no options: note");
        assertThat(parts(bodies.get(0)))
                .as("nothing that nobody said: a default of the command line is none of the file's")
                .containsExactly(entry("file; filename=\"captions.csv\"", "prompt,note\na pear,b"));
        assertThat(parts(bodies.get(1)))
                .containsExactly(
                        entry("candidates", "64"),
                        entry("image_prompt_rows", "3"),
                        entry("output_format", "jpeg"),
                        entry("top_k", "9"),
                        entry("webdataset", "true"),
                        entry("window", "22:00-06:00 Europe/Berlin"),
                        entry("file; filename=\"captions.csv\"", "prompt,note\na pear,b"),
                        entry("image_prompt; filename=\"apple.png\"", "\u0001\u0002"));
    }

    @Test
    void submitSaysWhichFileCannotBeRead(@TempDir Path folder) {
        assertThat(run("submit", folder.resolve("none.txt").toString())).isEqualTo(1);
        assertThat(run("submit", folder.toString())).isEqualTo(1);
        assertThat(err.toString().lines())
                .containsExactly(
                        "%s/none.txt cannot be read: name a file".formatted(folder),
                        "%s cannot be read: name a file".formatted(folder));
    }

    /** Of multipart/form-data, by name and what follows it, in their order. */
    private static Map<String, String> parts(String body) {
        Map<String, String> parts = new LinkedHashMap<>();
        String boundary = body.lines().filter(line -> line.startsWith("--")).findFirst().get();
        for (String part : body.split(boundary)) {
            if (part.contains("\r\n\r\n")) {
                String[] halves = part.strip().split("\r\n\r\n", 2);
                String name = halves[0].lines().findFirst().get();
                parts.put(name.replaceFirst(".*; name=\"(.*?)\"", "$1"), halves[1]);
            }
        }
        return parts;
    }

    @Test
    void cancelStopsAndShowsTheJob() {
        on("POST /v1/batches/job-1/cancel", "{}");
        on("GET /v1/jobs/job-1", RUNNING.replace("in_progress\",\n", "cancelling\",\n"));
        assertThat(run("cancel", "job-1")).isZero();
        assertThat(out.toString()).startsWith("job-1  cancelling  2/4");

        on("POST /v1/batches/job-1/cancel", refusal(409, "batch 'job-1' is completed"));
        assertThat(run("cancel", "job-1")).isEqualTo(1);
        assertThat(err.toString().lines()).containsExactly("batch 'job-1' is completed");
    }

    @Test
    void retryFailedPrintsTheNewId() {
        on("POST /v1/batches/job%201/retry-failed", "{\"id\":\"batch_2\"}");
        assertThat(run("retry-failed", "job 1")).isZero();
        assertThat(lines()).containsExactly("batch_2");
    }

    @Test
    void rerankAsksForWhatIsWantedAndPrintsTheNewId() {
        on("POST /v1/jobs/job-1/rerank", RUNNING.replace("job-1", "job-2"));
        assertThat(run("rerank", "job-1", "--top", "8")).isZero();
        assertThat(run("rerank", "job-1", "--rescore")).isZero();
        assertThat(run("rerank", "job-1", "--rescore", "--top", "2")).isZero();
        assertThat(lines()).containsExactly("job-2", "job-2", "job-2");
        assertThat(bodies)
                .extracting(body -> body.replaceAll("\\s", ""))
                .containsExactly(
                        "{\"top\":8}", "{\"rescore\":true}", "{\"rescore\":true,\"top\":2}");
    }

    @Test
    void whatOthersSayDoesNothingToTheTerminal() {
        String evil = "k\\u001b[2J\\u009b31m\\u202e\\u2066\\nreplayed";
        on(
                "GET /v1/dead-letters/0-7",
                """
                {"id":"0-7","stage":"%s","key":"%s","headers":{"%s":"%s"},"payload":{"x":"%s"}}"""
                        .formatted(evil, evil, evil, evil, evil));
        on(
                "GET /v1/dead-letters?limit=20",
                """
                {"data":[{"id":"0-7","at":"2026-01-01T20:00:00Z","stage":"%s","reason":"%s"}]}"""
                        .formatted(evil, evil));
        on("GET /v1/jobs/job-1", refusal(404, evil));

        assertThat(run("dead-letters", "show", "0-7")).isZero();
        assertThat(run("dead-letters", "show", "0-7", "--json")).isZero();
        assertThat(run("dead-letters", "list")).isZero();
        assertThat(run("status", "job-1")).isEqualTo(1);
        assertThat(out.toString()).contains("k\\u001b[2J\\u009b31m\\u202e\\u2066");
        assertThat(out + "" + err).doesNotContain("\u001b", "\u009b", "\u202e", "\u2066");
        assertThat(out.toString().lines()).noneMatch(line -> line.startsWith("replayed"));
    }
}
