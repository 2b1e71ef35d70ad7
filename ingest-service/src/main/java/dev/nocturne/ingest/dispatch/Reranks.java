package dev.nocturne.ingest.dispatch;

import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.Failure;
import dev.nocturne.events.Replay;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestRef;
import dev.nocturne.events.RequestStatus;
import dev.nocturne.ingest.caption.JobParser;
import dev.nocturne.ingest.job.JobPublisher;
import dev.nocturne.runtime.FatalException;
import dev.nocturne.runtime.ResultFile;
import dev.nocturne.runtime.StoredResults;
import dev.nocturne.runtime.TransientException;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.ReasonCodes;
import dev.nocturne.schemas.Topics;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Requests whose candidates are in the bucket already: they enter the pipeline behind the drawing
 * and scoring, or as captions that bring their candidates, and go on like any other.
 */
public final class Reranks {

    private static final Logger LOG = LoggerFactory.getLogger(Reranks.class);
    private static final String STAGE = "ingest";

    private final StoredResults results;

    public Reranks(StoredResults results) {
        this.results = results;
    }

    /**
     * Sends the candidates of a line's request to be rendered, or its caption with them to be
     * scored again; or its failure, where they are not kept.
     *
     * @throws TransientException if the store is away; nothing is sent then
     * @throws FatalException likewise, if it refuses the credentials
     */
    void send(Replay rerank, JobParser.Line line, Instant now, JobPublisher.Transaction to) {
        RequestRef request = line.request();
        String key = Ids.key(request.getJobId(), request.getRequestId());
        String parentRequest = Ids.requestId(rerank.getJobId(), request.getCustomId());
        String object = ResultFile.key(rerank.getJobId(), parentRequest);
        if (rerank.getRescore()) {
            kept(rerank, parentRequest, stored -> withCandidates(line.caption(), stored))
                    .ifPresentOrElse(
                            caption -> to.send(Topics.CAPTIONS, key, caption),
                            () -> to.send(Topics.RESULTS, key, allNotKept(object, request, now)));
        } else {
            int top = line.caption().getOptions().getTop();
            kept(rerank, parentRequest, stored -> stored.best(request, top))
                    .ifPresentOrElse(
                            ranked -> to.send(Topics.SELECTIONS, key, ranked),
                            () ->
                                    to.send(
                                            Topics.RESULTS,
                                            key,
                                            bestNotKept(object, top, request, now)));
        }
    }

    /** Empty also where the object is broken: it will be the next time, too. */
    private <E> Optional<E> kept(
            Replay rerank, String parentRequest, Function<ResultFile, Optional<E>> event) {
        try {
            return results.find(rerank.getJobId(), parentRequest).flatMap(event);
        } catch (TransientException | FatalException e) {
            throw e;
        } catch (RuntimeException e) { // of many kinds: anything may stand in it
            LOG.warn("{}: {}", ResultFile.key(rerank.getJobId(), parentRequest), e.getMessage());
            return Optional.empty();
        }
    }

    /** A caption with the candidates that it had when it was painted. */
    private static Optional<CaptionSubmitted> withCandidates(
            CaptionSubmitted caption, ResultFile stored) {
        return stored.drawn()
                .map(
                        drawn ->
                                CaptionSubmitted.newBuilder(caption)
                                        .setOptions(stored.options(caption.getOptions().getTop()))
                                        .setDrawn(drawn)
                                        .build());
    }

    private static RequestFinished allNotKept(String object, RequestRef request, Instant now) {
        return failed(
                request,
                "%s does not hold the tokens of all candidates, or more than a message takes: paint the caption again"
                        .formatted(object),
                null,
                now);
    }

    private static RequestFinished bestNotKept(
            String object, int top, RequestRef request, Instant now) {
        return failed(
                request,
                "%s does not hold the tokens of the best %d candidates: ask for a smaller top, or paint the caption again"
                        .formatted(object, top),
                "top",
                now);
    }

    private static RequestFinished failed(
            RequestRef request, String message, String param, Instant now) {
        return new RequestFinished(
                request,
                RequestStatus.FAILED,
                List.of(),
                new Failure(ReasonCodes.STORAGE_ERROR, STAGE, message, param, null),
                now);
    }
}
