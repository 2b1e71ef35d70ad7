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
import java.io.IOException;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the bucket knows of captions whose custom id comes again. The same request has the answer
 * that it had; another caption under the same id would take the place of the first one's pictures,
 * so it is refused. Once the job is deleted its ids are free again.
 */
final class EarlierAnswers {

    private static final Logger LOG = LoggerFactory.getLogger(EarlierAnswers.class);

    private final Function<String, Optional<byte[]>> find;

    /**
     * @param find gives the bytes of an object of the bucket, by its key; empty if it is not there
     */
    EarlierAnswers(Function<String, Optional<byte[]>> find) {
        this.find = find;
    }

    /**
     * The result that the caption's request has; empty if it has no pictures.
     *
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
        String key = ResultFile.key(request.getJobId(), request.getRequestId());
        try {
            byte[] json = find.apply(key).orElse(null);
            ResultFile result = json == null ? null : ResultFile.parse(json);
            return Optional.ofNullable(result).filter(file -> file.images() != null);
        } catch (IOException e) {
            LOG.warn("ENC-01 {} cannot be read, painted again: {}", key, e.getMessage());
            return Optional.empty();
        }
    }

    private static boolean isSame(ResultFile earlier, RequestRef request, DrawingOptions options) {
        return earlier.caption().equals(request.getCaption())
                && earlier.candidates() == options.getCandidates()
                && earlier.images().size() == Math.min(options.getTop(), options.getCandidates())
                && isSame(options.getTemperature(), earlier.temperature())
                && isSame(options.getGuidance(), earlier.guidance())
                && earlier.topK() == options.getTopK()
                && earlier.topP() == OptionRules.topP(options)
                && earlier.outputFormat().equals(options.getOutputFormat());
    }

    /** What the caption leaves to the model may have been another one's. */
    private static boolean isSame(Double asked, double painted) {
        return asked == null || asked == painted;
    }

    private static PermanentException duplicate(ResultFile earlier) {
        return PermanentException.ofAnswered(
                ReasonCodes.DUPLICATE_CUSTOM_ID,
                "custom_id '%s' was painted before, from another caption or with other options, in job '%s': send another custom_id, or delete that job first"
                        .formatted(earlier.customId(), earlier.jobId()));
    }
}
