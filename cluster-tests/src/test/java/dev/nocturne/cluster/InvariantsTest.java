package dev.nocturne.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nocturne.cluster.JobEvidence.Expected;
import dev.nocturne.events.Failure;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestRef;
import dev.nocturne.events.RequestStatus;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** The checker finds what is planted, and nothing in a night that went well. */
class InvariantsTest {
    private static final String JOB = "job-1";
    private static final Map<String, Expected> EXPECTED =
            new TreeMap<>(
                    Map.of(
                            "a", new Expected(true, 2, 1),
                            "b", new Expected(true, 2, 1),
                            "bad", new Expected(false, 0, 0)));

    private final List<JsonNode> looks =
            new ArrayList<>(List.of(look(3, 0, 0), look(3, 1, 0), look(3, 2, 1)));
    private final TreeMap<String, byte[]> objects = new TreeMap<>();
    private final List<RequestFinished> results =
            new ArrayList<>(List.of(result("a", true), result("b", true), result("bad", false)));
    private final List<String> resultLines =
            new ArrayList<>(
                    List.of(
                            inKafka(output("a")),
                            inKafka(output("b")),
                            inKafka("{\"custom_id\":\"bad\"}")));
    private final List<String> deadLetters = new ArrayList<>(List.of("invalid_option"));
    private final List<String> unhealthy = new ArrayList<>();

    InvariantsTest() {
        put("output.jsonl", output("a") + output("b"));
        put("errors.jsonl", "{\"custom_id\":\"bad\"}\n");
        put(
                "candidates.jsonl",
                candidate("a", 0) + candidate("a", 1) + candidate("b", 0) + candidate("b", 1));
        put("images/ida/1.png", "picture of a");
        put("images/ida/result.json", "{}");
        put("images/idb/1.png", "picture of b");
        put("images/idb/result.json", "{}");
        nameAll();
    }

    @Test
    void nothingIsFoundWhereAllIsWell() {
        assertThat(violations()).isEmpty();
    }

    @Test
    void aLostRequest() {
        put("output.jsonl", output("a"));
        nameAll();
        assertThat(violations()).containsExactly("lost: request b is in no file");
    }

    @Test
    void aDoubledRequest() {
        put("output.jsonl", output("a") + output("b") + output("b"));
        nameAll();
        assertThat(violations()).containsExactly("doubled: request b has 2 lines");
    }

    @Test
    void aRequestInBothFiles() {
        put("errors.jsonl", "{\"custom_id\":\"bad\"}\n{\"custom_id\":\"a\"}\n");
        nameAll();
        assertThat(violations()).containsExactly("doubled: request a has 2 lines");
    }

    @Test
    void aWrongEnd() {
        put("output.jsonl", output("a"));
        put("errors.jsonl", "{\"custom_id\":\"bad\"}\n{\"custom_id\":\"b\"}\n");
        nameAll();
        assertThat(violations()).containsExactly("end: request b failed");
    }

    @Test
    void aForeignRequest() {
        put("errors.jsonl", "{\"custom_id\":\"bad\"}\n{\"custom_id\":\"stranger\"}\n");
        nameAll();
        assertThat(violations()).containsExactly("foreign: request stranger is none of the job's");
    }

    @Test
    void countsThatDoNotAddUp() {
        looks.set(1, look(4, 1, 0, 2));
        assertThat(violations())
                .singleElement()
                .asString()
                .startsWith("counts: look 1 does not add up");
    }

    @Test
    void countsThatFall() {
        looks.add(1, look(3, 2, 0));
        assertThat(violations()).containsExactly("counts: look 2: completed fell from 2 to 1");
    }

    @Test
    void countsThatStopBeforeTheEnd() {
        looks.remove(2);
        assertThat(violations())
                .singleElement()
                .asString()
                .startsWith("counts: at the end of 3 requests");
    }

    @Test
    void anObjectThatNoManifestNames() {
        put("images/ida/2.json", "left over");
        assertThat(violations())
                .containsExactly("manifest: images/ida/2.json is in the bucket and not named");
    }

    @Test
    void anObjectThatIsGone() {
        objects.remove("images/ida/result.json");
        assertThat(violations())
                .containsExactly("manifest: images/ida/result.json is named and not in the bucket");
    }

    @Test
    void noManifest() {
        objects.remove("manifest.json");
        assertThat(violations()).contains("manifest: there is none");
    }

    @Test
    void aFileNamedTwice() {
        String manifest = new String(objects.get("manifest.json"), UTF_8);
        String first = manifest.substring(manifest.indexOf('{', 1), manifest.indexOf('}') + 1);
        put("manifest.json", manifest.replace("]}", "," + first + "]}"));
        assertThat(violations()).singleElement().asString().endsWith("is named twice");
    }

    @Test
    void aPictureThatIsNotWhatTheManifestSays() {
        put("images/idb/1.png", "picture of c");
        assertThat(violations())
                .containsExactly("digest: images/idb/1.png is not what the manifest says");
    }

