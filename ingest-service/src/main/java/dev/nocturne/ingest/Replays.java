package dev.nocturne.ingest;

import dev.nocturne.events.CandidatesRanked;
import dev.nocturne.events.Failure;
import dev.nocturne.events.Replay;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestRef;
import dev.nocturne.events.RequestStatus;
import dev.nocturne.runtime.ObjectStore;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.ReasonCodes;
import dev.nocturne.schemas.Topics;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Requests whose candidates are in the bucket already: they enter the pipeline behind the drawing
 * and scoring, and are rendered and stored like any other.
 */
final class Replays {

    private static final String STAGE = "ingest";

    private final ObjectStore store;

    Replays(ObjectStore store) {
        this.store = store;
    }

    /** Empty for a request that has no pictures. */
    Optional<StoredResult> find(String jobId, String requestId) {
        String key = StoredResult.key(jobId, requestId);
        if (!store.exists(key)) {
            return Optional.empty();
        }
        try {
            return Optional.of(StoredResult.parse(store.get(key)));
        } catch (IOException e) {
            throw new UncheckedIOException("%s cannot be read".formatted(key), e);
        }
    }

    /** Sends the request's candidates to be rendered; or its failure, where they are not kept. */
    void send(Replay replay, RequestRef request, Instant now, JobPublisher.Transaction to) {
        String key = Ids.key(request.getJobId(), request.getRequestId());
        String parentRequest = Ids.requestId(replay.getJobId(), request.getCustomId());
        Optional<CandidatesRanked> ranked =
                find(replay.getJobId(), parentRequest)
                        .filter(stored -> stored.keepsBest(replay.getTop()))
                        .map(stored -> stored.best(request, replay.getTop()));
        if (ranked.isPresent()) {
            to.send(Topics.SELECTIONS, key, ranked.get());
        } else {
            to.send(Topics.RESULTS, key, notKept(replay, parentRequest, request, now));
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
