package dev.nocturne.ingest.shell;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.nocturne.embedded.EmbeddedBroker;
import dev.nocturne.events.JobClosed;
import dev.nocturne.events.JobEvent;
import dev.nocturne.events.JobSubmitted;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.ingest.IngestLimits;
import dev.nocturne.ingest.MemoryStore;
import dev.nocturne.ingest.job.JobStateTest;
import dev.nocturne.ingest.webhook.WebhookSettings;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.SpoolFolder;
import dev.nocturne.runtime.TopicAdmin;
import dev.nocturne.runtime.registry.RegistrySettings;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Topics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * How long a start takes, and how much memory it needs, by how many jobs are finished. Run by its
 * name alone, see docs/performance.md: {@code -Dtest=HistoryBenchmark -Dtest.captions=100000
 * -Dtest.jobs=1000}. It writes the history as a version without summaries did, lets one process sum
 * it up, and measures starts of others after that.
 */
class HistoryBenchmark {

    private static final Duration PATIENCE = Duration.ofMinutes(30);
    private static final Instant START = Instant.parse("2026-01-01T20:00:00Z");
    private static final int LINES = 10; // of a job
    private static final int STARTS = 5;

    @TempDir Path folder;

    @Test
    void measureStarts() throws Exception {
        int captions = Integer.getInteger("test.captions", 1_000);
        int jobs = Integer.getInteger("test.jobs", 10);
        try (EmbeddedBroker broker = EmbeddedBroker.start(folder.resolve("kafka"), 0)) {
            KafkaSettings kafka = new KafkaSettings(broker.bootstrapServers(), Map.of());
            TopicAdmin.createMissing(kafka);
            write(kafka, captions, jobs);
            System.out.println("history: " + captions + " captions, " + jobs + " jobs");
            System.out.println("first:   " + start(kafka, "state", captions + jobs));
            System.out.println("rebuilt: " + start(kafka, "other", 0));
            for (int i = 0; i < STARTS; i++) {
                System.out.println("start:   " + start(kafka, "state", 0));
            }
        }
    }

    private static void write(KafkaSettings kafka, int captions, int jobs) {
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(kafka.producer())) {
            for (int i = 0; i < captions + jobs; i++) {
                boolean isJob = i >= captions;
                String id = (isJob ? "job-x" : "caption-x") + i;
                int lines = isJob ? LINES : 1;
                if (isJob) {
                    Object created = JobStateTest.created("file-" + i, START.plusSeconds(86_400));
                    send(producer, Topics.JOB_EVENTS, id, new JobEvent(id, START, created));
                }
                send(producer, Topics.JOBS, id, new JobSubmitted(id, lines, START, "a red heart"));
                for (int line = 0; line < lines; line++) {
                    RequestFinished result = JobStateTest.completed(id, "line-" + line, 1);
                    String key = Ids.key(id, result.getRequest().getRequestId());
                    send(producer, Topics.RESULTS, key, result);
                }
                JobClosed closed = new JobClosed(lines, 0, 0, 0, START.plusSeconds(1));
                send(producer, Topics.JOB_EVENTS, id, new JobEvent(id, START, closed));
            }
        }
    }

    private static <T extends SpecificRecord> void send(
            KafkaProducer<byte[], byte[]> producer, Topic<T> topic, String key, T event) {
        producer.send(
                new ProducerRecord<>(topic.name(), key.getBytes(UTF_8), EventCodec.encode(event)));
    }

    /** In a process of its own; returns what that has said. */
    private String start(KafkaSettings kafka, String state, int toSumUp)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-Xmx2g");
        command.add("-cp");
        command.add(System.getProperty("java.class.path"));
        command.add(HistoryBenchmark.class.getName());
        command.add(kafka.bootstrapServers());
        command.add(folder.resolve(state).toString());
        command.add(folder.resolve("spool").toString());
        command.add(Integer.toString(toSumUp));
        Process process =
                new ProcessBuilder(command)
                        .redirectError(folder.resolve("errors").toFile())
                        .start();
        String last = "nothing";
        try (BufferedReader out =
                new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8))) {
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                last = line.startsWith("ready") ? line : last;
            }
        }
        process.waitFor();
        return last;
    }

    /** The process that is measured: the service without its HTTP server. */
    public static void main(String... args) {
        KafkaSettings kafka = new KafkaSettings(args[0], Map.of());
        int toSumUp = Integer.parseInt(args[3]);
        IngestLimits limits =
                IngestLimits.parse(null, "0", null, null, null, List.of())
                        .withState(Path.of(args[1]));
        MemoryStore store = new MemoryStore();
        IngestService ingest =
                new IngestService(
                        kafka,
                        () -> store,
                        WebhookSettings.NONE,
                        RegistrySettings.NONE,
                        limits,
                        SpoolFolder.open(Path.of(args[2])),
                        new SimpleMeterRegistry(),
                        Clock.systemUTC());
        long begin = System.nanoTime();
        ingest.start();
        Awaitility.await()
                .pollInterval(Duration.ofMillis(20))
                .atMost(PATIENCE)
                .until(() -> ingest.health().ready());
        double ready = (System.nanoTime() - begin) / 1e9;
        double up = ManagementFactory.getRuntimeMXBean().getUptime() / 1e3;
        double heap = heapMegabytes();
        if (toSumUp > 0) {
            Awaitility.await()
                    .pollInterval(Duration.ofSeconds(1))
                    .atMost(PATIENCE)
                    .until(() -> summaries(kafka) >= toSumUp);
        }
        double summedUp = (System.nanoTime() - begin) / 1e9;
        System.out.printf(
                "ready after %.2f s (%.2f s of the process), heap %.1f MB; summed up after %.1f s, heap %.1f MB%n",
                ready, up, heap, summedUp, heapMegabytes());
        ingest.close();
        System.exit(0);
    }

    private static long summaries(KafkaSettings kafka) {
        TopicPartition partition = new TopicPartition(Topics.JOB_SUMMARIES.name(), 0);
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(kafka.consumer())) {
            return consumer.endOffsets(List.of(partition)).get(partition);
        }
    }

    private static double heapMegabytes() {
        System.gc();
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed() / 1e6;
    }
}
