package dev.nocturne.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestRef;
import dev.nocturne.events.RequestStatus;
import dev.nocturne.events.StoredImage;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.Topics;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * Stands in for all that comes behind ingest: takes captions in the order in which they come, and
 * gives each its result after the time that its candidates take.
 */
public final class Painter implements AutoCloseable {

    private static final int BATCH = 32;

    private final KafkaSettings kafka;
    private final Duration timePerBatch;

    /** Captions that may still be painted. */
    private final Semaphore permits;

    private final Thread thread = new Thread(this::run, "painter");
    private volatile boolean closed;

    /**
     * @param timePerBatch for 32 candidates
     * @param captions to paint before more are {@link #allow allowed}
     */
    public Painter(KafkaSettings kafka, Duration timePerBatch, int captions) {
        this.kafka = kafka;
        this.timePerBatch = timePerBatch;
        this.permits = new Semaphore(captions);
        thread.start();
    }

    public void allow(int captions) {
        permits.release(captions);
    }

    private void run() {
        Map<String, Object> config = kafka.consumer("");
        config.remove("group.id");
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(config);
                KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(kafka.producer())) {
            consumer.assign(Published.partitions(Topics.CAPTIONS, consumer));
            consumer.seekToBeginning(consumer.assignment());
            Queue<CaptionSubmitted> queue = new ArrayDeque<>();
            while (!closed) {
                consumer.poll(Duration.ofMillis(queue.isEmpty() ? 20 : 0))
                        .forEach(
                                record ->
                                        queue.add(
                                                EventCodec.decode(
                                                        CaptionSubmitted.class, record.value())));
                paint(batch(queue), producer);
            }
        }
    }

    private List<CaptionSubmitted> batch(Queue<CaptionSubmitted> queue) {
        List<CaptionSubmitted> batch = new ArrayList<>();
        int candidates = 0;
        while (!queue.isEmpty() && candidates < BATCH && permits.tryAcquire()) {
            candidates += queue.peek().getOptions().getCandidates();
            batch.add(queue.remove());
        }
        return batch;
    }

    private void paint(List<CaptionSubmitted> batch, KafkaProducer<byte[], byte[]> producer) {
        int candidates =
                batch.stream().mapToInt(caption -> caption.getOptions().getCandidates()).sum();
        LockSupport.parkNanos(
                timePerBatch.multipliedBy((candidates + BATCH - 1) / BATCH).toNanos());
        for (CaptionSubmitted caption : batch) {
            String request = Ids.requestId(caption.getJobId(), caption.getCustomId());
            String key = "jobs/%s/images/%s/1.png".formatted(caption.getJobId(), request);
            RequestFinished result =
                    new RequestFinished(
                            new RequestRef(
                                    caption.getJobId(),
                                    request,
                                    caption.getCustomId(),
                                    caption.getCaption()),
                            RequestStatus.COMPLETED,
                            List.of(new StoredImage(1, key, "00ff", 9L, 3, 1L, 0.5f, -7.5)),
                            null,
                            Instant.now());
            producer.send(
                    new ProducerRecord<>(
                            Topics.RESULTS.name(),
                            Ids.key(caption.getJobId(), request).getBytes(UTF_8),
                            EventCodec.encode(result)));
        }
    }

    @Override
    public void close() {
        closed = true;
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
