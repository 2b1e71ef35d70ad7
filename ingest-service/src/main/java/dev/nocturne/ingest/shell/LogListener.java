package dev.nocturne.ingest.shell;

import dev.nocturne.events.BundleDeployed;
import dev.nocturne.events.JobEvent;
import dev.nocturne.events.JobSubmitted;
import dev.nocturne.events.JobSummary;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.ingest.api.AwaitedResults;
import dev.nocturne.ingest.api.ChangeFeed;
import dev.nocturne.ingest.caption.PictureSizes;
import dev.nocturne.ingest.job.JobLog;
import dev.nocturne.ingest.job.JobTable;
import dev.nocturne.ingest.job.Place;
import dev.nocturne.ingest.result.PartialImages;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;

/** What is read from the log, and what is published here, as soon as it is confirmed. */
final class LogListener implements JobLog.Listener {

    private final JobTable jobs;
    private final ChangeFeed feed;
    private final PartialImages partialImages;
    private final AwaitedResults awaited;
    private volatile PictureSizes pictureSizes = PictureSizes.UNKNOWN;

    LogListener(
            JobTable jobs, ChangeFeed feed, PartialImages partialImages, AwaitedResults awaited) {
        this.jobs = jobs;
        this.feed = feed;
        this.partialImages = partialImages;
        this.awaited = awaited;
    }

    /** Those that the model paints, as far as an encoder has said it by now. */
    PictureSizes pictureSizes() {
        return pictureSizes;
    }

    @Override
    public void read(JobSubmitted event, Place place) {
        jobs.add(event, place);
        feed.changed(event.getJobId());
    }

    @Override
    public void read(JobEvent event, Place place) {
        jobs.add(event, place);
        feed.changed(event.getJobId());
    }

    @Override
    public void read(RequestFinished event, int partition, long offset) {
        jobs.add(event, partition, offset);
        feed.changed(event.getRequest().getJobId());
        partialImages.finished(event.getRequest().getJobId(), event.getRequest().getRequestId());
        awaited.finished(event);
    }

    @Override
    public void read(BundleDeployed event) {
        pictureSizes = PictureSizes.of(event);
    }

    @Override
    public void read(JobSummary summary) {
        jobs.add(summary);
    }

    @Override
    public void forget(String jobId) {
        jobs.forget(jobId);
    }

    @Override
    public void readTo(Map<TopicPartition, Long> next) {
        jobs.readTo(next);
    }
}
