package dev.nocturne.decoder;

import dev.nocturne.events.GridPartlyDrawn;
import dev.nocturne.events.PartialImageRendered;
import dev.nocturne.models.picture.PartialGrid;
import dev.nocturne.models.picture.TokenGrid;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.PictureFormat;
import java.awt.image.BufferedImage;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Partial grids to pictures. Never at the cost of finished ones: beyond a small share of the time
 * previews are dropped. Belongs to one thread; its model is loaded with the first preview.
 */
public final class PreviewRenderer implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(PreviewRenderer.class);

    /** Processor time of this thread, of the time that passes. */
    private static final double SHARE = 0.01;

    /** A few previews of a small model at once. */
    private static final Duration MOST_SAVED = Duration.ofMillis(50);

    private final Supplier<GridRenderer> open;
    private final Consumer<PartialImageRendered> images;
    private final LongSupplier cpuNanos;
    private final TimeBudget budget;
    private GridRenderer renderer; // null until the first preview
    private int neutralToken;

    /**
     * @param nanoTime the time that passes
     * @param cpuNanos processor time of the thread that renders, which others cannot take from it
     */
    PreviewRenderer(
            Supplier<GridRenderer> open,
            Consumer<PartialImageRendered> images,
            LongSupplier nanoTime,
            LongSupplier cpuNanos) {
        this.open = open;
        this.images = images;
        this.cpuNanos = cpuNanos;
        budget = new TimeBudget(SHARE, MOST_SAVED, nanoTime);
    }

    /**
     * For a program that does nothing else but draw, and has time for every preview.
     *
     * @param model directory of a model bundle
     */
    public static PreviewRenderer ofAll(Path model, Consumer<PartialImageRendered> images) {
        return new PreviewRenderer(
                () -> BundleGridRenderer.open(model), images, System::nanoTime, () -> 0);
    }

    /** Of what another model draws there is no picture. */
    public void render(List<GridPartlyDrawn> partials) {
        if (renderer == null) {
            renderer = open.get();
            neutralToken = renderer.neutralToken();
        }
        List<GridPartlyDrawn> ours = partials.stream().filter(this::isOurs).toList();
        if (ours.isEmpty() || !budget.hasLeft()) {
            return;
        }
        long start = cpuNanos.getAsLong();
        try {
            send(ours);
        } catch (RuntimeException e) {
            LOG.debug("one of {} previews cannot be rendered", ours.size(), e);
            ours.forEach(this::sendAlone);
        }
        budget.spend(cpuNanos.getAsLong() - start);
    }

    private boolean isOurs(GridPartlyDrawn partial) {
        return partial.getModel().equals(renderer.model())
                && partial.getGridHeight() == renderer.gridSize()
                && partial.getGridWidth() == renderer.gridSize();
    }

    private void send(List<GridPartlyDrawn> partials) {
        List<BufferedImage> pictures =
                renderer.render(partials.stream().map(this::filled).toList());
        List<PartialImageRendered> rendered = new ArrayList<>();
        for (int i = 0; i < pictures.size(); i++) {
            rendered.add(rendered(partials.get(i), pictures.get(i)));
        }
        rendered.forEach(images);
    }

    private void sendAlone(GridPartlyDrawn partial) {
        try {
            send(List.of(partial));
        } catch (RuntimeException e) {
            LOG.warn(
                    "PRV-04 no preview of {}/{}: {}",
                    partial.getRequest().getJobId(),
                    partial.getRequest().getRequestId(),
                    e.getMessage());
        }
    }

    private TokenGrid filled(GridPartlyDrawn partial) {
        return PartialGrid.fromBytes(
                        partial.getGridHeight(),
                        partial.getGridWidth(),
                        EventCodec.bytes(partial.getTokens()))
                .filledWith(neutralToken);
    }

    private static PartialImageRendered rendered(GridPartlyDrawn partial, BufferedImage picture) {
        PictureFormat format = PictureFile.format(partial.getOptions().getOutputFormat());
        byte[] file =
                PictureFile.encode(
                        picture,
                        format,
                        partial.getOptions().getOutputCompression(),
                        PictureFile.text(
                                partial.getRequest().getCaption(),
                                partial.getSeed(),
                                partial.getModel()));
        return new PartialImageRendered(
                partial.getRequest(),
                partial.getIndex(),
                partial.getSeed(),
                picture.getWidth(),
                picture.getHeight(),
                format.toString(),
                ByteBuffer.wrap(file));
    }

    @Override
    public void close() {
        if (renderer != null) {
            renderer.close();
        }
    }
}
