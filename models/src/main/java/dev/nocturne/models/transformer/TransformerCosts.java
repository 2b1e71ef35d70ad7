package dev.nocturne.models.transformer;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * What a transformer costs to decode with, by arithmetic from its sizes. A multiplication and an
 * addition are two operations.
 *
 * @param parameters numbers in its weights
 * @param weightBytes the weights in the precision of the matrix products
 * @param flopsPerCaption the text of one caption, once for all its candidates
 * @param flopsPerImage the image tokens of one candidate
 * @param keyValueBytes kept for the image of one candidate
 * @param textKeyValueBytes kept for the text of one caption, once for each eight candidates
 * @param keyValueBytesRead read for one candidate over all its tokens, its share of the text's
 *     included
 * @param textKeyValueBytesRead the text's, if a candidate does not share it
 * @param denseKeyValueBytesRead the same as keyValueBytesRead if every layer attended to everything
 *     and every candidate had the text for itself
 */
public record TransformerCosts(
        long parameters,
        long weightBytes,
        double flopsPerCaption,
        double flopsPerImage,
        long keyValueBytes,
        long textKeyValueBytes,
        double keyValueBytesRead,
        double textKeyValueBytesRead,
        double denseKeyValueBytesRead) {

    /** Left for activations, logits and what the libraries take. */
    private static final double USABLE_MEMORY = 0.9;

    private static final String IMAGE_HEAD = "image_head.weight";

    /**
     * @param bytesPerNumber of weights, keys and values: 2 for bfloat16, 4 for float32
     */
    public static TransformerCosts of(TransformerFamily architecture, int bytesPerNumber) {
        Map<String, long[]> shapes = architecture.shapes();
        long parameters = parameters(shapes);
        long width = architecture.keyWidth();
        int layers = architecture.patterns().size();
        int grid = architecture.gridSize();
        int length = architecture.gridLength();
        int text = architecture.textPositions();
        double matrices = 2.0 * parameters(matricesOfText(architecture));
        double matricesAndHead = 2.0 * parameters(matricesOfImage(architecture));
        long keyAndValueBytes = 2 * width * bytesPerNumber;

        double seen = 0;
        double read = 0;
        double dense = 0;
        long kept = 0;
        for (AttentionPattern pattern : architecture.patterns()) {
            kept += pattern.kept(grid);
            for (int position = 0; position < length; position++) {
                seen += pattern.keys(position, grid).length;
                read += pattern.read(position, grid);
                dense += AttentionPattern.FULL.read(position, grid);
            }
        }
        double texts = (double) text * length * layers;
        double causalText = layers * (text + 1) / 2.0 * text;
        return new TransformerCosts(
                parameters,
                parameters * bytesPerNumber,
                text * matrices + 4.0 * width * causalText,
                length * matricesAndHead + 4.0 * width * (texts + seen),
                kept * keyAndValueBytes,
                (long) text * layers * keyAndValueBytes,
                (texts / LockstepDecoding.GROUP + read) * keyAndValueBytes,
                texts * keyAndValueBytes,
                (texts + dense) * keyAndValueBytes);
    }

    /**
     * Operations of one training step for one picture: the whole sequence once forward, and twice
     * as much backward.
     */
    public static double flopsPerTrainingExample(TransformerArchitecture architecture) {
        double width = architecture.width();
        double image = architecture.gridLength();
        double text = architecture.textLength();
        double positions = text + image - 1;
        double matrices = 24 * width * width * architecture.layers() * positions;
        double heads =
                2
                        * width
                        * ((text - 1) * architecture.textIds()
                                + image * architecture.imageVocabulary());
        double seen = (double) architecture.layers() * positions * (positions + 1) / 2;
        return 3 * (matrices + heads + 4 * width * seen);
    }

    /** Bytes of weights that are read for each position: the layers and the image's head. */
    public static double weightBytesRead(TransformerFamily architecture, int bytesPerNumber) {
        return (double) bytesPerNumber * parameters(matricesOfImage(architecture));
    }

    /**
     * As {@link #keyValueBytesRead()}, for a caption of so few candidates that they may not fill
     * the eight who share its text.
     */
    public double keyValueBytesRead(int candidates) {
        int groups = (candidates + LockstepDecoding.GROUP - 1) / LockstepDecoding.GROUP;
        double share = (double) groups / candidates - 1.0 / LockstepDecoding.GROUP;
        return keyValueBytesRead + share * textKeyValueBytesRead;
    }

    /** Candidates that decode together in so much memory; 0 if not even the weights fit. */
    public long batch(double memoryBytes) {
        double perCandidate = keyValueBytes + (double) textKeyValueBytes / LockstepDecoding.GROUP;
        return (long) Math.max(0, (memoryBytes * USABLE_MEMORY - weightBytes) / perCandidate);
    }

    /** The matrices that a caption goes through: those of an encoder, or of all layers. */
    private static Map<String, long[]> matricesOfText(TransformerFamily architecture) {
        Map<String, long[]> matrices = matricesOfLayers(architecture.shapes());
        if (matrices.keySet().stream().anyMatch(architecture::readsTextOnly)) {
            matrices.keySet().removeIf(weight -> !architecture.readsTextOnly(weight));
        }
        return matrices;
    }

    /** The matrices of a position of the image: those of the layers and the head. */
    private static Map<String, long[]> matricesOfImage(TransformerFamily architecture) {
        Map<String, long[]> matrices = matricesOfLayers(architecture.shapes());
        matrices.keySet().removeIf(architecture::readsTextOnly);
        matrices.put(IMAGE_HEAD, architecture.shapes().get(IMAGE_HEAD));
        return matrices;
    }

    /** Those with the number of a layer in their names. */
    private static Map<String, long[]> matricesOfLayers(Map<String, long[]> shapes) {
        Map<String, long[]> matrices = new HashMap<>(shapes);
        matrices.entrySet()
                .removeIf(
                        weight ->
                                weight.getValue().length != 2
                                        || !weight.getKey().matches(".*\\.\\d+\\..*"));
        return matrices;
    }

    /** Numbers in weights of these shapes. */
    public static long parameters(Map<String, long[]> shapes) {
        return shapes.values().stream()
                .mapToLong(shape -> Arrays.stream(shape).reduce(1, Math::multiplyExact))
                .sum();
    }
}
