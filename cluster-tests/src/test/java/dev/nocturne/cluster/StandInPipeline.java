package dev.nocturne.cluster;

import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestRef;
import dev.nocturne.events.RequestStatus;
import dev.nocturne.events.StoredImage;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.ObjectStore;
import dev.nocturne.runtime.ResultFile;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.Sha256;
import dev.nocturne.schemas.Topics;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import javax.imageio.ImageIO;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;

/** In place of all that comes behind ingest: every caption is finished as soon as it is there. */
final class StandInPipeline implements AutoCloseable {

    /** Puts what a finished request has into the bucket. */
    private interface Pictures {
        List<StoredImage> of(String jobId, String requestId);
    }

    private final KafkaSettings kafka;
    private final Duration pace;
    private final Pictures pictures;
    private final List<Long> arrivals = new CopyOnWriteArrayList<>();
    private final Thread thread = new Thread(this::run, "stand-in");
    private volatile boolean closed;

    /**
     * @param pace time for one caption
     */
    StandInPipeline(KafkaSettings kafka, Duration pace) {
        this(kafka, pace, (jobId, requestId) -> List.of());
    }

    private StandInPipeline(KafkaSettings kafka, Duration pace, Pictures pictures) {
        this.kafka = kafka;
        this.pace = pace;
        this.pictures = pictures;
        thread.start();
    }

    /** As the other; each request has one picture in the bucket. */
    static StandInPipeline withPictures(KafkaSettings kafka, Duration pace, ObjectStore store)
            throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ImageIO.write(new BufferedImage(64, 64, BufferedImage.TYPE_INT_RGB), "png", out);
        byte[] png = out.toByteArray();
        String sha256 = Sha256.hex(png);
        return new StandInPipeline(
                kafka,
                pace,
                (jobId, requestId) -> {
                    String key = ResultFile.folder(jobId, requestId) + "1.png";
                    store.put(key, png, "image/png");
                    return List.of(
                            new StoredImage(1, key, sha256, (long) png.length, 0, 1L, 0.5f, -7.5));
                });
    }

    private void run() {
        try (KafkaConsumer<byte[], byte[]> consumer =
                        new KafkaConsumer<>(kafka.consumer("stand-in"));
                KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(kafka.producer())) {
            consumer.subscribe(List.of(Topics.CAPTIONS.name()));
            while (!closed) {
                ConsumerRecords<byte[], byte[]> records = consumer.poll(Duration.ofMillis(100));
                arrivals.addAll(Collections.nCopies(records.count(), System.nanoTime()));
                for (ConsumerRecord<byte[], byte[]> record : records) {
                    LockSupport.parkNanos(pace.toNanos());
                    producer.send(
                            new ProducerRecord<>(
                                    Topics.RESULTS.name(),
                                    record.key(),
                                    EventCodec.encode(result(record.value()))));
                }
            }
        }
    }

    private RequestFinished result(byte[] value) {
        CaptionSubmitted caption = EventCodec.decode(CaptionSubmitted.class, value);
        String requestId = Ids.requestId(caption.getJobId(), caption.getCustomId());
        return new RequestFinished(
                new RequestRef(
                        caption.getJobId(), requestId, caption.getCustomId(), caption.getCaption()),
                RequestStatus.COMPLETED,
                pictures.of(caption.getJobId(), requestId),
                null,
                Instant.now());
    }

    /** When each caption came, by {@link System#nanoTime}. */
    List<Long> arrivals() {
        return arrivals;
    }

    @Override
    public void close() throws InterruptedException {
        closed = true;
        thread.join();
    }
}
