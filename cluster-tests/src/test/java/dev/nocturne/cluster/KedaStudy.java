package dev.nocturne.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * KEDA's operator scales real workers from zero and back, {@code -Dtest.runs} (3) times: a job of
 * 2,000 candidates with a deadline, a {@link StandInGenerator} that takes four seconds for a decode
 * batch of 32, and {@code deploy/kubernetes/bridge.sh}, which runs a process for each pod. Needs a
 * control plane with KEDA, a node that runs nothing, and {@code overlays/cpu} there. Run by its
 * name alone, see docs/kubernetes.md.
 */
class KedaStudy {
    private static final int RUNS = Integer.getInteger("test.runs", 3);
    private static final int CAPTIONS = 125;
    private static final int CANDIDATES = CAPTIONS * Night.CANDIDATES;
    private static final int DECODE_BATCH_MILLIS = 4_000;
    private static final Duration DEADLINE = Duration.ofMinutes(3);
    private static final Duration GONE_WITHIN = Duration.ofMinutes(2);
    private static final Duration PATIENCE = Duration.ofMinutes(10);

    /** Of the window, before it closes and until it opens again. */
    private static final Duration OPEN = Duration.ofSeconds(120);

    private static final Duration CLOSED = Duration.ofMinutes(4);

    /** KEDA asks every 10 s, and the autoscaler acts on it a little later. */
    private static final Duration NOTICED = Duration.ofSeconds(30);

    private static final List<String> WORKERS =
            List.of(Night.ENCODER, Night.GENERATOR, Night.DECODER);
    private static final Path KUBERNETES = Path.of("../deploy/kubernetes");
    private static final String INGEST = "http://ingest-service.nocturne.svc:8080";
    private static final Pattern WANTED =
            Pattern.compile("(?m)^nocturne_workers_wanted\\{.*?service=\"(.+?)\".*?\\} ([0-9.]+)$");

    private final HttpClient http = HttpClient.newHttpClient();

    @TempDir Path folder;

    /** The numbers of workers at a time: wanted by ingest-service, and by the autoscaler. */
    private record Look(Instant at, Map<String, Integer> wanted, Map<String, Integer> replicas) {

        boolean sameAs(Look other) {
            return wanted.equals(other.wanted) && replicas.equals(other.replicas);
        }
    }

    private interface Scenario {
        void run(Night night) throws Exception;
    }

    @Test
    @Timeout(value = 2, unit = TimeUnit.HOURS)
    void workersComeWithAJobAndGoAfterIt() throws Exception {
        scaled(
                night -> {
                    for (int run = 1; run <= RUNS; run++) {
                        System.out.printf("run %d%n", run);
                        scales(night);
                    }
                });
    }

    @Test
    @Timeout(value = 2, unit = TimeUnit.HOURS)
    void workersGoWhileEveryOpenJobIsOutsideItsWindow() throws Exception {
        scaled(this::restsOutsideTheWindow);
    }

    /** With the rules and a bridge in place, and no worker. */
    private void scaled(Scenario scenario) throws Exception {
        try (Night night = Night.withStandIn(folder, Map.of())) {
            Map<String, String> environment = new HashMap<>();
            for (String worker : WORKERS) {
                night.stop(worker);
                environment.putAll(night.cluster().environment(worker));
            }
            Kubectl.apply(
                    Kubectl.kustomize(KUBERNETES.resolve("overlays/keda"))
                            .replace(INGEST, night.cluster().url(Night.INGEST)));
            Process bridge = bridge(environment);
            try {
                awaitNone(Instant.now());
                scenario.run(night);
            } finally {
                bridge.destroy();
                bridge.waitFor();
                Kubectl.run("", "delete", "scaledobjects", "--all");
            }
        }
    }

