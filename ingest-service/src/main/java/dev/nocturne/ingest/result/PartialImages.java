package dev.nocturne.ingest.result;

import dev.nocturne.events.PartialImageRendered;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.PreviewReader;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.Topics;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * Hands partial images on to whoever waits for a picture, and keeps the latest of each request that
 * is being drawn, as far as there is room. Thread-safe.
 */
public final class PartialImages implements AutoCloseable {

    private static final long MOST_BYTES = 16L << 20;

    private final PreviewReader<PartialImageRendered> reader;
    private final Predicate<PartialImage> isFinished;
    private final Consumer<PartialImage> news;
    private final Map<String, Consumer<PartialImage>> followers = new ConcurrentHashMap<>();

    /** By the request's key; the one that has not changed for longest first. Guarded by itself. */
    private final Map<String, PartialImage> latest = new LinkedHashMap<>();

    private long bytes; // of those; guarded by it

    /**
     * @param isFinished whether the request of an image is: then it comes too late
     * @param news is told of every image that does not
     */
    public PartialImages(
            KafkaSettings kafka,
            MeterRegistry meters,
            Predicate<PartialImage> isFinished,
            Consumer<PartialImage> news) {
        this.isFinished = isFinished;
        this.news = news;
        reader =
                new PreviewReader<>(
                        kafka,
                        Topics.PARTIAL_IMAGES,
                        null,
                        meters,
                        events -> events.forEach(event -> take(PartialImage.of(event))));
    }

    public void start() {
        reader.start();
    }

    /**
     * Gives the images of a job of one request to its follower, each once and in their order.
     *
     * @param follower must not wait
     */
    public void follow(String jobId, Consumer<PartialImage> follower) {
        followers.put(jobId, new InOrder(follower));
    }

    public void unfollow(String jobId) {
        followers.remove(jobId);
    }

    /** A request that dies with its worker is drawn again, and so are its first images. */
    private static final class InOrder implements Consumer<PartialImage> {

        private final Consumer<PartialImage> follower;
        private int next; // the reader's thread's own

        InOrder(Consumer<PartialImage> follower) {
            this.follower = follower;
        }

        @Override
        public void accept(PartialImage image) {
            if (image.index() >= next) {
                next = image.index() + 1;
                follower.accept(image);
            }
        }
    }

    void take(PartialImage image) {
        if (isFinished.test(image)) {
            return;
        }
        String key = Ids.key(image.jobId(), image.requestId());
        synchronized (latest) {
            PartialImage known = latest.get(key);
            if (known == null || known.index() <= image.index()) {
                forget(key);
                latest.put(key, image);
                bytes += image.file().length;
                makeRoom();
            }
        }
        Consumer<PartialImage> follower = followers.get(image.jobId());
        if (follower != null) {
            follower.accept(image);
        }
        news.accept(image);
    }

    private void forget(String key) {
        PartialImage gone = latest.remove(key);
        if (gone != null) {
            bytes -= gone.file().length;
        }
    }

    private void makeRoom() {
        Iterator<PartialImage> oldest = latest.values().iterator();
        while (bytes > MOST_BYTES && oldest.hasNext()) {
            bytes -= oldest.next().file().length;
            oldest.remove();
        }
    }

    /** Empty once the request is finished. */
    public Optional<PartialImage> latest(String jobId, String requestId) {
        synchronized (latest) {
            return Optional.ofNullable(latest.get(Ids.key(jobId, requestId)));
        }
    }

    /** The request is finished; cheap. */
    public void finished(String jobId, String requestId) {
        synchronized (latest) {
            if (!latest.isEmpty()) {
                forget(Ids.key(jobId, requestId));
            }
        }
    }

    @Override
    public void close() {
        reader.close();
    }
}
