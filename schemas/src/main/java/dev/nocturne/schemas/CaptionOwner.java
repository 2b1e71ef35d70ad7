package dev.nocturne.schemas;

import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.RequestRef;

/** Which job and request a caption belongs to, whoever has published it. */
public final class CaptionOwner {

    private CaptionOwner() {}

    /**
     * The request of a caption: of the job that it names, or of one of its own. A caption that
     * names a job without its token has a job of its own, so that it can do nothing to the other.
     */
    public static RequestRef request(CaptionSubmitted caption) {
        String customId = caption.getCustomId();
        String jobId = claimed(caption);
        if (!Ids.mayClaim(jobId, caption.getJobToken())) {
            jobId = Ids.captionJobId(jobId + '/' + customId); // no plain name, so a hash
        }
        String text = PlainText.onOneLine(caption.getCaption());
        return new RequestRef(jobId, Ids.requestId(jobId, customId), customId, text);
    }

    /** Whether it names no job, or one that it has no right to. */
    public static boolean isJobOfItsOwn(CaptionSubmitted caption) {
        return caption.getJobId() == null || !ownsClaim(caption);
    }

    /** False for a caption with the id of another's job. */
    public static boolean ownsClaim(CaptionSubmitted caption) {
        return Ids.mayClaim(claimed(caption), caption.getJobToken());
    }

    /** The job that it names, or by its custom id would have; whether it may or not. */
    public static String claimed(CaptionSubmitted caption) {
        return caption.getJobId() == null
                ? Ids.captionJobId(caption.getCustomId())
                : caption.getJobId();
    }
}
