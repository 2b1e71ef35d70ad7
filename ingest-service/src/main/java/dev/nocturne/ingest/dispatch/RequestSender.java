package dev.nocturne.ingest.dispatch;

import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.JobCreated;
import dev.nocturne.ingest.caption.JobParser;
import dev.nocturne.ingest.job.JobPublisher;
import dev.nocturne.runtime.StageException;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.Topics;
import java.time.Instant;

/** Sends the requests of jobs that were made from files to where they enter the pipeline. */
public final class RequestSender {

    private final Reranks reranks;

    public RequestSender(Reranks reranks) {
        this.reranks = reranks;
    }

    /**
     * Sends a good line of the job's file, as a caption with the job's token and scheme of seeds,
     * or as one that is ranked again.
     *
     * @throws StageException the store's, with what it keeps of a request that is ranked again;
     *     nothing is sent then
     */
    void send(JobCreated created, JobParser.Line line, Instant now, JobPublisher.Transaction to) {
        JobParser.Line owned = line.withToken(created.getToken());
        if (created.getReplay() == null) {
            // set in place: Avro's copy of a record within a record may be of another class loader
            CaptionSubmitted caption = owned.caption();
            caption.getOptions().put("seedScheme", created.getSeedScheme());
            to.send(Topics.CAPTIONS, Ids.key(caption.getJobId(), owned.requestId()), caption);
        } else {
            reranks.send(created.getReplay(), owned, now, to);
        }
    }
}
