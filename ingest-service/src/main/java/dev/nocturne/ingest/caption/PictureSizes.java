package dev.nocturne.ingest.caption;

import dev.nocturne.events.BundleDeployed;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.schemas.SizeName;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The sizes in which the model paints, as its encoders say it.
 *
 * @param pixels along each side; none: no encoder has said it yet
 */
public record PictureSizes(List<Integer> pixels) {

    public static final PictureSizes UNKNOWN = new PictureSizes(List.of());

    /** As an encoder says it, or one of a version that had one size alone. */
    public static PictureSizes of(BundleDeployed event) {
        int own = event.getImageSize();
        return !event.getSizes().isEmpty() || own == 0
                ? new PictureSizes(event.getSizes())
                : new PictureSizes(List.of(own));
    }

    /**
     * As they stand in requests, the model's own choice included.
     *
     * @throws IngestException UNAVAILABLE if they are not known
     */
    public List<String> names() {
        requireKnown();
        return Stream.concat(Stream.of(SizeName.AUTO), pixels.stream().map(SizeName::of)).toList();
    }

    /** The same in words. */
    String inWords() {
        return pixels.stream()
                .map(side -> "'%s'".formatted(SizeName.of(side)))
                .collect(Collectors.joining(", ", "", " or '%s'".formatted(SizeName.AUTO)));
    }

    public boolean isKnown() {
        return !pixels.isEmpty();
    }

    private void requireKnown() {
        if (!isKnown()) {
            throw IngestException.unavailable(
                    "which sizes the model paints is not known before an encoder-worker has started: leave size out, or try again then",
                    null);
        }
    }
}
