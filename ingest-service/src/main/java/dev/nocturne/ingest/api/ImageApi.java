package dev.nocturne.ingest.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.caption.CaptionJson;
import dev.nocturne.ingest.caption.ImageParameters;
import dev.nocturne.ingest.caption.PictureSizes;
import dev.nocturne.ingest.file.DiskSpace;
import dev.nocturne.ingest.file.StoreAccess;
import dev.nocturne.ingest.job.Backlog;
import dev.nocturne.ingest.job.JobEvents;
import dev.nocturne.ingest.job.JobPublisher;
import dev.nocturne.ingest.result.PartialImage;
import dev.nocturne.ingest.result.PartialImages;
import dev.nocturne.runtime.Answers;
import dev.nocturne.runtime.ObjectStore;
import dev.nocturne.runtime.RequestResult;
import dev.nocturne.runtime.ResultFile;
import dev.nocturne.runtime.StageException;
import dev.nocturne.runtime.StoredResults;
import dev.nocturne.schemas.IdSource;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.Lane;
import dev.nocturne.schemas.Topics;
import dev.nocturne.schemas.Violation;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Single pictures, painted while their callers wait. Thread-safe. */
public final class ImageApi {

    private static final Logger LOG = LoggerFactory.getLogger(ImageApi.class);

    /** Stands where a variation's caption would. */
    private static final String VARIATION = "a variation";

    private final ObjectStore store;
    private final StoredResults results;
    private final JobEvents events;
    private final JobPublisher publisher;
    private final AwaitedResults awaited;
    private final PartialImages partialImages;
    private final Backlog backlog;
    private final DiskSpace disk;
    private final IdSource ids;
    private final Supplier<PictureSizes> pictureSizes;

    /**
     * @param pictureSizes the model's, as far as it is known by now
     */
    public ImageApi(
            ObjectStore store,
            StoredResults results,
            JobEvents events,
            JobPublisher publisher,
            AwaitedResults awaited,
            PartialImages partialImages,
            Backlog backlog,
            DiskSpace disk,
            IdSource ids,
            Supplier<PictureSizes> pictureSizes) {
        this.store = store;
        this.results = results;
        this.events = events;
        this.publisher = publisher;
        this.awaited = awaited;
        this.partialImages = partialImages;
        this.backlog = backlog;
        this.disk = disk;
        this.ids = ids;
        this.pictureSizes = pictureSizes;
    }

    /**
     * Paints one caption.
     *
     * @param apiUrl of this API as the caller knows it, ends with a slash
     * @return ends with an {@link IngestException} INVALID, FAILED or, after a while, TIMED_OUT
     * @throws IngestException INVALID, TOO_MANY, FULL or UNAVAILABLE
     */
    public CompletionStage<Answers.Images> paint(JsonNode body, String apiUrl) {
        return paint(body, apiUrl, null);
    }

    /**
     * As {@link #paint(JsonNode, String)}, and shows what is drawn meanwhile.
     *
     * @param partials given the partial images that the body asks for, in their order; must not
     *     wait. Null: nobody looks
     */
    public CompletionStage<Answers.Images> paint(
            JsonNode body, String apiUrl, Consumer<PartialImage> partials) {
        if (!(body instanceof ObjectNode object)) {
            throw IngestException.invalid(null, "the body is not an object: send a JSON object");
        }
        return paint(object, CaptionSubmitted.newBuilder(), apiUrl, partials);
    }

    /**
     * Paints one caption, keeping a part of a picture.
     *
     * @param fields of the request, as of {@link #paint}
     * @param image PNG, JPEG or WebP
     * @param mask PNG, transparent where the picture is to be painted anew; empty: the image is
     * @param apiUrl of this API as the caller knows it, ends with a slash
     * @param partials as of {@link #paint(JsonNode, String, Consumer)}
     * @return as {@link #paint} does
     * @throws IngestException as {@link #paint} does
     */
    public CompletionStage<Answers.Images> edit(
            ObjectNode fields,
            byte[] image,
            byte[] mask,
            String apiUrl,
            Consumer<PartialImage> partials) {
        CaptionSubmitted.Builder caption =
                CaptionSubmitted.newBuilder()
                        .setImagePrompt(ByteBuffer.wrap(image))
                        .setImagePromptMask(ByteBuffer.wrap(mask));
        return paintFrom(fields, caption, apiUrl, partials);
    }

