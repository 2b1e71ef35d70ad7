package dev.nocturne.ingest.api;

import dev.nocturne.ingest.Excerpt;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.caption.PictureSizes;
import dev.nocturne.ingest.lag.LagMonitor;
import dev.nocturne.ingest.result.DeadLetterLog;
import dev.nocturne.ingest.result.PartialImage;
import dev.nocturne.ingest.result.PartialImages;
import dev.nocturne.ingest.webhook.WebhookEndpoints;
import java.util.List;
import java.util.function.Supplier;

/**
 * All that callers can ask for. What needs the jobs is behind a gate: each of its methods throws an
 * {@link IngestException} UNAVAILABLE while the jobs are not known. Thread-safe.
 */
public final class IngestApi {

    private final Gate<UseCases> gate;
    private final ChangeFeed changes;
    private final LagMonitor lag;
    private final WebhookEndpoints webhookEndpoints;
    private final PartialImages partialImages;
    private final Supplier<PictureSizes> pictureSizes;

    /**
     * @param pictureSizes the model's, as far as it is known by now
     */
    public IngestApi(
            Gate<UseCases> gate,
            ChangeFeed changes,
            LagMonitor lag,
            WebhookEndpoints webhookEndpoints,
            PartialImages partialImages,
            Supplier<PictureSizes> pictureSizes) {
        this.gate = gate;
        this.changes = changes;
        this.lag = lag;
        this.webhookEndpoints = webhookEndpoints;
        this.partialImages = partialImages;
        this.pictureSizes = pictureSizes;
    }

    // ---- behind the gate

    public FileApi files() {
        return gate.require().files();
    }

    public BatchApi batches() {
        return gate.require().batches();
    }

    public JobApi jobs() {
        return gate.require().jobs();
    }

    public FollowUpApi followUps() {
        return gate.require().followUps();
    }

    public ImageApi images() {
        return gate.require().images();
    }

    public CandidateApi candidates() {
        return gate.require().candidates();
    }

    public ResultApi results() {
        return gate.require().results();
    }

    public JobFileApi jobFiles() {
        return gate.require().jobFiles();
    }

    /** A replay asks which job the letter belongs to. */
    public DeadLetterLog deadLetters() {
        return gate.require().deadLetters();
    }

    // ---- at any time

    public ChangeFeed changes() {
        return changes;
    }

    public LagMonitor lag() {
        return lag;
    }

    public WebhookEndpoints webhookEndpoints() {
        return webhookEndpoints;
    }

    /** Those that a request may name; empty while no encoder has said what the model paints. */
    public List<String> sizes() {
        PictureSizes pictures = pictureSizes.get();
        return pictures.isKnown() ? pictures.names() : List.of();
    }

    /**
     * The picture of a request as far as it is drawn.
     *
     * @throws IngestException UNKNOWN if it is finished, none was asked for, or none is there yet
     */
    public PartialImage partialImage(String jobId, String requestId) {
        return partialImages
                .latest(jobId, requestId)
                .orElseThrow(
                        () ->
                                IngestException.unknown(
                                        "request",
                                        "unknown_picture",
                                        "request '%s' of job '%s' is not being drawn, or its partial_images is 0"
                                                .formatted(
                                                        Excerpt.of(requestId), Excerpt.of(jobId))));
    }
}
