package dev.nocturne.models.transformer;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.nocturne.models.program.TorchProgram;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.stream.Stream;

/**
 * The sizes of a transformer that draws, of whatever family: what {@link GridGenerator} has to know
 * of it. In {@code model.json} the families of others have a name; ours has none.
 */
@JsonTypeInfo(
        use = JsonTypeInfo.Id.NAME,
        include = JsonTypeInfo.As.EXISTING_PROPERTY,
        property = "family",
        defaultImpl = TransformerArchitecture.class)
@JsonSubTypes({
    @JsonSubTypes.Type(
            value = DallePytorchTransformer.class,
            name = DallePytorchTransformer.FAMILY),
    @JsonSubTypes.Type(value = KakaoTransformer.class, name = KakaoTransformer.FAMILY),
    @JsonSubTypes.Type(value = DalleMiniTransformer.class, name = DalleMiniTransformer.FAMILY)
})
public sealed interface TransformerFamily
        permits TransformerArchitecture,
                DallePytorchTransformer,
                KakaoTransformer,
                DalleMiniTransformer {

    /** Sources of its program, but for those that every family has. */
    List<String> sources();

    /** Its program, with {@code decoding.py}; the caller closes it. */
    default TorchProgram program() {
        return program("decoding.py");
    }

    /** Its program, with {@code next_token.py}; the caller closes it. */
    default TorchProgram trainingProgram() {
        return program("decoding.py", "next_token.py", "adamw.py");
    }

    private TorchProgram program(String... others) {
        return TorchProgram.load(
                Stream.concat(sources().stream(), Stream.of(others)).toArray(String[]::new));
    }

    /** Name and shape of every weight; matrices are {@code [out, in]}. */
    Map<String, long[]> shapes();

    /** What each layer attends to, {@code [layers]}. */
    List<AttentionPattern> patterns();

    /**
     * What changes its output and does not show in its weights, by its name in {@code model.json};
     * what is as usual is left out. It is part of the bundle's id, so no default may change.
     */
    SortedMap<String, Object> beyondWeights();

    /**
     * The argument {@code layout} of the program: {@link AttentionPattern#ordinal} of each layer,
     * then what else it has to know, by family; {@code [layers]} or a few more.
     */
    default long[] layout() {
        return patterns().stream().mapToLong(AttentionPattern::ordinal).toArray();
    }

    /** Whether positions can be drawn ahead: every layer attends to all that is before. */
    default boolean drawsAhead() {
        return patterns().stream().allMatch(AttentionPattern.FULL::equals);
    }

    /**
     * Text ids at every position of the program's text.
     *
     * @param textTokens of the caption, at most {@link #textLength}; none for drawing without one
     * @return {@code [positions]}: {@link #textPositions}, or fewer where the program needs no pads
     * @throws IllegalArgumentException if there are more than the transformer reads
     */
    default long[] padded(int[] textTokens) {
        if (textTokens.length > textLength()) {
            throw new IllegalArgumentException(
                    "%d text tokens; the transformer reads at most %d"
                            .formatted(textTokens.length, textLength()));
        }
        return ids(textTokens);
    }

    /**
     * The same as rows of a batch have it: {@code [textPositions]}, below 0 where there is none.
     *
     * @param textTokens of the caption, at most {@link #textLength}
     */
    default long[] row(int[] textTokens) {
        long[] ids = padded(textTokens);
        long[] row = Arrays.copyOf(ids, textPositions());
        Arrays.fill(row, ids.length, row.length, -1);
        return row;
    }

    /** {@link #padded} of as many tokens as the transformer reads, or fewer. */
    long[] ids(int[] textTokens);

    /** Tokens of a caption that the transformer reads. */
    int textLength();

    /** The most positions of text that an image position attends to. */
    default int textPositions() {
        return padded(new int[0]).length;
    }

    /** Whether nothing but text goes through this weight: that of an encoder. */
    default boolean readsTextOnly(String weight) {
        return false;
    }

    /** Whether this weight is as it is by its definition, and so is never trained. */
    default boolean isConstant(String weight) {
        return false;
    }

    /** Numbers in a key or a value, all heads together. */
    int keyWidth();

    /** Size of the codebook. */
    int imageVocabulary();

    /** Tokens along each side of the image. */
    int gridSize();

    /** Image positions. */
    default int gridLength() {
        return gridSize() * gridSize();
    }
}