    @Test
    void aCandidateTooFew() {
        put("candidates.jsonl", candidate("a", 0) + candidate("a", 1) + candidate("b", 0));
        nameAll();
        assertThat(violations())
                .containsExactly("candidates: request b has 1 candidates, 1 of them different");
    }

    @Test
    void aCandidateTwice() {
        put(
                "candidates.jsonl",
                candidate("a", 0) + candidate("a", 1) + candidate("b", 1) + candidate("b", 1));
        nameAll();
        assertThat(violations())
                .containsExactly("candidates: request b has 2 candidates, 1 of them different");
    }

    @Test
    void aPictureTooMany() {
        put("images/ida/2.png", "another");
        nameAll();
        assertThat(violations()).containsExactly("pictures: request a has 2 pictures");
    }

    @Test
    void aResultThatIsMissingInTheLog() {
        results.remove(1);
        assertThat(violations()).containsExactly("log: request b has no result");
    }

    @Test
    void aLogThatSaysOtherwise() {
        results.set(1, result("b", false));
        assertThat(violations()).containsExactly("log: request b: completed is false");
    }

    @Test
    void aSecondResultDoesNotCount() {
        results.add(result("b", false));
        assertThat(violations()).isEmpty();
    }

    @Test
    void aResultThatIsMissingInJson() {
        resultLines.remove(2);
        assertThat(violations()).containsExactly("results.json: request bad is not there so");
    }

    @Test
    void aResultThatIsOtherwiseInJson() {
        resultLines.set(0, inKafka(output("a").replace("[{}]", "[{},{}]")));
        assertThat(violations()).containsExactly("results.json: request a is not there so");
    }

    @Test
    void theAddressOfAPictureDoesNotCountInJson() {
        resultLines.set(0, inKafka(output("a").replace("{}", "{\"url\":\"/v1/images/1.png\"}")));
        assertThat(violations()).isEmpty();
    }

    @Test
    void aDeadLetterThatNobodyCaused() {
        deadLetters.add("internal");
        assertThat(violations()).containsExactly("dead letters: one of internal");
    }

    @Test
    void aDeadLetterThatShouldBeThere() {
        deadLetters.clear();
        assertThat(violations()).containsExactly("dead letters: none of invalid_option");
    }

    @Test
    void aServiceThatNeedsAHand() {
        unhealthy.add("decoder-worker: the work thread is stuck");
        assertThat(violations())
                .containsExactly("health: decoder-worker: the work thread is stuck");
    }

    private List<String> violations() {
        return Invariants.violations(
                new JobEvidence(
                        JOB,
                        EXPECTED,
                        looks,
                        objects,
                        results,
                        resultLines.stream().map(InvariantsTest::json).toList(),
                        deadLetters,
                        List.of("invalid_option"),
                        unhealthy));
    }

    private static String inKafka(String line) {
        return line.replaceFirst("\\{", "{\"job_id\":\"%s\",".formatted(JOB));
    }

    private static JsonNode json(String text) {
        try {
            return new ObjectMapper().readTree(text);
        } catch (JsonProcessingException e) {
            throw new AssertionError(e);
        }
    }

    private void put(String name, String content) {
        objects.put(name, content.getBytes(UTF_8));
    }

    /** The manifest of all that is there. */
    private void nameAll() {
        objects.remove("manifest.json");
        List<String> files = new ArrayList<>();
        objects.forEach(
                (name, bytes) ->
                        files.add(
                                "{\"name\":\"%s\",\"bytes\":%d,\"sha256\":\"%s\"}"
                                        .formatted(name, bytes.length, Invariants.sha256(bytes))));
        put("manifest.json", "{\"files\":[" + String.join(",", files) + "]}");
    }

    private static String output(String id) {
        return "{\"id\":\"batch_req_id%s\",\"custom_id\":\"%s\",\"response\":{\"body\":{\"data\":[{}]}}}\n"
                .formatted(id, id);
    }

    private static String candidate(String id, int candidate) {
        return "{\"custom_id\":\"%s\",\"candidate\":%d,\"seed\":%d}\n"
                .formatted(id, candidate, 100 + candidate);
    }

    private static JsonNode look(int total, int completed, int failed) {
        return look(total, completed, failed, total - completed - failed);
    }

    private static JsonNode look(int total, int completed, int failed, int inProgress) {
        ObjectMapper json = new ObjectMapper();
        return json.createObjectNode()
                .set(
                        "counts",
                        json.createObjectNode()
                                .put("total", total)
                                .put("completed", completed)
                                .put("failed", failed)
                                .put("cancelled", 0)
                                .put("expired", 0)
                                .put("in_progress", inProgress));
    }

    private static RequestFinished result(String id, boolean completed) {
        Failure failure =
                completed
                        ? null
                        : Failure.newBuilder()
                                .setCode("invalid_option")
                                .setStage("encoder")
                                .setMessage("bad")
                                .build();
        return new RequestFinished(
                new RequestRef(JOB, "id" + id, id, "a red heart"),
                completed ? RequestStatus.COMPLETED : RequestStatus.FAILED,
                List.of(),
                failure,
                Instant.EPOCH);
    }
}