    /** A window that closes in mid-job, and opens again four minutes later. */
    private void restsOutsideTheWindow(Night night) throws Exception {
        long drawnBefore = drawn();
        Instant start = Instant.now();
        Instant closes = start.plus(OPEN).truncatedTo(ChronoUnit.MINUTES);
        Instant opens = closes.plus(CLOSED);
        String window = "%s-%s UTC".formatted(clock(opens), clock(closes));
        List<Look> looks = new ArrayList<>();
        try (JobRun job = night.submit("?window=" + URLEncoder.encode(window, UTF_8), CAPTIONS)) {
            watch(night, start, looks, () -> Instant.now().isAfter(closes) && isNone());
            long atRest = drawn() - drawnBefore;
            System.out.printf(
                    "all workers had gone %d s after the window closed; %,d candidates were drawn%n",
                    Duration.between(closes, Instant.now()).toSeconds(), atRest);
            assertThat(job.isOver()).isFalse();
            assertThat(Instant.now()).as("rest before the window opens").isBefore(opens);
            watch(night, start, looks, job::isOver);
            System.out.printf(
                    "over %d s after the window opened; %,d candidates were drawn again%n",
                    Duration.between(opens, Instant.now()).toSeconds(),
                    drawn() - drawnBefore - CANDIDATES);
            assertThat(violations(night, job)).isEmpty();
            assertThat(
                            looks.stream()
                                    .filter(
                                            look ->
                                                    isWithin(
                                                            look.at,
                                                            closes.plus(GONE_WITHIN),
                                                            opens))
                                    .flatMap(look -> WORKERS.stream().map(look.replicas::get)))
                    .as("workers outside the window")
                    .containsOnly(0);
        }
        awaitNone(Instant.now());
    }

    private static String clock(Instant at) {
        return LocalTime.ofInstant(at, ZoneOffset.UTC).truncatedTo(ChronoUnit.MINUTES).toString();
    }

    private static boolean isWithin(Instant at, Instant from, Instant to) {
        return !at.isBefore(from) && at.isBefore(to);
    }

    private void scales(Night night) throws Exception {
        long drawnBefore = drawn();
        int toldBefore = told().size();
        Instant start = Instant.now();
        String query = "?deadline=" + URLEncoder.encode(start.plus(DEADLINE).toString(), UTF_8);
        List<Look> looks = new ArrayList<>();
        try (JobRun job = night.submit(query, CAPTIONS)) {
            watch(night, start, looks, job::isOver);
            Instant over = Instant.now();
            long drawn = drawn() - drawnBefore;
            System.out.printf(
                    "over after %d s; %,d candidates were drawn again%n",
                    Duration.between(start, over).toSeconds(), drawn - CANDIDATES);
            Duration gone = awaitNone(over);
            System.out.printf("all workers had gone %d s later%n", gone.toSeconds());
            assertThat(violations(night, job)).isEmpty();
            assertThat(drawn).as("candidates drawn").isGreaterThanOrEqualTo(CANDIDATES);
            assertThat(drawn() - drawnBefore).as("none drawn while they went").isEqualTo(drawn);
            assertThat(gone).isLessThanOrEqualTo(GONE_WITHIN);
        }
        assertThat(most(looks.stream().map(look -> look.replicas.get(Night.GENERATOR)).toList()))
                .as("generator-workers of the autoscaler")
                .isBetween(heldFor(NOTICED, looks), most(wanted(looks)));
        assertThat(told().stream().skip(toldBefore).filter(line -> line.contains("by itself")))
                .isEmpty();
    }

    /** Looks every second until that is so. */
    private void watch(Night night, Instant start, List<Look> looks, Callable<Boolean> end) {
        await().atMost(PATIENCE)
                .pollInterval(Duration.ofSeconds(1))
                .until(
                        () -> {
                            look(night, start, looks);
                            return end.call();
                        });
    }

    private static List<String> violations(Night night, JobRun job) throws Exception {
        return Invariants.violations(
                job.evidence(DeadLetterTopic.reasons(night.kafka()), List.of()));
    }

    /** Prints it if it is another than before. */
    private void look(Night night, Instant start, List<Look> looks) throws Exception {
        Look look = new Look(Instant.now(), wantedNow(night), Kubectl.replicas());
        if (looks.isEmpty() || !look.sameAs(looks.get(looks.size() - 1))) {
            System.out.printf(
                    Locale.ROOT,
                    "%4d s  wanted %s, replicas %s, generator processes %d%n",
                    Duration.between(start, look.at).toSeconds(),
                    look.wanted,
                    look.replicas,
                    processes().stream().filter(pod -> pod.startsWith(Night.GENERATOR)).count());
        }
        looks.add(look);
    }

