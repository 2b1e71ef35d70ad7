package dev.nocturne.ingest.api;

import dev.nocturne.events.RequestRef;
import dev.nocturne.ingest.Excerpt;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.file.StoreAccess;
import dev.nocturne.ingest.file.StoredObject;
import dev.nocturne.ingest.job.JobPublisher;
import dev.nocturne.ingest.job.JobTable;
import dev.nocturne.ingest.result.StoredRequest;
import dev.nocturne.runtime.ObjectStore;
import dev.nocturne.runtime.ResultFile;
import dev.nocturne.runtime.StoredResults;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.Lane;
import dev.nocturne.schemas.Topics;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.regex.Pattern;

/** Painted requests with all their candidates, and the pictures of these. Thread-safe. */
public final class CandidateApi {

    private static final Pattern PICTURE = Pattern.compile("[1-9]\\d{0,2}\\.(png|jpg|webp)");

    private final ObjectStore store;
    private final StoredResults results;
    private final JobTable jobs;
    private final AwaitedResults awaited;
    private final JobPublisher publisher;

    public CandidateApi(
            ObjectStore store,
            StoredResults results,
            JobTable jobs,
            AwaitedResults awaited,
            JobPublisher publisher) {
        this.store = store;
        this.results = results;
        this.jobs = jobs;
        this.awaited = awaited;
        this.publisher = publisher;
    }

    /**
     * A painted request with all its candidates.
     *
     * @param apiUrl of this API as the caller knows it, ends with a slash
     * @throws IngestException UNKNOWN or UNAVAILABLE
     */
    public StoredRequest request(String jobId, String requestId, String apiUrl) {
        return StoredRequest.of(result(jobId, requestId), apiUrl);
    }

    private ResultFile result(String jobId, String requestId) {
        return (isThere(jobId, requestId)
                        ? StoreAccess.ask(() -> results.find(jobId, requestId))
                        : Optional.<ResultFile>empty())
                .orElseThrow(
                        () ->
                                IngestException.unknown(
                                        "request",
                                        "unknown_request",
                                        "request '%s' of job '%s' has no pictures: GET /v1/jobs/{id}/results tells which have"
                                                .formatted(
                                                        Excerpt.of(requestId), Excerpt.of(jobId))));
    }

    private boolean isThere(String jobId, String requestId) {
        return Ids.isRequest(jobId, requestId) && jobs.deletedAt(jobId).isEmpty();
    }

    /**
     * A picture of a request, which the caller closes.
     *
     * @param name as the answers name it: the rank and the format, as {@code 1.png}
     * @throws IngestException UNKNOWN or UNAVAILABLE
     */
    public StoredObject picture(String jobId, String requestId, String name) {
        String key = ResultFile.folder(jobId, requestId) + name;
        boolean wellFormed = isThere(jobId, requestId) && PICTURE.matcher(name).matches();
        return (wellFormed ? find(key) : Optional.<StoredObject>empty())
                .orElseThrow(
                        () ->
                                IngestException.unknown(
                                        "name",
                                        "unknown_picture",
                                        "there is no picture '%s'".formatted(key)));
    }

    /**
     * The picture of any candidate, which the caller closes. The first time it is asked for it goes
     * through the pipeline, as a request of its own whose id is derived from the candidate's; later
     * it comes from the bucket.
     *
     * @param name the candidate's number and the format of the request's pictures, as {@code 0.png}
     * @return ends with an {@link IngestException} FAILED or, after a while, TIMED_OUT
     * @throws IngestException UNKNOWN, CONFLICT if its tokens were not kept, or UNAVAILABLE
     */
    public CompletionStage<StoredObject> candidate(String jobId, String requestId, String name) {
        ResultFile stored = result(jobId, requestId);
        ResultFile.Candidate candidate = candidate(stored, name);
        Optional<ResultFile.Image> image = stored.image(candidate.candidate());
        if (image.isPresent()) {
            return CompletableFuture.completedFuture(require(image.get().key()));
        }
        if (candidate.tokens() == null) {
            throw IngestException.conflict(
                    "name",
                    "tokens_not_kept",
                    "the tokens of candidate %d were not kept, they did not fit a message: paint its caption with fewer candidates"
                            .formatted(candidate.candidate()));
        }
        String customId = "%s-%s-%d".formatted(jobId, requestId, candidate.candidate());
        String own = Ids.captionJobId(customId);
        RequestRef request =
                new RequestRef(own, Ids.requestId(own, customId), customId, stored.caption());
        String key =
                ResultFile.folder(own, request.getRequestId()) + stored.fileName(candidate.rank());
        Optional<StoredObject> rendered = find(key);
        return rendered.isPresent()
                ? CompletableFuture.completedFuture(rendered.get())
                : awaited.answer(
                        own,
                        () ->
                                publisher.publish(
                                        Topics.SELECTIONS.in(Lane.INTERACTIVE),
                                        Ids.key(own, request.getRequestId()),
                                        stored.only(request, candidate)),
                        done -> require(key));
    }

    private static ResultFile.Candidate candidate(ResultFile stored, String name) {
        return stored.ranking().stream()
                .filter(one -> name.equals(stored.fileName(one.candidate())))
                .findFirst()
                .orElseThrow(
                        () ->
                                IngestException.unknown(
                                        "name",
                                        "unknown_picture",
                                        "request '%s' has no candidate '%s': name one of 0 to %d, as %s"
                                                .formatted(
                                                        stored.requestId(),
                                                        Excerpt.of(name),
                                                        stored.ranking().size() - 1,
                                                        stored.fileName(0))));
    }

    private Optional<StoredObject> find(String key) {
        return StoreAccess.ask(() -> StoredObject.find(store, key));
    }

    /** Of a picture that was stored, unless somebody has deleted it. */
    private StoredObject require(String key) {
        return find(key)
                .orElseThrow(
                        () ->
                                IngestException.unknown(
                                        "name",
                                        "unknown_picture",
                                        "picture '%s' was deleted from the bucket".formatted(key)));
    }
}
