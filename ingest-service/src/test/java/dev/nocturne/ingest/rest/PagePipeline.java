package dev.nocturne.ingest.rest;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.nocturne.events.Failure;
import dev.nocturne.events.JobClosed;
import dev.nocturne.events.JobEvent;
import dev.nocturne.events.JobSubmitted;
import dev.nocturne.events.PartialImageRendered;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestRef;
import dev.nocturne.events.RequestStatus;
import dev.nocturne.events.StoredImage;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.ObjectStore;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Topics;
import java.awt.Color;
import java.awt.GradientPaint;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;

/** Stands in for the stages behind ingest: says what became of captions, and paints gradients. */
final class PagePipeline implements AutoCloseable {

    private final ObjectStore store;
    private final KafkaProducer<byte[], byte[]> producer;

    PagePipeline(String bootstrapServers, String endpoint, String accessKey, String secretKey) {
        store = ObjectStore.open(EmbeddedServers.settings(endpoint, accessKey, secretKey));
        producer = new KafkaProducer<>(new KafkaSettings(bootstrapServers, Map.of()).producer());
    }

    /** As a program makes one that publishes its captions to Kafka. */
    void submit(String job, int total, Instant at, String caption) {
        send(Topics.JOBS, job, new JobSubmitted(job, total, at, caption));
    }

    /** As if its files were written, which take longer than they tell. */
    void close(String job, int completed, int failed, Instant at) {
        JobClosed closed = new JobClosed(completed, failed, 0, 0, at);
        send(Topics.JOB_EVENTS, job, new JobEvent(job, at, closed));
    }

    /** Half of the picture is there. */
    void draw(String job, String customId, String caption, long seed) {
        String request = Ids.requestId(job, customId);
        PartialImageRendered partial =
                new PartialImageRendered(
                        new RequestRef(job, request, customId, caption),
                        1,
                        seed,
                        64,
                        64,
                        "png",
                        ByteBuffer.wrap(png(caption.hashCode())));
        send(Topics.PARTIAL_IMAGES, Ids.key(job, request), partial);
    }

    void paint(String job, String customId, String caption, long seed, Instant at) {
        String request = Ids.requestId(job, customId);
        String key = "jobs/%s/images/%s/1.png".formatted(job, request);
        store.put(key, png(caption.hashCode()), "image/png");
        StoredImage image = new StoredImage(1, key, "00ff", 9L, 3, seed, 0.5f, -7.5);
        finish(job, customId, caption, RequestStatus.COMPLETED, List.of(image), null, at);
    }

    void fail(String job, String customId, String caption, Instant at) {
        Failure riddle =
                Failure.newBuilder()
                        .setCode("not_to_be_painted")
                        .setStage("encoder")
                        .setMessage("the caption is a riddle: say what is to be seen")
                        .build();
        finish(job, customId, caption, RequestStatus.FAILED, List.of(), riddle, at);
    }

    private void finish(
            String job,
            String customId,
            String caption,
            RequestStatus status,
            List<StoredImage> images,
            Failure failure,
            Instant at) {
        String request = Ids.requestId(job, customId);
        send(
                Topics.RESULTS,
                Ids.key(job, request),
                new RequestFinished(
                        new RequestRef(job, request, customId, caption),
                        status,
                        images,
                        failure,
                        at));
    }

    private <T extends SpecificRecord> void send(Topic<T> topic, String key, T event) {
        producer.send(
                new ProducerRecord<>(topic.name(), key.getBytes(UTF_8), EventCodec.encode(event)));
    }

    private static byte[] png(int kind) {
        BufferedImage image = new BufferedImage(64, 64, BufferedImage.TYPE_INT_RGB);
        Graphics2D brush = image.createGraphics();
        Color from = Color.getHSBColor((kind & 0xff) / 256f, 0.5f, 0.9f);
        brush.setPaint(new GradientPaint(0, 0, from, 64, 64, Color.DARK_GRAY));
        brush.fillRect(0, 0, 64, 64);
        brush.dispose();
        try (ByteArrayOutputStream out = new ByteArrayOutputStream()) {
            ImageIO.write(image, "png", out);
            return out.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        producer.close();
    }
}