    private Map<String, Integer> wantedNow(Night night) throws IOException, InterruptedException {
        String metrics =
                http.send(
                                HttpRequest.newBuilder(
                                                URI.create(
                                                        night.cluster().url(Night.INGEST)
                                                                + "/q/metrics"))
                                        .build(),
                                BodyHandlers.ofString())
                        .body();
        Map<String, Integer> wanted = new TreeMap<>();
        Matcher line = WANTED.matcher(metrics);
        while (line.find()) {
            wanted.put(line.group(1), (int) Double.parseDouble(line.group(2)));
        }
        return wanted;
    }

    private static List<Integer> wanted(List<Look> looks) {
        return looks.stream().map(look -> look.wanted.getOrDefault(Night.GENERATOR, 0)).toList();
    }

    private static int most(Collection<Integer> numbers) {
        return numbers.stream().mapToInt(Integer::intValue).max().orElse(0);
    }

    /** The most generator-workers that were wanted all of so long a time. */
    private static int heldFor(Duration time, List<Look> looks) {
        int most = 0;
        for (Look first : looks) {
            List<Look> after =
                    looks.stream()
                            .filter(
                                    look ->
                                            !look.at.isBefore(first.at)
                                                    && look.at.isBefore(first.at.plus(time)))
                            .toList();
            boolean isWhole = looks.get(looks.size() - 1).at.isAfter(first.at.plus(time));
            int least = wanted(after).stream().mapToInt(Integer::intValue).min().orElse(0);
            most = isWhole ? Math.max(most, least) : most;
        }
        return most;
    }

    /**
     * @return how long after that no worker was wanted by the autoscaler, and none ran
     */
    private Duration awaitNone(Instant since) {
        await("all workers have gone")
                .atMost(PATIENCE)
                .pollInterval(Duration.ofSeconds(1))
                .until(this::isNone);
        return Duration.between(since, Instant.now());
    }

    private boolean isNone() throws Exception {
        Map<String, Integer> replicas = Kubectl.replicas();
        return WORKERS.stream().allMatch(worker -> replicas.get(worker) == 0)
                && processes().isEmpty();
    }

    // ---- the bridge

    private Process bridge(Map<String, String> environment) throws IOException {
        ProcessBuilder builder =
                new ProcessBuilder(
                                KUBERNETES.resolve("bridge.sh").toString(),
                                bridgeFolder().toString())
                        .redirectErrorStream(true)
                        .redirectOutput(folder.resolve("bridge.log").toFile());
        builder.environment().putAll(environment);
        builder.environment()
                .put(
                        "GENERATOR_COMMAND",
                        String.join(
                                " ",
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-Xmx64m",
                                "-XX:+UseSerialGC",
                                "-D" + StandInGenerator.DECODE_BATCH + "=" + DECODE_BATCH_MILLIS,
                                "-D" + StandInGenerator.TELLS + "=true",
                                "-cp",
                                System.getProperty("java.class.path"),
                                StandInGenerator.class.getName()));
        return builder.start();
    }

    private Path bridgeFolder() throws IOException {
        return Files.createDirectories(folder.resolve("bridge"));
    }

    /** What the bridge has told so far. */
    private List<String> told() throws IOException {
        Path file = bridgeFolder().resolve("workers.log");
        return Files.exists(file) ? Files.readAllLines(file) : List.of();
    }

    /** The pods whose processes run. */
    private List<String> processes() throws IOException {
        List<String> running = new ArrayList<>();
        for (String line : told()) {
            String[] words = line.split(" ");
            if (words[1].equals("started")) {
                running.add(words[2]);
            } else if (words[1].equals("ended")) {
                running.remove(line.contains("by itself") ? words[4] : words[2]);
            }
        }
        return running;
    }

    /** Candidates that all generators have drawn so far, whatever became of them. */
    private long drawn() throws IOException {
        long drawn = 0;
        try (var files = Files.newDirectoryStream(bridgeFolder(), Night.GENERATOR + "*.log")) {
            for (Path file : files) {
                drawn +=
                        Files.readAllLines(file).stream()
                                .filter(line -> line.startsWith(StandInGenerator.DRAWN))
                                .mapToLong(
                                        line ->
                                                Long.parseLong(
                                                        line.substring(
                                                                StandInGenerator.DRAWN.length())))
                                .sum();
            }
        }
        return drawn;
    }
}
