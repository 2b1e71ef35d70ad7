package dev.nocturne.encoder;

import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.DrawingOptions;
import dev.nocturne.events.GenerationRequested;
import dev.nocturne.events.GridsDrawn;
import dev.nocturne.events.JobSubmitted;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestRef;
import dev.nocturne.models.clip.Embeddings;
import dev.nocturne.models.picture.PrimedTokens;
import dev.nocturne.models.picture.TokenGrid;
import dev.nocturne.models.transformer.Sampling;
import dev.nocturne.runtime.BundleStage;
import dev.nocturne.runtime.FatalException;
import dev.nocturne.runtime.ObjectStore;
import dev.nocturne.runtime.Outbox;
import dev.nocturne.runtime.PermanentException;
import dev.nocturne.runtime.StoredResults;
import dev.nocturne.runtime.TransientException;
import dev.nocturne.runtime.registry.RegistryFraming;
import dev.nocturne.runtime.registry.RegistrySettings;
import dev.nocturne.schemas.CaptionOwner;
import dev.nocturne.schemas.CaptionRules;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.EventTimes;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.OptionRules;
import dev.nocturne.schemas.ReasonCodes;
import dev.nocturne.schemas.SizeName;
import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Topics;
import dev.nocturne.schemas.Violation;
import java.awt.image.BufferedImage;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Captions to generation tasks: everything that is computed once per caption. A caption that brings
 * its candidates goes past the generator.
 */
public final class EncoderStage implements BundleStage<CaptionSubmitted> {

    /** As the transformer learnt it from captions that were left out. */
    private static final String NO_CAPTION = "";

    private final Supplier<CaptionEncoder> open;
    private final Supplier<EarlierAnswers> openAnswers;
    private final boolean hasRegistry;
    private final Clock clock;
    private CaptionEncoder encoder;
    private EarlierAnswers earlierAnswers;

    /**
     * @param hasRegistry whether there is a {@link RegistryCaptionStage}, too
     */
    EncoderStage(
            Supplier<CaptionEncoder> open,
            Supplier<EarlierAnswers> openAnswers,
            boolean hasRegistry,
            Clock clock) {
        this.open = open;
        this.openAnswers = openAnswers;
        this.hasRegistry = hasRegistry;
        this.clock = clock;
    }

    /**
     * Where no custom id comes again, and no caption from a registry.
     *
     * @param model directory of a model bundle
     */
    public static EncoderStage of(Path model, Clock clock) {
        return new EncoderStage(
                () -> BundleCaptionEncoder.open(model), () -> EarlierAnswers.NONE, false, clock);
    }

    /**
     * @param model directory of a model bundle
     * @param openStore where pictures are kept
     * @param hasRegistry whether there is a stage for captions with a registry's framing, too
     */
    static EncoderStage of(
            Path model, Supplier<ObjectStore> openStore, boolean hasRegistry, Clock clock) {
        return new EncoderStage(
                () -> BundleCaptionEncoder.open(model),
                () -> new EarlierAnswers(new StoredResults(openStore.get())::find),
                hasRegistry,
                clock);
    }

    @Override
    public String name() {
        return "encoder";
    }

    @Override
    public Topic<CaptionSubmitted> input() {
        return Topics.CAPTIONS;
    }

    @Override
    public CaptionSubmitted decode(ConsumerRecord<byte[], byte[]> record) {
        if (!RegistryFraming.isFramed(record.value())) {
            return BundleStage.super.decode(record);
        }
        if (hasRegistry) {
            return RegistryCaptionStage.NOT_MINE;
        }
        throw new PermanentException(
                ReasonCodes.MALFORMED_EVENT,
                "it has the framing of a schema registry: name the registry in %s of the encoders"
                        .formatted(RegistrySettings.URL_VARIABLE));
    }

    @Override
    public int maxBatch() {
        return 16;
    }

    @Override
    public RequestRef request(CaptionSubmitted caption) {
        return CaptionOwner.request(caption);
    }

    @Override
    public String bundle() {
        return encoder.model();
    }

    @Override
    public List<Integer> sizes() {
        return encoder.sizes().pixels();
    }

    /** Nobody's: any model can encode it. */
    @Override
    public String madeBy(CaptionSubmitted caption) {
        return bundle();
    }

    @Override
    public void open() {
        encoder = open.get();
        earlierAnswers = openAnswers.get();
    }

    @Override
    public void process(List<CaptionSubmitted> captions, Outbox out) {
        for (int i = 0; i < captions.size() && out.keepGoing(); i++) {
            if (captions.get(i) == RegistryCaptionStage.NOT_MINE) {
                continue;
            }
            CaptionSubmitted caption =
                    RequestDigest.setIn(CaptionRules.normalised(captions.get(i)));
            RequestRef request = request(caption);
            if (CaptionOwner.isJobOfItsOwn(caption)) {
                // also for a caption that is rejected: its job then shows it as failed
                out.send(
                        i,
                        Topics.JOBS,
                        request,
                        new JobSubmitted(
                                request.getJobId(), 1, submittedAt(caption), request.getCaption()));
            }
            try {
                requireGood(caption);
                Optional<RequestFinished> earlier =
                        earlierAnswers.find(request, caption, clock.instant());
                if (earlier.isPresent()) {
                    out.send(i, Topics.RESULTS, request, earlier.get());
                } else if (caption.getDrawn() == null) {
                    out.send(i, Topics.GENERATION_TASKS, request, encode(request, caption));
                } else {
                    for (GridsDrawn grids : Rescoring.grids(request, caption, encoder)) {
                        out.send(i, Topics.TOKEN_GRIDS, request, grids);
                    }
                }
            } catch (PermanentException e) {
                out.reject(i, e);
            } catch (TransientException | FatalException e) {
                throw e; // the store's
            } catch (RuntimeException e) {
                out.reject(
                        i, PermanentException.because(ReasonCodes.MODEL_ERROR, "cannot encode", e));
            }
        }
    }

