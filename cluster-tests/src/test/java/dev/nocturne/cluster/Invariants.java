package dev.nocturne.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nocturne.cluster.JobEvidence.Expected;
import dev.nocturne.events.RequestStatus;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What must hold of every job when it is over, whatever went wrong while it ran: the promise of
 * {@code docs/reliability.md}. Each rule is a method; a violation is a sentence that names the rule
 * and the request or object at fault.
 */
final class Invariants {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String MANIFEST = "manifest.json";
    private static final List<String> ENDS = List.of("completed", "failed", "cancelled", "expired");

    private final JobEvidence evidence;
    private final JsonNode manifest;
    private final List<String> violations = new ArrayList<>();

    private Invariants(JobEvidence evidence) {
        this.evidence = evidence;
        byte[] bytes = evidence.objects().get(MANIFEST);
        if (bytes == null) {
            violated("manifest", "there is none");
        }
        manifest = bytes == null ? JSON.createObjectNode() : json(bytes);
    }

    /**
     * @return the violations; empty if all is well
     */
    static List<String> violations(JobEvidence evidence) {
        Invariants invariants = new Invariants(evidence);
        invariants.everyRequestEndsOnce();
        invariants.countsAddUp();
        invariants.objectsAreThoseOfTheManifest();
        invariants.digestsAreRight();
        invariants.everyCandidateCountsOnce();
        invariants.theLogAgreesWithTheFiles();
        invariants.theLinesInKafkaAreThoseOfTheFiles();
        invariants.deadLettersAreExpected();
        evidence.unhealthy().forEach(service -> invariants.violated("health", service));
        return List.copyOf(invariants.violations);
    }

    private void violated(String rule, String what) {
        violations.add(rule + ": " + what);
    }

    /** Every custom id has exactly one line, in the file where it belongs. */
    private void everyRequestEndsOnce() {
        Map<String, List<Boolean>> ends = new TreeMap<>();
        for (JsonNode line : lines("output.jsonl")) {
            ends.computeIfAbsent(customId(line), id -> new ArrayList<>()).add(true);
        }
        for (JsonNode line : lines("errors.jsonl")) {
            ends.computeIfAbsent(customId(line), id -> new ArrayList<>()).add(false);
        }
        evidence.expected()
                .forEach(
                        (id, expected) -> {
                            List<Boolean> found = ends.getOrDefault(id, List.of());
                            if (found.isEmpty()) {
                                violated("lost", "request " + id + " is in no file");
                            } else if (found.size() > 1) {
                                violated(
                                        "doubled",
                                        "request %s has %d lines".formatted(id, found.size()));
                            } else if (found.get(0) != expected.completes()) {
                                violated(
                                        "end",
                                        "request %s %s"
                                                .formatted(
                                                        id, found.get(0) ? "completed" : "failed"));
                            }
                        });
        Set<String> foreign = new TreeSet<>(ends.keySet());
        foreign.removeAll(evidence.expected().keySet());
        foreign.forEach(id -> violated("foreign", "request " + id + " is none of the job's"));
    }

    /** At every look; and an end that was told once stays told. */
    private void countsAddUp() {
        int total = evidence.expected().size();
        Map<String, Integer> told = new HashMap<>();
        for (int look = 0; look < evidence.looks().size(); look++) {
            JsonNode counts = evidence.looks().get(look).path("counts");
            int ended = 0;
            for (String end : ENDS) {
                int count = counts.path(end).asInt();
                ended += count;
                if (count < told.getOrDefault(end, 0)) {
                    violated(
                            "counts",
                            "look %d: %s fell from %d to %d"
                                    .formatted(look, end, told.get(end), count));
                }
                told.put(end, count);
            }
            if (ended + counts.path("in_progress").asInt() != counts.path("total").asInt()) {
                violated("counts", "look %d does not add up: %s".formatted(look, counts));
            }
            if (ended > total) {
                violated(
                        "counts",
                        "look %d has more ends than requests: %s".formatted(look, counts));
            }
        }
        JsonNode last = evidence.looks().get(evidence.looks().size() - 1).path("counts");
        long completing = evidence.expected().values().stream().filter(Expected::completes).count();
        if (last.path("total").asInt() != total
                || last.path("completed").asInt() != completing
                || last.path("in_progress").asInt() != 0) {
            violated("counts", "at the end of %d requests: %s".formatted(total, last));
        }
    }

    private void objectsAreThoseOfTheManifest() {
        Set<String> named = new HashSet<>();
        for (JsonNode file : manifest.path("files")) {
            if (!named.add(file.path("name").asText())) {
                violated("manifest", file.path("name").asText() + " is named twice");
            }
        }
        Set<String> unnamed = new TreeSet<>(evidence.objects().keySet());
        unnamed.remove(MANIFEST);
        unnamed.removeAll(named);
        unnamed.forEach(name -> violated("manifest", name + " is in the bucket and not named"));
        Set<String> missing = new TreeSet<>(named);
        missing.removeAll(evidence.objects().keySet());
        missing.forEach(name -> violated("manifest", name + " is named and not in the bucket"));
    }

