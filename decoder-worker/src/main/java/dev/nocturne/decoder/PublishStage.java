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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

/**
 * Renders the winners of each request and stores them: pictures first, then {@code result.json},
 * then the event; so nothing names an object that is not there. While it renders one, others may
 * store those before.
 */
public final class PublishStage implements BundleStage<CandidatesRanked> {

    /** In one call, if no single request has more. */
    private static final int MAX_PICTURES = 16;

    private final Supplier<GridRenderer> openRenderer;
    private final Supplier<? extends ObjectSink> openStore;
    private final Clock clock;
    private final Executor writers;
    private GridRenderer renderer;
    private ObjectSink store;

    PublishStage(
            Supplier<GridRenderer> openRenderer,
            Supplier<? extends ObjectSink> openStore,
            Clock clock,
            Executor writers) {
        this.openRenderer = openRenderer;
        this.openStore = openStore;
        this.clock = clock;
        this.writers = writers;
    }

    /**
     * @param model directory of a model bundle
     * @param writers encode and store the pictures. Threads of their own pay where the store is
     *     waited for; where it is not, they only take processors from the models.
     */
    public static PublishStage of(
            Path model, Supplier<? extends ObjectSink> openStore, Clock clock, Executor writers) {
        return new PublishStage(() -> BundleGridRenderer.open(model), openStore, clock, writers);
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
        List<CompletableFuture<RequestFinished>> begun = new ArrayList<>();
        try {
            for (int i = 0; i < batch.size() && out.keepGoing(); i++) {
                begun.add(publish(batch.get(i), pictures));
            }
        } finally {
            // none is left behind that might still store something
            CompletableFuture.allOf(begun.toArray(CompletableFuture[]::new))
                    .handle((done, error) -> null)
                    .join();
        }
        for (int i = 0; i < begun.size(); i++) {
            out.send(i, Topics.RESULTS, batch.get(i).getRequest(), result(begun.get(i)));
        }
    }

    /** Is done when nothing of the request is being stored any more. */
    private CompletableFuture<RequestFinished> publish(
            CandidatesRanked ranked, Iterator<BufferedImage> pictures) {
        RequestRef request = ranked.getRequest();
        int size = renderer.sizes().chosen(ranked.getOptions().getSize());
        Integer textTokens = renderer.textTokens(request.getCaption());
        List<CompletableFuture<StoredImage>> begun = new ArrayList<>();
        for (RankedGrid winner : ranked.getWinners()) {
            begun.add(publish(ranked, winner, pictures.next(), size));
        }
        return CompletableFuture.allOf(begun.toArray(CompletableFuture[]::new))
                .thenApplyAsync(
                        done -> {
                            List<StoredImage> images =
                                    begun.stream().map(CompletableFuture::join).toList();
                            put(
                                    ResultFile.key(request.getJobId(), request.getRequestId()),
                                    file(ranked, size, textTokens, images).toJson(),
                                    "application/json");
                            return new RequestFinished(
                                    request,
                                    RequestStatus.COMPLETED,
                                    images,
                                    null,
                                    clock.instant());
                        },
                        writers);
    }

    /** Enlarges the picture here, where the models are, and has it stored. */
    private CompletableFuture<StoredImage> publish(
            CandidatesRanked ranked, RankedGrid winner, BufferedImage rendered, int size) {
        BufferedImage picture;
        try {
            picture = sized(rendered, size);
        } catch (PermanentException e) {
            return CompletableFuture.failedFuture(e);
        }
        Map<String, String> text = text(ranked, winner, rendered, size);
        return CompletableFuture.supplyAsync(() -> store(ranked, winner, picture, text), writers);
    }

    private static RequestFinished result(CompletableFuture<RequestFinished> begun) {
        try {
            return begun.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            if (e.getCause() instanceof Error cause) {
                throw cause;
            }
            throw e;
        }
    }

    private ResultFile file(
            CandidatesRanked ranked, int size, Integer textTokens, List<StoredImage> images) {
        return ResultFile.of(ranked, renderer.dvae(), textTokens, SizeName.of(size), images);
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
            CandidatesRanked ranked,
            RankedGrid winner,
            BufferedImage picture,
            Map<String, String> text) {
        PictureFormat format = PictureFile.format(ranked.getOptions().getOutputFormat());
        byte[] file =
                PictureFile.encode(
                        picture, format, ranked.getOptions().getOutputCompression(), text);
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
