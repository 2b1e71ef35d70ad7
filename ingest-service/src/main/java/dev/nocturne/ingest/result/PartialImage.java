package dev.nocturne.ingest.result;

import dev.nocturne.events.PartialImageRendered;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.PictureFormat;

/**
 * The first candidate of a request as far as it is drawn.
 *
 * @param index 0-based, of those that were asked for
 * @param seed the candidate's
 * @param width in pixels
 * @param height in pixels
 */
public record PartialImage(
        String jobId,
        String requestId,
        String caption,
        int index,
        long seed,
        int width,
        int height,
        PictureFormat format,
        byte[] file) {

    static PartialImage of(PartialImageRendered event) {
        return new PartialImage(
                event.getRequest().getJobId(),
                event.getRequest().getRequestId(),
                event.getRequest().getCaption(),
                event.getIndex(),
                event.getSeed(),
                event.getWidth(),
                event.getHeight(),
                PictureFormat.named(event.getFormat()).orElseThrow(),
                EventCodec.bytes(event.getFile()));
    }
}
