package dev.nocturne.decoder;

import dev.nocturne.events.GridPartlyDrawn;
import dev.nocturne.events.PartialImageRendered;
import dev.nocturne.runtime.BundleGuard;
import dev.nocturne.runtime.DaemonThreads;
import dev.nocturne.runtime.FatalException;
import dev.nocturne.runtime.Health;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.ObjectStore;
import dev.nocturne.runtime.ObjectStoreSettings;
import dev.nocturne.runtime.PreviewReader;
import dev.nocturne.runtime.PreviewSender;
import dev.nocturne.runtime.Service;
import dev.nocturne.runtime.StageRunner;
import dev.nocturne.schemas.Topics;
import io.micrometer.core.instrument.MeterRegistry;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Scores every candidate, and later renders and stores the winners: two stages. Beside them it
 * renders previews.
 */
public final class DecoderService implements Service {

    /** Enough for a store that is a network away; as many pictures again wait at most. */
    private static final int WRITERS = 4;

    private final ExecutorService writers = writers();
    private final StageRunner<?> scorer;
    private final StageRunner<?> publisher;
    private final PreviewSender<PartialImageRendered> partialImages;
    private final PreviewRenderer previews;
    private final PreviewReader<GridPartlyDrawn> partialGrids;
    private final CompletableFuture<FatalException> failure = new CompletableFuture<>();

    /**
     * @param model directory of a model bundle
     */
    public DecoderService(
            KafkaSettings kafka, ObjectStoreSettings store, Path model, MeterRegistry meters) {
        this(kafka, store, model, ScoreStage.of(model), meters);
    }

    /**
     * @param score in place of what the model has for it
     */
    public DecoderService(
            KafkaSettings kafka,
            ObjectStoreSettings store,
            Path model,
            ScoreStage score,
            MeterRegistry meters) {
        Clock clock = Clock.systemUTC();
        PublishStage publish =
                PublishStage.of(model, () -> ObjectStore.open(store), clock, writers);
        scorer = new StageRunner<>(BundleGuard.of(score, kafka, clock), kafka, meters, clock);
        publisher = new StageRunner<>(BundleGuard.of(publish, kafka, clock), kafka, meters, clock);
        partialImages = new PreviewSender<>(kafka, Topics.PARTIAL_IMAGES);
        previews =
                new PreviewRenderer(
                        () -> BundleGridRenderer.open(model),
                        image -> partialImages.send(image.getRequest(), image),
                        System::nanoTime,
                        ManagementFactory.getThreadMXBean()::getCurrentThreadCpuTime);
        partialGrids =
                new PreviewReader<>(
                        kafka, Topics.PARTIAL_GRIDS, "previewer", meters, previews::render);
        scorer.failure().thenAccept(failure::complete);
        publisher.failure().thenAccept(failure::complete);
    }

    /** While all are busy, the publisher's own thread encodes and stores. */
    private static ExecutorService writers() {
        return new ThreadPoolExecutor(
                WRITERS,
                WRITERS,
                0,
                TimeUnit.SECONDS,
                new ArrayBlockingQueue<>(WRITERS),
                DaemonThreads.named("publisher-files"),
                new ThreadPoolExecutor.CallerRunsPolicy());
    }

    @Override
    public void start() {
        scorer.start();
        publisher.start();
        partialGrids.start();
    }

    @Override
    public Health health() {
        return Health.all(List.of(scorer.health(), publisher.health()));
    }

    @Override
    public CompletionStage<FatalException> failure() {
        return failure;
    }

    @Override
    public void close() {
        scorer.close();
        publisher.close();
        writers.shutdown();
        partialGrids.close();
        previews.close();
        partialImages.close();
    }
}