    /** A producer whose times are in another unit does not lose its job for that. */
    private Instant submittedAt(CaptionSubmitted caption) {
        Instant time = caption.getSubmittedAt();
        return EventTimes.contain(time) ? time : clock.instant();
    }

    private static void requireGood(CaptionSubmitted caption) {
        List<Violation> violations = CaptionRules.validate(caption);
        if (!violations.isEmpty()) {
            Violation first = violations.get(0);
            throw new PermanentException(first.code(), first.message());
        }
        if (!CaptionOwner.ownsClaim(caption)) {
            throw new PermanentException(
                    ReasonCodes.INVALID_OPTION,
                    "job_id '%s' is a job of the ingest-service, and custom_id '%s' is none of its requests: leave job_id out, or use an id of your own"
                            .formatted(CaptionOwner.claimed(caption), caption.getCustomId()));
        }
    }

    private GenerationRequested encode(RequestRef request, CaptionSubmitted caption) {
        BufferedImage picture =
                caption.getImagePrompt() == null
                        ? null
                        : ImagePrompt.read(EventCodec.bytes(caption.getImagePrompt()));
        boolean varied = caption.getVariation();
        if (varied && !encoder.hasClip()) {
            throw new PermanentException(
                    ReasonCodes.INVALID_OPTION,
                    "variation: the model %s has no CLIP to compare pictures with: nocturne import clip brings one into it"
                            .formatted(encoder.model()));
        }
        int[] textTokens = encoder.textTokens(varied ? NO_CAPTION : caption.getCaption());
        float[] target =
                varied
                        ? encoder.imageEmbedding(picture)
                        : encoder.textEmbedding(caption.getCaption());
        byte[] primedTokens =
                picture == null
                        ? new byte[0]
                        : PrimedTokens.toBytes(primedTokens(caption, picture));
        DrawingOptions options = caption.getOptions();
        Sampling sampling =
                encoder.sampling(
                        options.getTemperature(),
                        options.getTopK(),
                        OptionRules.topP(options),
                        options.getGuidance());
        int size = encoder.sizes().chosen(options.getSize());
        long seed =
                caption.getSeed() == null
                        ? Ids.defaultSeed(request.getRequestId(), options.getSeedScheme())
                        : caption.getSeed();
        return GenerationRequested.newBuilder()
                .setRequest(request)
                .setTextTokens(Arrays.stream(textTokens).boxed().toList())
                .setTextEmbedding(ByteBuffer.wrap(Embeddings.toBytes(target)))
                .setPrimedTokens(ByteBuffer.wrap(primedTokens))
                .setSeed(seed)
                .setRequestedAt(clock.instant())
                .setModel(encoder.model())
                .setOptions(chosen(options, sampling, size))
                .build();
    }

    /** What a caption leaves to the model is set. */
    private static DrawingOptions chosen(DrawingOptions options, Sampling sampling, int size) {
        return DrawingOptions.newBuilder(options)
                .setTemperature(sampling.temperature())
                .setGuidance(sampling.guidance())
                .setSize(SizeName.of(size))
                .build();
    }

    private int[] primedTokens(CaptionSubmitted caption, BufferedImage picture) {
        TokenGrid tokens = encoder.imageTokens(picture);
        if (caption.getVariation()) {
            return PrimedTokens.everySecond(tokens);
        }
        int rows = caption.getImagePromptRows();
        int columns = caption.getImagePromptColumns();
        if (caption.getImagePromptMask() != null) {
            byte[] file = EventCodec.bytes(caption.getImagePromptMask());
            ImagePromptMask mask =
                    ImagePromptMask.of(
                            ImagePrompt.readMask(file, picture), tokens.height(), tokens.width());
            rows = mask.rows();
            columns = mask.columns();
        }
        try {
            return PrimedTokens.of(tokens, rows, columns);
        } catch (IllegalArgumentException e) {
            throw new PermanentException(
                    ReasonCodes.INVALID_OPTION, "image_prompt: " + e.getMessage(), e);
        }
    }

    @Override
    public void selfTest() {
        encoder.textTokens("a");
        for (float number : encoder.textEmbedding("a")) {
            if (!Float.isFinite(number)) {
                throw new IllegalStateException("the embedding of a caption holds " + number);
            }
        }
        if (encoder.readsPictures()) {
            encoder.imageTokens(new BufferedImage(8, 8, BufferedImage.TYPE_INT_RGB));
        }
    }

    @Override
    public void close() {
        if (encoder != null) {
            encoder.close();
        }
    }
}
