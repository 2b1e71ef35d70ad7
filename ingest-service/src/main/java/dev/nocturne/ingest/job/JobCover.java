package dev.nocturne.ingest.job;

import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestStatus;
import dev.nocturne.schemas.Limits;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * By what people know a job in a list: the caption of its first request, and the best pictures of
 * the requests that were painted first. The same whatever the order of the events. Not thread-safe.
 */
public final class JobCover {

    static final int MAX_PICTURES = 4;

    private record Finished(Instant at, String text) {}

    private static final Comparator<Finished> FIRST =
            Comparator.comparing(Finished::at).thenComparing(Finished::text);

    private String submitted; // null: the job's event does not say
    private Finished caption; // of the first result; stands in for the submitted one
    private List<Finished> pictures = List.of(); // their addresses, the first first

    public JobCover() {}

    /** As it was: nothing is to be added. */
    JobCover(String caption, List<String> pictures) {
        submitted = caption;
        this.pictures =
                pictures.stream().map(address -> new Finished(Instant.MIN, address)).toList();
    }

    /**
     * @param caption null if it is not known
     */
    public void submitted(String caption) {
        submitted = excerpt(caption);
    }

    public void finished(RequestFinished event) {
        Instant at = event.getFinishedAt();
        String text = excerpt(event.getRequest().getCaption());
        if (submitted == null && text != null) {
            Finished told = new Finished(at, text);
            caption = caption == null || FIRST.compare(told, caption) < 0 ? told : caption;
        }
        if (event.getStatus() == RequestStatus.COMPLETED && !event.getImages().isEmpty()) {
            add(new Finished(at, address(event)));
        }
    }

    /** Of the best picture, relative to the API's own. */
    private static String address(RequestFinished event) {
        String key = event.getImages().get(0).getKey();
        return "v1/images/%s/%s/%s"
                .formatted(
                        event.getRequest().getJobId(),
                        event.getRequest().getRequestId(),
                        key.substring(key.lastIndexOf('/') + 1));
    }

    /** Nearly always it is later than those that are known, which costs one comparison. */
    private void add(Finished picture) {
        boolean isFull = pictures.size() == MAX_PICTURES;
        if (pictures.contains(picture)
                || isFull && FIRST.compare(picture, pictures.get(MAX_PICTURES - 1)) > 0) {
            return;
        }
        List<Finished> all = new ArrayList<>(pictures);
        all.add(picture);
        all.sort(FIRST);
        pictures = List.copyOf(all.subList(0, Math.min(MAX_PICTURES, all.size())));
    }

    /** Null while it is not known. */
    public String caption() {
        if (submitted != null) {
            return submitted;
        }
        return caption == null ? null : caption.text();
    }

    /** Their addresses, relative to the API's own; at most {@link #MAX_PICTURES}. */
    public List<String> pictures() {
        return pictures.stream().map(Finished::text).toList();
    }

    /** Anybody may write any length into a topic. */
    private static String excerpt(String text) {
        if (text == null || text.isBlank()) {
            return null;
        }
        int chars = text.codePointCount(0, text.length());
        return chars <= Limits.MAX_CAPTION_CHARS
                ? text
                : text.substring(0, text.offsetByCodePoints(0, Limits.MAX_CAPTION_CHARS - 1)) + "…";
    }
}
