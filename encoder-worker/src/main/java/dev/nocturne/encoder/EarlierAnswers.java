package dev.nocturne.encoder;

import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.DrawingOptions;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestRef;
import dev.nocturne.events.RequestStatus;
import dev.nocturne.runtime.PermanentException;
import dev.nocturne.runtime.ResultFile;
import dev.nocturne.runtime.StageException;
import dev.nocturne.schemas.OptionRules;
import dev.nocturne.schemas.ReasonCodes;
import java.time.Instant;
import java.util.Optional;
import java.util.function.BiFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the bucket knows of captions whose custom id comes again. The same request has the answer
 * that it had; another caption under the same id would take the place of the first one's pictures,
 * so it is refused. Once the job is deleted its ids are free again.
 */
final class EarlierAnswers {

    /** Where no custom id comes again. */
    static final EarlierAnswers NONE = new EarlierAnswers((job, request) -> Optional.empty());

    private static final Logger LOG = LoggerFactory.getLogger(EarlierAnswers.class);

    private final BiFunction<String, String, Optional<ResultFile>> results;

    /**
     * @param results what is stored of a request, by the ids of its job and its own; throws a
     *     {@link PermanentException} if that cannot be read
     */
    EarlierAnswers(BiFunction<String, String, Optional<ResultFile>> results) {
        this.results = results;
    }

    /**
     * The result that the caption's request has; empty if it has no pictures.
     *
     * @param caption with its digest, see {@link RequestDigest}
     * @throws PermanentException ({@code duplicate_custom_id}) if it was painted from another
     *     caption or with other options; its result stays
     * @throws StageException the store's
     */
    Optional<RequestFinished> find(RequestRef request, CaptionSubmitted caption, Instant now) {
        if (caption.getJobToken() != null) {
            return Optional.empty(); // ingest-service gives each of its ids once
        }
        Optional<ResultFile> painted = read(request);
        painted.filter(earlier -> !isSame(earlier, request, caption.getOptions()))
                .ifPresent(
                        earlier -> {
                            throw duplicate(earlier);
                        });
        return painted.map(
                earlier ->
                        new RequestFinished(
                                request,
                                RequestStatus.COMPLETED,
                                earlier.images().stream().map(ResultFile.Image::stored).toList(),
                                null,
                                now));
    }

    /** Empty also where the object is broken: then the caption is painted again. */
    private Optional<ResultFile> read(RequestRef request) {
        try {
            return results.apply(request.getJobId(), request.getRequestId());
        } catch (PermanentException e) {
            LOG.warn("ENC-01 {}, painted again", e.getMessage());
            return Optional.empty();
        }
    }

    private static boolean isSame(ResultFile earlier, RequestRef request, DrawingOptions options) {
        return earlier.requestSha256() == null
                ? isSameAsFarAsKept(earlier, request, options)
                : earlier.requestSha256().equals(options.getRequestSha256());
    }

    /** Of a file without a digest: what the caption leaves to the model may have been another's. */
    private static boolean isSameAsFarAsKept(
            ResultFile earlier, RequestRef request, DrawingOptions options) {
        DrawingOptions painted = earlier.options(earlier.images().size());
        DrawingOptions.Builder asked =
                DrawingOptions.newBuilder(options)
                        .setTopP(OptionRules.topP(options))
                        .setSeedScheme(painted.getSeedScheme())
                        .setPartialImages(painted.getPartialImages())
                        .setRequestSha256(null);
        if (options.getTemperature() == null) {
            asked.setTemperature(painted.getTemperature());
        }
        if (options.getGuidance() == null) {
            asked.setGuidance(painted.getGuidance());
        }
        return earlier.caption().equals(request.getCaption()) && asked.build().equals(painted);
    }

    private static PermanentException duplicate(ResultFile earlier) {
        return PermanentException.ofAnswered(
                ReasonCodes.DUPLICATE_CUSTOM_ID,
                "custom_id '%s' was painted before, from another caption or with other options, in job '%s': send another custom_id, or delete that job first"
                        .formatted(earlier.customId(), earlier.jobId()));
    }
}
