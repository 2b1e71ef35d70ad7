package dev.nocturne.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nocturne.cluster.JobEvidence.Expected;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.ObjectStore;
import dev.nocturne.schemas.Topic;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import javax.net.ServerSocketFactory;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.MemberDescription;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/**
 * The whole pipeline as processes, with somebody who starts again what has ended, as compose's
 * {@code restart: unless-stopped} does, and a proxy before the object store. Runs jobs, does
 * something to the pipeline meanwhile, and holds {@link Invariants} against what is left.
 */
final class Night implements AutoCloseable {
    static final String INGEST = "ingest-service";
    static final String ENCODER = "encoder-worker";
    static final String GENERATOR = "generator-worker";
    static final String DECODER = "decoder-worker";
    static final String RERANK = "rerank-service";
    static final List<String> SERVICES = List.of(INGEST, ENCODER, GENERATOR, DECODER, RERANK);

    static final int CAPTIONS = 24;
    static final int CANDIDATES = 16;
    static final int TOP = 2;

    private static final int DECODE_BATCH = 4;
    private static final int STAND_IN_BATCH = 32;
    private static final Duration END = Duration.ofMinutes(4);
    private static final Duration HEALTHY = Duration.ofMinutes(2);
    private static final Duration REQUEST = Duration.ofSeconds(10);
    private static final Duration LOOK = Duration.ofMillis(100);
    private static final Duration RARE_LOOK = Duration.ofSeconds(1);
    private static final long RESTART_MILLIS = 200;
    private static final ObjectMapper JSON = new ObjectMapper();

    /** From the death of a member to the first commit of what it held. */
    static final Duration HELD_AT_MOST = Duration.ofSeconds(20);

    /** The consumer groups of each service; ingest's work is in none. */
    private static final Map<String, List<String>> GROUPS =
            Map.of(
                    INGEST, List.of(),
                    ENCODER, List.of("encoder"),
                    GENERATOR, List.of("generator"),
                    DECODER, List.of("scorer", "publisher"),
                    RERANK, List.of("rerank"));

    /** Something that goes wrong while a job runs. */
    interface Fault {
        void happen(JobRun job) throws Exception;
    }

    private final HttpClient http = HttpClient.newHttpClient();
    private final Cluster cluster;
    private final FaultReport report;
    private final CountDownLatch closed = new CountDownLatch(1);

    /** What is to stay down for now. */
    private final Set<String> down = ConcurrentHashMap.newKeySet();

    /** Who may be sick. */
    private final Set<String> excused = ConcurrentHashMap.newKeySet();

    /** How to start each instance. */
    private final Map<String, Instance> instances = new ConcurrentHashMap<>();

    /** The tokens of every candidate, by custom id and number, as the first job had them. */
    private final Map<String, String> drawnFirst = new HashMap<>();

    /** How often the supervisor had to start one again. */
    private final AtomicInteger restarts = new AtomicInteger();

    private FaultyProxy store; // set while the cluster is made

    private record Instance(String service, Map<String, String> environment, String[] jvmOptions) {}

    Night(Path folder, FaultReport report) throws IOException {
        this(folder, report, 1, Set.of(), Optional.empty(), null, Map.of());
    }

    /**
     * Brokers and store are {@link External}.
     *
     * @param environment of every service, over what all have
     */
    static Night onExternal(
            Path folder, FaultReport report, int brokers, Map<String, String> environment)
            throws IOException, GeneralSecurityException {
        External external = new External(folder.resolve("external"));
        return new Night(
                folder, report, brokers, Set.of(), Optional.of(external), null, environment);
    }

    /**
     * @param proxied the services that see the brokers through {@link Cluster#brokerProxy}
     */
    static Night onThreeBrokers(Path folder, FaultReport report, Set<String> proxied)
            throws IOException {
        return new Night(folder, report, 3, proxied, Optional.empty(), null, Map.of());
    }

    /**
     * With {@link StandInGenerator}, in larger decode batches: for many captions.
     *
     * @param environment of every service, over what all have
     */
    static Night withStandIn(Path folder, Map<String, String> environment) throws IOException {
        Map<String, String> all = new HashMap<>(environment);
        all.put("NOCTURNE_GENERATOR_BATCH", Integer.toString(STAND_IN_BATCH));
        return new Night(
                folder,
                new FaultReport(),
                1,
                Set.of(),
                Optional.empty(),
                StandInGenerator.class,
                all);
    }

