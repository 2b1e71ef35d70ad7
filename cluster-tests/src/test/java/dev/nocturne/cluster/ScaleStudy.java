package dev.nocturne.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.nocturne.events.DrawingOptions;
import dev.nocturne.events.GenerationRequested;
import dev.nocturne.events.RequestRef;
import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.TopicAdmin;
import dev.nocturne.runtime.TopicSizes;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.SeedSchemes;
import dev.nocturne.schemas.Topics;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Candidates a second of {@code -Dtest.workers} (1,4,16,64) generator-workers in 64 partitions,
 * each a process with a heap of 64 MB whose {@link StandInGenerator} takes 500 ms for a decode
 * batch of 32, against so many times those of the first number. Captions of 16 candidates wait in
 * all partitions alike; all workers have theirs before the {@code -Dtest.seconds} (60) that count.
 * Run by its name alone, see docs/capacity.md.
 */
class ScaleStudy {
    private static final List<Integer> WORKERS =
            Stream.of(System.getProperty("test.workers", "1,4,16,64").split(","))
                    .map(Integer::valueOf)
                    .toList();
    private static final int SECONDS = Integer.getInteger("test.seconds", 60);
    private static final String GROUP = "generator";
    private static final int PARTITIONS = 64;
    private static final int CANDIDATES = 16;
    private static final int DECODE_BATCH = 32;
    private static final int DECODE_BATCH_MILLIS = 500;

    /** Candidates that a worker draws in the time that counts. */
    private static final int MOST = SECONDS * 1_000 / DECODE_BATCH_MILLIS * DECODE_BATCH;

    private static final Duration SETTLE = Duration.ofSeconds(10);
    private static final Duration PATIENCE = Duration.ofMinutes(10);

    @TempDir Path folder;

    private String model;
    private int published;

    /** Ticks of the machine's processors since its start. */
    private record Processors(long busy, long all) {

        static Processors now() throws IOException {
            long[] ticks =
                    Arrays.stream(
                                    Files.readAllLines(Path.of("/proc/stat"))
                                            .get(0)
                                            .substring("cpu".length())
                                            .strip()
                                            .split(" +"))
                            .limit(8) // what guests take is in the others already
                            .mapToLong(Long::parseLong)
                            .toArray();
            long all = LongStream.of(ticks).sum();
            return new Processors(all - ticks[3] - ticks[4], all);
        }

        double shareSince(Processors before) {
            return (double) (busy - before.busy) / (all - before.all);
        }
    }

    @Test
    @Timeout(value = 2, unit = TimeUnit.HOURS)
    void moreWorkersDrawAsManyTimesMore() throws Exception {
        ModelBundle bundle = TinyModel.write(folder.resolve("model"));
        model = bundle.id();
        Map<String, String> environment =
                Map.of(
                        TopicSizes.PARTITIONS_VARIABLE,
                        Integer.toString(PARTITIONS),
                        "NOCTURNE_GENERATOR_BATCH",
                        Integer.toString(DECODE_BATCH));
        List<Double> shares = new ArrayList<>();
        try (Cluster cluster = new Cluster(folder, bundle.directory(), environment);
                Admin admin = Admin.create(cluster.kafka().admin())) {
            TopicAdmin.createMissing(
                    new KafkaSettings(
                            cluster.kafka().bootstrapServers(),
                            Map.of(),
                            TopicSizes.parse(Integer.toString(PARTITIONS), null, null, null)));
            cluster.replace(Night.GENERATOR, StandInGenerator.class);
            double one = 0;
            for (int workers : WORKERS) {
                for (int i = cluster.instances().size(); i < workers; i++) {
                    cluster.start(
                            "worker-" + i,
                            Night.GENERATOR,
                            Map.of(),
                            "-Xmx64m",
                            "-D%s=%d"
                                    .formatted(StandInGenerator.DECODE_BATCH, DECODE_BATCH_MILLIS));
                }
                awaitShared(admin, workers);
                publish(cluster, 5 * workers * MOST / CANDIDATES);
                passes(SETTLE);
                Processors before = Processors.now();
                Duration workersBefore = processorTime(cluster);
                long from = System.currentTimeMillis();
                passes(Duration.ofSeconds(SECONDS));
                long to = System.currentTimeMillis();
                double busy = Processors.now().shareSince(before);
                Duration own = processorTime(cluster).minus(workersBefore);
                assertThat(waiting(admin))
                        .as("captions that wait for each")
                        .allMatch(left -> left > 0);
                passes(Duration.ofSeconds(2)); // what was begun in that time is committed
                double rate = candidates(cluster, from, to) * 1_000.0 / (to - from);
                if (one == 0) {
                    one = rate / workers;
                }
                double share = rate / workers / one;
                shares.add(share);
                System.out.printf(
                        "%d workers: %.1f candidates a second, %.3f of linear; processors busy %.0f %%, %.2f processor seconds a second in workers, load %s%n",
                        workers,
                        rate,
                        share,
                        100 * busy,
                        own.toMillis() / (double) (to - from),
                        Files.readString(Path.of("/proc/loadavg")).split(" ")[0]);
            }
        }
        for (int i = 0; i < WORKERS.size(); i++) {
            assertThat(shares.get(i))
                    .as("%d workers", WORKERS.get(i))
                    .isGreaterThanOrEqualTo(WORKERS.get(i) > 16 ? 0.8 : 0.95);
        }
    }

