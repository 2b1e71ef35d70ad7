package dev.nocturne.standalone.paint;

import dev.nocturne.decoder.PreviewRenderer;
import dev.nocturne.decoder.PublishStage;
import dev.nocturne.decoder.ScoreStage;
import dev.nocturne.encoder.EncoderStage;
import dev.nocturne.encoder.ImagePrompt;
import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.PartialImageRendered;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestRef;
import dev.nocturne.generator.CountingDrawer;
import dev.nocturne.generator.GeneratorStage;
import dev.nocturne.generator.GridDrawer;
import dev.nocturne.runtime.ResultFile;
import dev.nocturne.runtime.StageException;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Limits;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

/** Paints captions with the stages of the pipeline, without the pipeline. Belongs to one thread. */
public final class Painter implements AutoCloseable {
    /** Painted requests are of no job; the name stands in for one where identity asks for it. */
    static final String JOB = "paint";

    /**
     * @param files the pictures, best first, as listed in the result
     */
    public record Painting(ResultFile result, List<byte[]> files) {}

    private final PreviewRenderer previews;
    private final StageChain stages;
    private final ObjectsInMemory objects = new ObjectsInMemory();
    private Consumer<BufferedImage> viewer; // as given to the last call of paint
    private IntConsumer drawn; // likewise

    /**
     * @param model directory of a model bundle
     * @param batchSize candidates in a decode batch, 1 to 64
     * @throws StageException if the bundle is missing or broken
     */
    public Painter(Path model, int batchSize) {
        Clock clock = Clock.systemUTC();
        previews = PreviewRenderer.ofAll(model, this::show);
        stages =
                StageChain.open(
                        EncoderStage.of(model, clock),
                        new GeneratorStage(
                                () ->
                                        new CountingDrawer(
                                                GridDrawer.open(model, batchSize),
                                                count -> drawn.accept(count)),
                                batchSize,
                                job -> false,
                                partial -> previews.render(List.of(partial))),
                        ScoreStage.of(model),
                        PublishStage.of(model, () -> objects, clock, Runnable::run));
    }

    /** As {@link #paint(List, Consumer, IntConsumer, Consumer)}, unseen. */
    public void paint(
            List<CaptionSubmitted> captions, IntConsumer drawn, Consumer<Painting> finished) {
        paint(captions, null, drawn, finished);
    }

    /**
     * Paints captions in full decode batches, as the pipeline does.
     *
     * @param viewer shown the first candidate of each caption while it is drawn; null: nobody looks
     * @param drawn told after each decode batch how many candidates it drew
     * @param finished given each caption's painting as soon as all its candidates are in
     * @throws StageException if a caption has too many tokens or asks for what the model can't do
     */
    public void paint(
            List<CaptionSubmitted> captions,
            Consumer<BufferedImage> viewer,
            IntConsumer drawn,
            Consumer<Painting> finished) {
        this.viewer = viewer;
        this.drawn = drawn;
        stages.run(
                viewer == null ? captions : captions.stream().map(Painter::watched).toList(),
                result -> finished.accept(painting(result)));
    }

    private static CaptionSubmitted watched(CaptionSubmitted caption) {
        CaptionSubmitted.Builder watched = CaptionSubmitted.newBuilder(caption);
        watched.getOptionsBuilder().setPartialImages(Limits.MAX_PARTIAL_IMAGES);
        return watched.build();
    }

    private void show(PartialImageRendered image) {
        viewer.accept(ImagePrompt.read(EventCodec.bytes(image.getFile())));
    }

    private Painting painting(RequestFinished result) {
        RequestRef request = result.getRequest();
        byte[] json = objects.take(ResultFile.key(request.getJobId(), request.getRequestId()));
        try {
            return new Painting(
                    ResultFile.parse(json).besidePictures(),
                    result.getImages().stream()
                            .map(image -> objects.take(image.getKey()))
                            .toList());
        } catch (IOException e) {
            throw new UncheckedIOException("the publisher's result.json cannot be read", e);
        }
    }

    @Override
    public void close() {
        stages.close();
        previews.close();
    }
}
