package dev.nocturne.ingest;

import dev.nocturne.events.CandidatesRanked;
import dev.nocturne.events.Failure;
import dev.nocturne.events.Replay;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestRef;
import dev.nocturne.events.RequestStatus;
import dev.nocturne.runtime.FatalException;
import dev.nocturne.runtime.ObjectStore;
import dev.nocturne.runtime.PermanentException;
import dev.nocturne.runtime.TransientException;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.ReasonCodes;
import dev.nocturne.schemas.Topics;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Requests whose candidates are in the bucket already: they enter the pipeline behind the drawing
 * and scoring, and are rendered and stored like any other.
 */
final class Replays {

    private static final Logger LOG = LoggerFactory.getLogger(Replays.class);
    private static final String STAGE = "ingest";

    private final ObjectStore store;

    Replays(ObjectStore store) {
        this.store = store;
    }

    /**
     * Empty for a request that has no pictures.
     *
     * @throws PermanentException ({@code storage_error}) if what is there cannot be read
     * @throws dev.nocturne.runtime.StageException the store's
     */
    Optional<StoredResult> find(String jobId, String requestId) {
        String key = StoredResult.key(jobId, requestId);
        if (!store.exists(key)) {
            return Optional.empty();
        }
        try {
            StoredResult result = StoredResult.parse(store.get(key));
            if (result == null || result.model() == null || result.images() == null) {
                throw new IOException("it names no model or no pictures");
            }
            return Optional.of(result);
        } catch (IOException e) {
            throw PermanentException.because(
                    ReasonCodes.STORAGE_ERROR, "%s cannot be read".formatted(key), e);
        }
    }

    /**
     * Sends the request's candidates to be rendered; or its failure, where they are not kept.
     *
     * @throws TransientException if the store is away; nothing is sent then
     * @throws FatalException likewise, if it refuses the credentials
     */
    void send(Replay replay, RequestRef request, Instant now, JobPublisher.Transaction to) {
        String key = Ids.key(request.getJobId(), request.getRequestId());
        String parentRequest = Ids.requestId(replay.getJobId(), request.getCustomId());
        Optional<CandidatesRanked> ranked = ranked(replay, parentRequest, request);
        if (ranked.isPresent()) {
            to.send(Topics.SELECTIONS, key, ranked.get());
        } else {
            to.send(Topics.RESULTS, key, notKept(replay, parentRequest, request, now));
        }
    }

    /** Empty also where the object is broken: it will be the next time, too. */
    private Optional<CandidatesRanked> ranked(
            Replay replay, String parentRequest, RequestRef request) {
        try {
            return find(replay.getJobId(), parentRequest)
                    .filter(stored -> stored.keepsBest(replay.getTop()))
                    .map(stored -> stored.best(request, replay.getTop()));
        } catch (TransientException | FatalException e) {
            throw e;
        } catch (RuntimeException e) { // of many kinds: anything may stand in it
            LOG.warn("{}: {}", StoredResult.key(replay.getJobId(), parentRequest), e.getMessage());
            return Optional.empty();
        }
    }

    private static RequestFinished notKept(
            Replay replay, String parentRequest, RequestRef request, Instant now) {
        String message =
                "%s does not hold the tokens of the best %d candidates: ask for a smaller top, or paint the caption again"
                        .formatted(
                                StoredResult.key(replay.getJobId(), parentRequest),
                                replay.getTop());
        return new RequestFinished(
                request,
                RequestStatus.FAILED,
                List.of(),
                new Failure(ReasonCodes.STORAGE_ERROR, STAGE, message, "top", null),
                now);
    }
}