    /**
     * Paints a picture that is like another one.
     *
     * @param fields of the request, as of {@link #paint}, but without a prompt
     * @param image PNG, JPEG or WebP
     * @param apiUrl of this API as the caller knows it, ends with a slash
     * @return as {@link #paint} does
     * @throws IngestException as {@link #paint} does
     */
    public CompletionStage<Answers.Images> vary(ObjectNode fields, byte[] image, String apiUrl) {
        if (fields.has("prompt")) {
            throw IngestException.invalid(
                    "prompt", "prompt: a variation has none, send it to /v1/images/edits");
        }
        CaptionSubmitted.Builder caption =
                CaptionSubmitted.newBuilder()
                        .setImagePrompt(ByteBuffer.wrap(image))
                        .setVariation(true);
        return paintFrom(fields.deepCopy().put("prompt", VARIATION), caption, apiUrl, null);
    }

    /** A caption with a picture, which the caller knows as {@code image}. */
    private CompletionStage<Answers.Images> paintFrom(
            ObjectNode fields,
            CaptionSubmitted.Builder caption,
            String apiUrl,
            Consumer<PartialImage> partials) {
        try {
            return paint(fields, caption, apiUrl, partials)
                    .exceptionally(
                            error -> {
                                throw error.getCause() instanceof IngestException refused
                                        ? refused.renamed("image_prompt", "image")
                                        : new CompletionException(error);
                            });
        } catch (IngestException e) {
            throw e.renamed("image_prompt", "image");
        }
    }

    private CompletionStage<Answers.Images> paint(
            ObjectNode body,
            CaptionSubmitted.Builder caption,
            String apiUrl,
            Consumer<PartialImage> partials) {
        IdSource.Owned own = ids.newCaption();
        String customId = own.id();
        caption.setCustomId(customId).setJobToken(own.token()).setSubmittedAt(events.now());
        List<Violation> wrong = new ArrayList<>();
        ImageParameters imageParameters = CaptionJson.readBody(body, caption, wrong);
        wrong.addAll(imageParameters.check(pictureSizes.get()));
        if (!wrong.isEmpty()) {
            throw IngestException.invalid(wrong);
        }
        if (partials == null) {
            caption.getOptionsBuilder().setPartialImages(0);
        }
        disk.requireRoom();
        CaptionSubmitted submitted = caption.build();
        String jobId = Ids.captionJobId(customId);
        boolean withFiles =
                partials != null
                        || imageParameters.answerFormat() == CaptionJson.AnswerFormat.B64_JSON;
        backlog.addPicture(jobId, submitted.getOptions().getCandidates());
        if (partials != null) {
            partialImages.follow(jobId, partials);
        }
        try {
            return awaited.answer(
                            jobId,
                            () -> publish(submitted, jobId),
                            done -> answer(submitted, jobId, done, withFiles, apiUrl))
                    .whenComplete((done, error) -> partialImages.unfollow(jobId));
        } catch (IngestException e) {
            backlog.removePicture(jobId);
            partialImages.unfollow(jobId);
            throw e;
        }
    }

    private void publish(CaptionSubmitted caption, String jobId) {
        String key = Ids.key(jobId, Ids.requestId(jobId, caption.getCustomId()));
        publisher.publish(Topics.CAPTIONS.in(Lane.INTERACTIVE), key, caption);
    }

    private Answers.Images answer(
            CaptionSubmitted caption,
            String jobId,
            RequestResult result,
            boolean withFiles,
            String apiUrl) {
        Answers.Images images =
                Answers.images(
                        result,
                        jobId,
                        apiUrl,
                        image -> withFiles ? StoreAccess.ask(() -> store.get(image.key())) : null);
        Optional<ResultFile> file = file(result, jobId);
        return images.described(
                caption.getOptions().getOutputFormat(),
                file.map(ResultFile::size).orElse(null),
                file.map(found -> Answers.Usage.of(found, caption, result.images().size()))
                        .orElse(null));
    }

    /** Empty if it is not to be had: the pictures are there all the same. */
    private Optional<ResultFile> file(RequestResult result, String jobId) {
        try {
            return results.find(jobId, result.requestId());
        } catch (StageException e) {
            LOG.warn("ING-26 no size and usage in the answer of job {}: {}", jobId, e.getMessage());
            return Optional.empty();
        }
    }
}