    /**
     * @param generator null: the packaged one
     */
    private Night(
            Path folder,
            FaultReport report,
            int brokers,
            Set<String> proxied,
            Optional<External> external,
            Class<?> generator,
            Map<String, String> environment)
            throws IOException {
        this.report = report;
        Path model = TinyModel.write(folder.resolve("model")).directory();
        Map<String, String> all = new HashMap<>();
        all.put("NOCTURNE_GENERATOR_BATCH", Integer.toString(DECODE_BATCH));
        // several processes share this machine's cores; threads would only wait
        all.put("OMP_NUM_THREADS", "1");
        all.putAll(environment);
        cluster =
                new Cluster(
                        folder,
                        model,
                        all,
                        address -> proxied(address, external),
                        brokers,
                        external);
        if (generator != null) {
            cluster.replace(GENERATOR, generator);
        }
        for (String service : cluster.compose().ownServices()) {
            Map<String, String> own =
                    proxied.contains(service)
                            ? Map.of("NOCTURNE_KAFKA_BOOTSTRAP_SERVERS", cluster.proxiedBrokers())
                            : Map.of();
            start(service, service, own);
        }
        Thread supervisor = new Thread(this::supervise, "supervisor");
        supervisor.setDaemon(true);
        supervisor.start();
        awaitHealthy();
    }

