package dev.nocturne.decoder;

import dev.nocturne.events.CandidatesRanked;
import dev.nocturne.events.RankedGrid;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestRef;
import dev.nocturne.events.RequestStatus;
import dev.nocturne.events.StoredImage;
import dev.nocturne.models.picture.TokenGrid;
import dev.nocturne.runtime.BundleStage;
import dev.nocturne.runtime.FatalException;
import dev.nocturne.runtime.ObjectSink;
import dev.nocturne.runtime.Outbox;
import dev.nocturne.runtime.PermanentException;
import dev.nocturne.runtime.ResultFile;
import dev.nocturne.runtime.TransientException;
import dev.nocturne.schemas.Limits;
import dev.nocturne.schemas.PictureFormat;
import dev.nocturne.schemas.ReasonCodes;
import dev.nocturne.schemas.Sha256;
import dev.nocturne.schemas.SizeName;
import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Topics;
import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Renders the winners of each request and stores them: pictures first, then {@code result.json},
 * then the event; so nothing names an object that is not there.
 */
public final class PublishStage implements BundleStage<CandidatesRanked> {

    /** In one call, if no single request has more: they are stored one after the other. */
    private static final int MAX_PICTURES = 16;

    private final Supplier<GridRenderer> openRenderer;
    private final Supplier<? extends ObjectSink> openStore;
    private final Clock clock;
    private GridRenderer renderer;
    private ObjectSink store;

    PublishStage(
            Supplier<GridRenderer> openRenderer,
            Supplier<? extends ObjectSink> openStore,
            Clock clock) {
        this.openRenderer = openRenderer;
        this.openStore = openStore;
        this.clock = clock;
    }

    /**
     * @param model directory of a model bundle
     */
    public static PublishStage of(
            Path model, Supplier<? extends ObjectSink> openStore, Clock clock) {
        return new PublishStage(() -> BundleGridRenderer.open(model), openStore, clock);
    }

    @Override
    public String name() {
        return "publisher";
    }

    @Override
    public Topic<CandidatesRanked> input() {
        return Topics.SELECTIONS;
    }

    @Override
    public RequestRef request(CandidatesRanked ranked) {
        return ranked.getRequest();
    }

    @Override
    public String bundle() {
        return renderer.model();
    }

    /** Another one's may be an old job's, that is ranked again: it has no caption. */
    @Override
    public String madeBy(CandidatesRanked ranked) {
        return ranked.getModel();
    }

    @Override
    public int maxBatch() {
        return MAX_PICTURES;
    }

    @Override
    public int take(List<CandidatesRanked> waiting) {
        return Grids.take(waiting, MAX_PICTURES, ranked -> ranked.getWinners().size());
    }

    /** The bucket first: while the store is away this comes again, and loads the model once. */
    @Override
    public void open() {
        store = openStore.get();
        requireBucket();
        renderer = openRenderer.get();
    }

    /** Never made here, or nobody would learn that it was deleted. */
    private void requireBucket() {
        if (!store.hasBucket()) {
            throw new TransientException(
                    "the bucket is not there: the ingest-service makes it, as soon as no open job misses its files",
                    null);
        }
    }

    /** A bucket that vanishes is waited for, as at the start. */
    private void put(String key, byte[] file, String mediaType) {
        try {
            store.put(key, file, mediaType);
        } catch (FatalException e) {
            requireBucket();
            throw e;
        }
    }

    @Override
    public void process(List<CandidatesRanked> batch, Outbox out) {
        List<TokenGrid> grids = new ArrayList<>();
        for (CandidatesRanked ranked : batch) {
            for (RankedGrid winner : ranked.getWinners()) {
                grids.add(
                        Grids.grid(
                                ranked.getGridHeight(), ranked.getGridWidth(), winner.getTokens()));
            }
        }
        Iterator<BufferedImage> pictures = render(grids).iterator();
        for (int i = 0; i < batch.size() && out.keepGoing(); i++) {
            CandidatesRanked ranked = batch.get(i);
            int size = renderer.sizes().chosen(ranked.getOptions().getSize());
            List<StoredImage> images = new ArrayList<>();
            for (RankedGrid winner : ranked.getWinners()) {
                images.add(store(ranked, winner, pictures.next(), size));
            }
            put(
                    ResultFile.key(
                            ranked.getRequest().getJobId(), ranked.getRequest().getRequestId()),
                    file(ranked, size, images).toJson(),
                    "application/json");
            out.send(
                    i,
                    Topics.RESULTS,
                    ranked.getRequest(),
                    new RequestFinished(
                            ranked.getRequest(),
                            RequestStatus.COMPLETED,
                            images,
                            null,
                            clock.instant()));
        }
    }

    private ResultFile file(CandidatesRanked ranked, int size, List<StoredImage> images) {
        return ResultFile.of(
                ranked,
                renderer.dvae(),
                renderer.textTokens(ranked.getRequest().getCaption()),
                SizeName.of(size),
                images);
    }

    private List<BufferedImage> render(List<TokenGrid> grids) {
        try {
            return renderer.render(grids);
        } catch (RuntimeException e) {
            throw PermanentException.because(ReasonCodes.MODEL_ERROR, "cannot render", e);
        }
    }

    private BufferedImage sized(BufferedImage rendered, int size) {
        try {
            return rendered.getWidth() == size ? rendered : renderer.enlarge(rendered);
        } catch (RuntimeException e) {
            throw PermanentException.because(ReasonCodes.MODEL_ERROR, "cannot enlarge", e);
        }
    }

    private StoredImage store(
            CandidatesRanked ranked, RankedGrid winner, BufferedImage rendered, int size) {
        PictureFormat format = PictureFile.format(ranked.getOptions().getOutputFormat());
        byte[] file =
                PictureFile.encode(
                        sized(rendered, size),
                        format,
                        ranked.getOptions().getOutputCompression(),
                        text(ranked, winner, rendered, size));
        RequestRef request = ranked.getRequest();
        String key =
                ResultFile.folder(request.getJobId(), request.getRequestId())
                        + format.fileName(winner.getRank());
        put(key, file, format.mediaType());
        return new StoredImage(
                winner.getRank(),
                key,
                Sha256.hex(file),
                (long) file.length,
                winner.getCandidate(),
                winner.getSeed(),
                winner.getScore(),
                winner.getLogProbability());
    }

    private static Map<String, String> text(
            CandidatesRanked ranked, RankedGrid winner, BufferedImage rendered, int size) {
        Map<String, String> text =
                PictureFile.text(
                        ranked.getRequest().getCaption(),
                        winner.getSeed(),
                        winner.getScore(),
                        winner.getRank(),
                        ranked.getModel());
        if (rendered.getWidth() != size) {
            text.put("upscaled_from", SizeName.of(rendered.getWidth()));
        }
        return text;
    }

    @Override
    public void selfTest() {
        BufferedImage picture = render(List.of(Grids.blank(renderer.gridSize()))).get(0);
        PictureFile.encode(
                sized(picture, renderer.sizes().auto()),
                PictureFormat.PNG,
                Limits.MAX_OUTPUT_COMPRESSION,
                PictureFile.text("self-test", 0, null, 1, renderer.model()));
    }

    @Override
    public void close() {
        if (renderer != null) {
            renderer.close();
        }
    }
}
