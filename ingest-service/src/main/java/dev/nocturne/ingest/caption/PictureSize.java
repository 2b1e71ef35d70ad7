package dev.nocturne.ingest.caption;

import dev.nocturne.ingest.IngestException;

/**
 * The size of the model's pictures, as its encoders say it.
 *
 * @param pixels along each side; 0: no encoder has said it yet
 */
public record PictureSize(int pixels) {

    public static final PictureSize UNKNOWN = new PictureSize(0);

    /**
     * @throws IngestException UNAVAILABLE if it is not known
     */
    boolean is(String width, String height) {
        requireKnown();
        return Integer.parseInt(width) == pixels && Integer.parseInt(height) == pixels;
    }

    /**
     * As it stands in requests.
     *
     * @throws IngestException UNAVAILABLE if it is not known
     */
    public String name() {
        requireKnown();
        return "%dx%1$d".formatted(pixels);
    }

    public boolean isKnown() {
        return pixels > 0;
    }

    private void requireKnown() {
        if (!isKnown()) {
            throw IngestException.unavailable(
                    "which size the model paints is not known before an encoder-worker has started: leave size out, or try again then",
                    null);
        }
    }
}