    /** All are in the group, and none has a partition more than another. */
    private static void awaitShared(Admin admin, int workers) {
        long least = PARTITIONS / workers;
        long most = (PARTITIONS + workers - 1) / workers;
        await("%d workers share %d partitions".formatted(workers, PARTITIONS))
                .atMost(PATIENCE)
                .pollInterval(Duration.ofSeconds(1))
                .ignoreExceptionsInstanceOf(ExecutionException.class) // no group yet
                .untilAsserted(
                        () ->
                                assertThat(partitions(admin))
                                        .hasSize(workers)
                                        .allMatch(own -> least <= own && own <= most));
    }

    /** How many each member has. */
    private static List<Long> partitions(Admin admin) throws Exception {
        return shares(admin).stream().map(share -> (long) share.size()).toList();
    }

    /** Partitions of each member. */
    private static List<List<TopicPartition>> shares(Admin admin) throws Exception {
        return admin
                .describeConsumerGroups(List.of(GROUP))
                .all()
                .get()
                .get(GROUP)
                .members()
                .stream()
                .map(
                        member ->
                                member.assignment().topicPartitions().stream()
                                        .filter(ScaleStudy::isBulk)
                                        .toList())
                .toList();
    }

    private static boolean isBulk(TopicPartition partition) {
        return partition.topic().equals(Topics.GENERATION_TASKS.name());
    }

    /** Offsets of each member that are to be read. */
    private static List<Long> waiting(Admin admin) throws Exception {
        Map<TopicPartition, OffsetAndMetadata> committed =
                admin.listConsumerGroupOffsets(GROUP).partitionsToOffsetAndMetadata().get();
        List<Long> waiting = new ArrayList<>();
        for (List<TopicPartition> share : shares(admin)) {
            long ends = 0;
            for (TopicPartition partition : share) {
                ends +=
                        admin.listOffsets(Map.of(partition, OffsetSpec.latest()))
                                        .partitionResult(partition)
                                        .get()
                                        .offset()
                                - committed.get(partition).offset();
            }
            waiting.add(ends);
        }
        return waiting;
    }

    /** As an encoder would, but to all partitions alike. */
    private void publish(Cluster cluster, int captions) {
        try (KafkaProducer<byte[], byte[]> producer =
                new KafkaProducer<>(cluster.kafka().producer())) {
            for (int i = 0; i < captions; i++) {
                GenerationRequested task = task("caption-" + published);
                RequestRef request = task.getRequest();
                producer.send(
                        new ProducerRecord<>(
                                Topics.GENERATION_TASKS.name(),
                                published++ % PARTITIONS,
                                Ids.key(request.getJobId(), request.getRequestId()).getBytes(UTF_8),
                                EventCodec.encode(task)));
            }
        }
    }

    private GenerationRequested task(String customId) {
        String requestId = Ids.requestId("study", customId);
        return GenerationRequested.newBuilder()
                .setRequest(new RequestRef("study", requestId, customId, "a red heart"))
                .setTextTokens(List.of(5, 6))
                .setTextEmbedding(ByteBuffer.allocate(8))
                .setPrimedTokens(ByteBuffer.allocate(0))
                .setSeed(Ids.defaultSeed(requestId, SeedSchemes.FIRST_IS_OWN))
                .setRequestedAt(Instant.now())
                .setModel(model)
                .setOptions(
                        DrawingOptions.newBuilder()
                                .setCandidates(CANDIDATES)
                                .setTop(1)
                                .setTemperature(1.0)
                                .setGuidance(1.0)
                                .build())
                .build();
    }

    /** Those whose grids the broker got in that time, and that are committed. */
    private static long candidates(Cluster cluster, long fromMillis, long toMillis) {
        return TopicReader.records(cluster.kafka(), Topics.TOKEN_GRIDS).stream()
                .filter(record -> record.timestamp() >= fromMillis && record.timestamp() < toMillis)
                .mapToLong(
                        record ->
                                EventCodec.decode(Topics.TOKEN_GRIDS.record(), record.value())
                                        .getGrids()
                                        .size())
                .sum();
    }

    private static Duration processorTime(Cluster cluster) {
        return cluster.instances().stream()
                .map(worker -> ProcessHandle.of(cluster.service(worker).pid()).orElseThrow())
                .map(process -> process.info().totalCpuDuration().orElse(Duration.ZERO))
                .reduce(Duration.ZERO, Duration::plus);
    }

    private static void passes(Duration time) {
        await().pollDelay(time).atMost(time.plus(PATIENCE)).until(() -> true);
    }
}