    private void digestsAreRight() {
        for (JsonNode file : manifest.path("files")) {
            byte[] object = evidence.objects().get(file.path("name").asText());
            if (object == null) {
                continue; // told above
            }
            if (object.length != file.path("bytes").asLong()
                    || !sha256(object).equals(file.path("sha256").asText())) {
                violated("digest", file.path("name").asText() + " is not what the manifest says");
            }
        }
    }

    /** Of each completed request: its candidates, its seeds and its pictures, each once. */
    private void everyCandidateCountsOnce() {
        Map<String, List<JsonNode>> candidates = new HashMap<>();
        for (JsonNode line : lines("candidates.jsonl")) {
            candidates.computeIfAbsent(customId(line), id -> new ArrayList<>()).add(line);
        }
        for (JsonNode line : lines("output.jsonl")) {
            String id = customId(line);
            Expected expected = evidence.expected().get(id);
            if (expected == null) {
                continue; // told above
            }
            List<JsonNode> drawn = candidates.getOrDefault(id, List.of());
            if (distinct(drawn, "candidate") != expected.candidates()
                    || distinct(drawn, "seed") != expected.candidates()
                    || drawn.size() != expected.candidates()) {
                violated(
                        "candidates",
                        "request %s has %d candidates, %d of them different"
                                .formatted(id, drawn.size(), distinct(drawn, "candidate")));
            }
            String folder = "images/" + line.path("id").asText().replace("batch_req_", "") + "/";
            long pictures =
                    evidence.objects().tailMap(folder).keySet().stream()
                            .takeWhile(name -> name.startsWith(folder))
                            .filter(name -> !name.endsWith(".json"))
                            .count();
            if (pictures != expected.top()
                    || line.at("/response/body/data").size() != expected.top()) {
                violated("pictures", "request %s has %d pictures".formatted(id, pictures));
            }
        }
    }

    private static long distinct(List<JsonNode> lines, String field) {
        return lines.stream().map(line -> line.path(field).asText()).distinct().count();
    }

    /** The first result of a request is its end; the files say the same. */
    private void theLogAgreesWithTheFiles() {
        Map<String, Boolean> first = new TreeMap<>();
        evidence.results()
                .forEach(
                        result ->
                                first.putIfAbsent(
                                        result.getRequest().getCustomId(),
                                        result.getStatus() == RequestStatus.COMPLETED));
        evidence.expected()
                .forEach(
                        (id, expected) -> {
                            if (!first.containsKey(id)) {
                                violated("log", "request " + id + " has no result");
                            } else if (first.get(id) != expected.completes()) {
                                violated(
                                        "log",
                                        "request %s: completed is %s".formatted(id, first.get(id)));
                            }
                        });
    }

    /** All but the addresses of the pictures, as the files know by which the API was called. */
    private void theLinesInKafkaAreThoseOfTheFiles() {
        Set<JsonNode> told = new HashSet<>();
        evidence.resultLines().forEach(line -> told.add(withoutAddresses(line)));
        requireTold(told, "output.jsonl", true);
        requireTold(told, "errors.jsonl", false);
    }

    private void requireTold(Set<JsonNode> told, String file, boolean completes) {
        for (JsonNode line : lines(file)) {
            Expected expected = evidence.expected().get(customId(line));
            if (expected == null || expected.completes() != completes) {
                continue; // told above
            }
            if (!told.contains(withoutAddresses(line).put("job_id", evidence.jobId()))) {
                violated("results.json", "request " + customId(line) + " is not there so");
            }
        }
    }

    private static ObjectNode withoutAddresses(JsonNode line) {
        ObjectNode copy = line.deepCopy();
        for (JsonNode picture : copy.at("/response/body/data")) {
            ((ObjectNode) picture).remove("url");
        }
        return copy;
    }

    private void deadLettersAreExpected() {
        List<String> unexpected = new ArrayList<>(evidence.deadLetters());
        for (String reason : evidence.expectedDeadLetters()) {
            if (!unexpected.remove(reason)) {
                violated("dead letters", "none of " + reason);
            }
        }
        unexpected.forEach(reason -> violated("dead letters", "one of " + reason));
    }

    private List<JsonNode> lines(String name) {
        byte[] file = evidence.objects().getOrDefault(name, new byte[0]);
        return new String(file, UTF_8).lines().map(line -> json(line.getBytes(UTF_8))).toList();
    }

    private static String customId(JsonNode line) {
        return line.path("custom_id").asText();
    }

    private static JsonNode json(byte[] text) {
        try {
            return JSON.readTree(text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e); // every Java has it
        }
    }
}