    private String proxied(String address, Optional<External> external) {
        URI endpoint = URI.create(address);
        ServerSocketFactory sockets =
                external.map(External::storeSockets).orElse(ServerSocketFactory.getDefault());
        try {
            store = new FaultyProxy(endpoint.getHost(), endpoint.getPort(), sockets);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return (external.isEmpty() ? "http" : "https") + "://localhost:" + store.port();
    }

    Cluster cluster() {
        return cluster;
    }

    KafkaSettings kafka() {
        return cluster.kafka();
    }

    /** Between the services and the object store. */
    FaultyProxy store() {
        return store;
    }

    /** At the store itself, whatever happens between it and the services. */
    ObjectStore objects() {
        return ObjectStore.open(cluster.directObjectStore());
    }

    // ---- processes

    void start(String instance, String service, Map<String, String> environment, String... jvm)
            throws IOException {
        down.remove(instance);
        instances.put(instance, new Instance(service, environment, jvm));
        cluster.start(instance, service, environment, jvm);
    }

    /** SIGKILL; the supervisor starts it again. */
    void kill(String instance) throws InterruptedException {
        cluster.service(instance).kill();
    }

    /**
     * As {@link #survives}: the services die as {@code death} says, and what they held is committed
     * by others or their successors within {@link #HELD_AT_MOST}.
     */
    void survivesDeath(String title, List<String> services, Fault death) throws Exception {
        List<HeldWork> held = new ArrayList<>();
        List<String> groups =
                services.stream().flatMap(service -> GROUPS.get(service).stream()).toList();
        survives(
                title,
                List.of(),
                job -> {
                    death.happen(job);
                    held.add(new HeldWork(this, groups));
                });
        try (HeldWork work = held.get(0)) {
            report.held(title, work);
            assertThat(work.stillHeld()).as("partitions of the dead").isEmpty();
            assertThat(work.longest()).as(title).isLessThanOrEqualTo(HELD_AT_MOST);
        }
    }

    /** SIGTERM; the supervisor starts it again. */
    void terminate(String instance) throws IOException, InterruptedException {
        down.add(instance);
        try {
            cluster.service(instance).terminate();
        } finally {
            down.remove(instance);
        }
    }

    /** SIGTERM, and nobody starts it again. */
    void stop(String instance) throws IOException, InterruptedException {
        down.add(instance);
        cluster.service(instance).terminate();
        cluster.forget(instance);
        instances.remove(instance);
    }

    /** SIGKILL, and nobody starts it again. */
    void remove(String instance) throws InterruptedException {
        putDown(instance);
        cluster.forget(instance);
        instances.remove(instance);
    }

    /** SIGKILL, and down until {@link #start}. */
    void putDown(String instance) throws InterruptedException {
        down.add(instance);
        cluster.service(instance).kill();
    }

    private void supervise() {
        try {
            while (!closed.await(RESTART_MILLIS, TimeUnit.MILLISECONDS)) {
                for (String instance : cluster.instances()) {
                    Instance how = instances.get(instance);
                    if (how != null
                            && !down.contains(instance)
                            && !cluster.service(instance).isAlive()) {
                        restarts.incrementAndGet();
                        cluster.start(instance, how.service, how.environment, how.jvmOptions);
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    int restarts() {
        return restarts.get();
    }

    void awaitHealthy() {
        await("all services are ready")
                .atMost(HEALTHY)
                .pollInterval(Duration.ofMillis(500))
                .until(() -> unhealthy().isEmpty());
    }

    /** What each service says that is not ready. */
    List<String> unhealthy() {
        List<String> said = new ArrayList<>();
        List<String> instances = new ArrayList<>(cluster.instances());
        instances.removeAll(excused);
        for (String instance : instances) {
            try {
                HttpResponse<String> ready =
                        http.send(
                                HttpRequest.newBuilder(
                                                URI.create(
                                                        cluster.url(instance) + "/q/health/ready"))
                                        .timeout(REQUEST)
                                        .build(),
                                BodyHandlers.ofString());
                if (ready.statusCode() != 200) {
                    said.add(instance + ": " + ready.body().replaceAll("\\s+", " "));
                }
            } catch (IOException e) {
                said.add(instance + ": " + e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                said.add(instance + ": interrupted");
            }
        }
        return said;
    }

    /** Waits until the group of the worker has so many members. */
    void awaitMembers(String service, int members) throws Exception {
        String group = GROUPS.get(service).get(0);
        try (Admin admin = admin()) {
            await("group %s has %d members".formatted(group, members))
                    .atMost(HEALTHY)
                    .pollInterval(Duration.ofMillis(200))
                    .until(
                            () ->
                                    admin.describeConsumerGroups(List.of(group))
                                                    .describedGroups()
                                                    .get(group)
                                                    .get()
                                                    .members()
                                                    .size()
                                            == members);
        }
    }

    /** The ids of the members of every group. */
    Map<String, Set<String>> members() throws Exception {
        List<String> groups = GROUPS.values().stream().flatMap(List::stream).toList();
        Map<String, Set<String>> members = new TreeMap<>();
        try (Admin admin = admin()) {
            admin.describeConsumerGroups(groups)
                    .all()
                    .get()
                    .forEach(
                            (group, described) ->
                                    members.put(
                                            group,
                                            described.members().stream()
                                                    .map(MemberDescription::consumerId)
                                                    .collect(Collectors.toSet())));
        }
        return members;
    }

    // ---- jobs

    /** A job of {@link #CAPTIONS} captions; the same captions and seeds every time. */
    JobRun submit() throws IOException, InterruptedException {
        return submit("", CAPTIONS);
    }

    /**
     * @param query of the request, {@code ?webdataset=true} for instance
     */
    JobRun submit(String query, int captions) throws IOException, InterruptedException {
        return submit(query, lines(captions), expected(captions));
    }

    private static String lines(int captions) {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < captions; i++) {
            ObjectNode line =
                    JSON.createObjectNode()
                            .put("custom_id", "caption-" + i)
                            .put("prompt", "a red heart and " + i + " stars")
                            .put("candidates", CANDIDATES)
                            .put("top", TOP)
                            .put("seed", 1_000 + i);
            lines.append(line).append('\n');
        }
        return lines.toString();
    }

    private static Map<String, Expected> expected(int captions) {
        Map<String, Expected> expected = new TreeMap<>();
        for (int i = 0; i < captions; i++) {
            expected.put("caption-" + i, new Expected(true, CANDIDATES, TOP));
        }
        return expected;
    }

    /**
     * As the others, while ingest-service dies now and then: asks again until it answers, with one
     * idempotency key; and looks rarely, as it runs long.
     */
    JobRun submitPatiently(String idempotencyKey, int captions) {
        String file = patiently("a file is uploaded", () -> upload(lines(captions)));
        String body =
                """
                {"input_file_id":"%s","endpoint":"/v1/images/generations","completion_window":"24h"}"""
                        .formatted(file);
        HttpRequest.Builder request =
                HttpRequest.newBuilder()
                        .header("Content-Type", "application/json")
                        .header("Idempotency-Key", idempotencyKey)
                        .timeout(REQUEST)
                        .POST(BodyPublishers.ofString(body));
        String id =
                patiently(
                        "a job is made of it",
                        () -> id(request.copy().uri(URI.create(api("batches"))).build()));
        return new JobRun(this, id, expected(captions), RARE_LOOK);
    }

    private static String patiently(String what, Callable<String> request) {
        AtomicReference<String> answer = new AtomicReference<>();
        await(what)
                .atMost(HEALTHY)
                .pollInterval(Duration.ofMillis(500))
                .ignoreExceptionsInstanceOf(IOException.class)
                .untilAsserted(() -> answer.set(request.call()));
        return answer.get();
    }

    /** Of what the answer describes, which must be a good one. */
    private String id(HttpRequest request) throws IOException, InterruptedException {
        HttpResponse<String> answer = http.send(request, BodyHandlers.ofString());
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        return JSON.readTree(answer.body()).get("id").asText();
    }

    JobRun submit(String query, String jsonl, Map<String, Expected> expected)
            throws IOException, InterruptedException {
        HttpResponse<String> answer =
                http.send(
                        HttpRequest.newBuilder(URI.create(api("jobs" + query)))
                                .timeout(Duration.ofMinutes(1))
                                .POST(BodyPublishers.ofString(jsonl, UTF_8))
                                .build(),
                        BodyHandlers.ofString());
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(202);
        return new JobRun(this, JSON.readTree(answer.body()).get("id").asText(), expected, LOOK);
    }

    /**
     * @return how long the service took to say that it lives
     */
    Duration live(String instance) throws IOException, InterruptedException {
        long start = System.nanoTime();
        HttpResponse<Void> answer =
                http.send(
                        HttpRequest.newBuilder(URI.create(cluster.url(instance) + "/q/health/live"))
                                .timeout(REQUEST)
                                .build(),
                        BodyHandlers.discarding());
        assertThat(answer.statusCode()).as("live of " + instance).isEqualTo(200);
        return Duration.ofNanos(System.nanoTime() - start);
    }

    /**
     * @return the file's id
     */
    String upload(String jsonl) throws IOException, InterruptedException {
        String form =
                """
                --b\r
                Content-Disposition: form-data; name="purpose"\r
                \r
                batch\r
                --b\r
                Content-Disposition: form-data; name="file"; filename="captions.jsonl"\r
                \r
                %s\r
                --b--\r
                """
                        .formatted(jsonl);
        return id(
                HttpRequest.newBuilder(URI.create(api("files")))
                        .header("Content-Type", "multipart/form-data; boundary=b")
                        .POST(BodyPublishers.ofString(form, UTF_8))
                        .build());
    }

    void cancel(String job) throws IOException, InterruptedException {
        HttpResponse<String> answer =
                http.send(
                        HttpRequest.newBuilder(URI.create(api("batches/" + job + "/cancel")))
                                .POST(BodyPublishers.noBody())
                                .build(),
                        BodyHandlers.ofString());
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    }

    String api(String path) {
        return cluster.url(INGEST) + "/v1/" + path;
    }

    /**
     * @return null if nobody answers, or not with 200
     */
    JsonNode get(String path) {
        try {
            HttpResponse<String> answer =
                    http.send(
                            HttpRequest.newBuilder(URI.create(api(path))).timeout(REQUEST).build(),
                            BodyHandlers.ofString());
            return answer.statusCode() == 200 ? JSON.readTree(answer.body()) : null;
        } catch (IOException e) {
            return null;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return null;
        }
    }

    /** Lets time pass: how long a fault lasts. */
    void passes(Duration time) {
        await().pollDelay(time).atMost(time.plus(HEALTHY)).until(() -> true);
    }

    /** As by a hand that deletes what it should not: all of it is gone at once. */
    void deleteBucket() throws IOException {
        Path bucket = cluster.bucketFolder();
        Files.move(bucket, bucket.resolveSibling("../deleted-bucket").normalize());
    }

    void createBucket() throws IOException {
        Files.createDirectories(cluster.bucketFolder());
    }

    /** The group, which has no member, goes on at the end of the topic. */
    void resetToLatest(String group, Topic<?> topic) throws Exception {
        try (Admin admin = admin()) {
            Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
            ends(admin, topic)
                    .forEach(
                            (partition, end) -> offsets.put(partition, new OffsetAndMetadata(end)));
            await("group %s has no member".formatted(group))
                    .atMost(HEALTHY)
                    .ignoreExceptionsInstanceOf(ExecutionException.class)
                    .until(
                            () -> {
                                admin.alterConsumerGroupOffsets(group, offsets).all().get();
                                return true;
                            });
        }
    }

    /** Deletes all records, as retention does. */
    void truncate(Topic<?> topic) throws Exception {
        try (Admin admin = admin()) {
            Map<TopicPartition, RecordsToDelete> all = new HashMap<>();
            ends(admin, topic)
                    .forEach(
                            (partition, end) ->
                                    all.put(partition, RecordsToDelete.beforeOffset(end)));
            admin.deleteRecords(all).all().get();
        }
    }

    private static Map<TopicPartition, Long> ends(Admin admin, Topic<?> topic) throws Exception {
        Map<TopicPartition, OffsetSpec> latest = new HashMap<>();
        admin.describeTopics(List.of(topic.name()))
                .allTopicNames()
                .get()
                .get(topic.name())
                .partitions()
                .forEach(
                        partition ->
                                latest.put(
                                        new TopicPartition(topic.name(), partition.partition()),
                                        OffsetSpec.latest()));
        Map<TopicPartition, Long> ends = new HashMap<>();
        admin.listOffsets(latest)
                .all()
                .get()
                .forEach((partition, end) -> ends.put(partition, end.offset()));
        return ends;
    }

    /** Of a scenario that does not end as {@link #survives} asks, and has been checked apart. */
    void report(String title, JobRun job) throws IOException {
        report.row(title, List.of(), job.longestWait(), job.longestWait());
    }

    Admin admin() {
        return Admin.create(kafka().admin());
    }

    /**
     * Runs a job, lets the fault happen when a few of its requests are finished, waits for the
     * job's end without a hand, and checks every invariant.
     *
     * @param title a row of the report
     */
    void survives(String title, Fault fault) throws Exception {
        survives(title, List.of(), fault);
    }

    /**
     * @param sick an instance that may stay sick
     */
    void survives(String title, Fault fault, String sick) throws Exception {
        excused.add(sick);
        try {
            survives(title, List.of(), fault);
        } finally {
            excused.remove(sick);
        }
    }

    /**
     * @param deadLetters the reason codes that the fault causes
     */
    void survives(String title, List<String> deadLetters, Fault fault) throws Exception {
        survives(title, deadLetters, fault, violation -> false);
    }

    /**
     * @param known a violation that the documentation names
     */
    void survives(String title, List<String> deadLetters, Fault fault, Predicate<String> known)
            throws Exception {
        awaitHealthy(); // whatever was before
        int lettersBefore = DeadLetterTopic.reasons(kafka()).size();
        try (JobRun job = submit()) {
            job.awaitEnded(3);
            long start = System.nanoTime();
            fault.happen(job);
            Duration recovered = job.awaitProgress(start);
            job.awaitEnd(END);
            awaitHealthy();
            List<String> letters = DeadLetterTopic.reasons(kafka());
            JobEvidence evidence =
                    job.evidence(letters.subList(lettersBefore, letters.size()), deadLetters);
            List<String> violations = new ArrayList<>(Invariants.violations(evidence));
            violations.addAll(drawnOtherwise(job));
            violations.removeIf(known);
            report.row(title, violations, recovered, job.longestWait());
            assertThat(violations).as(title).isEmpty();
        }
    }

    /** The same captions with the same seeds: the same tokens, whatever happened. */
    private List<String> drawnOtherwise(JobRun job) {
        List<String> violations = new ArrayList<>();
        job.tokens()
                .forEach(
                        (candidate, tokens) -> {
                            String before = drawnFirst.putIfAbsent(candidate, tokens);
                            if (before != null && !before.equals(tokens)) {
                                violations.add(
                                        "tokens: %s is drawn otherwise".formatted(candidate));
                            }
                        });
        return violations;
    }

    @Override
    public void close() {
        closed.countDown();
        cluster.close();
        store.close();
    }
}
