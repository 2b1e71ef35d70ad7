package dev.nocturne.models.dvae;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.nocturne.models.format.Safetensors;
import dev.nocturne.models.picture.Pixels;
import dev.nocturne.models.picture.TokenGrid;
import dev.nocturne.models.program.Machine;
import dev.nocturne.models.program.Precision;
import dev.nocturne.models.program.TorchProgram;
import java.awt.image.BufferedImage;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * The discrete VAE (Ramesh et al. 2021, section 2.1): pictures of {@code imageSize}² pixels to
 * grids of tokens and back.
 *
 * <p>Decoding is deterministic: the same grid gives the same pixels. Belongs to one thread at a
 * time; the caller closes it.
 */
public final class DiscreteVae implements AutoCloseable {
    /**
     * Memory for the activations of one micro-batch. More makes a GPU faster; a processor is as
     * fast with these few.
     */
    private static final long MICRO_BATCH_BYTES = Machine.hasGpu() ? 8L << 30 : 64L << 20;

    private static final int MOST_AT_A_TIME = 64;

    private static final int MIDDLE_GREY = 128;

    /** Layers of the widest kind that are in memory at the same time, about. */
    private static final int LIVE_LAYERS = 4;

    private final TorchProgram program;
    private final IValue weights;
    private final int imageSize;
    private final int gridSize;
    private final int vocabulary;
    private final boolean readsPictures;
    private final int microBatch;

    /**
     * @param weights encoder and decoder by the names and in the shapes of {@link
     *     DvaeFamily#shapes}
     * @param imageSize side of the pictures in pixels
     * @param precision of the convolutions; the layers beside the codes are float32 always
     */
    public DiscreteVae(
            Map<String, Safetensors.Tensor> weights,
            DvaeFamily architecture,
            int imageSize,
            Precision precision) {
        this.imageSize = imageSize;
        this.gridSize = imageSize / architecture.downsampling();
        this.vocabulary = architecture.vocabulary();
        this.readsPictures = architecture.readsPictures();
        this.microBatch = microBatch(architecture, imageSize);
        this.program = architecture.program();
        this.weights = program.prepare(weights, precision);
    }

    /** Side of the pictures in pixels. */
    public int imageSize() {
        return imageSize;
    }

    /**
     * How many pictures of this size go through the layers together: as many as 64 mebibytes of
     * activations allow, on a GPU eight gibibytes, 1 to 64. The paper's dVAE takes 1, on a GPU 32.
     */
    public static int microBatch(DvaeFamily architecture, int imageSize) {
        long perPicture =
                (long) imageSize
                        * imageSize
                        * architecture.widestChannels()
                        * Float.BYTES
                        * LIVE_LAYERS;
        return (int) Math.max(1, Math.min(MOST_AT_A_TIME, MICRO_BATCH_BYTES / perPicture));
    }

    /** How many pictures go through the layers together. */
    public int microBatch() {
        return microBatch;
    }

    /** Tokens along each side of a grid. */
    public int gridSize() {
        return gridSize;
    }

    /** Size of the codebook; tokens count from 0. */
    public int vocabulary() {
        return vocabulary;
    }

    /** Whether it can {@link #encode}. */
    public boolean readsPictures() {
        return readsPictures;
    }

    /**
     * The tokens of a picture of any size: its middle square, resized.
     *
     * @return {@code [gridSize, gridSize]} tokens
     * @throws UnsupportedOperationException if it came without an encoder
     */
    public TokenGrid encode(BufferedImage picture) {
        return encode(Pixels.planar(Pixels.fit(picture, imageSize)), 1).get(0);
    }

    /**
     * The tokens of any number of pictures.
     *
     * @param pixels {@code [count, 3, imageSize, imageSize]}, unsigned bytes
     * @return {@code count} grids of {@code [gridSize, gridSize]} tokens, in order
     * @throws UnsupportedOperationException if it came without an encoder
     */
    public List<TokenGrid> encode(byte[] pixels, int count) {
        if (!readsPictures) {
            throw new UnsupportedOperationException("this model has no encoder of pictures");
        }
        int length = gridSize * gridSize;
        List<TokenGrid> grids = new ArrayList<>(count);
        for (int from = 0; from < count; from += microBatch) {
            int[] tokens = encodeTogether(pixels, from, Math.min(microBatch, count - from));
            for (int at = 0; at < tokens.length; at += length) {
                grids.add(
                        new TokenGrid(
                                gridSize, gridSize, Arrays.copyOfRange(tokens, at, at + length)));
            }
        }
        return grids;
    }

    private int[] encodeTogether(byte[] pixels, int from, int count) {
        int picture = 3 * imageSize * imageSize;
        try (PtNDManager scope = (PtNDManager) program.manager().newSubManager();
                IValue input =
                        IValue.from(
                                (PtNDArray)
                                        scope.create(
                                                ByteBuffer.wrap(
                                                                pixels,
                                                                from * picture,
                                                                count * picture)
                                                        .slice(),
                                                new Shape(count, 3, imageSize, imageSize),
                                                DataType.UINT8));
                IValue output = program.call("encode", weights, input)) {
            return Arrays.stream(output.toTensor(scope).toLongArray())
                    .mapToInt(Math::toIntExact)
                    .toArray();
        }
    }

    /**
     * The token for what is not drawn yet: of those that the encoder sees in a flat middle grey,
     * the one whose own picture is nearest to it; of equals the lowest. Without an encoder, of as
     * many as a grid holds, evenly from the codebook. The same for the same weights on the same
     * kind of processor.
     */
    public int neutralToken() {
        return readsPictures ? nearestOfSeen() : nearestOfCodebook();
    }

    private int nearestOfSeen() {
        byte[] grey = new byte[3 * imageSize * imageSize];
        Arrays.fill(grey, (byte) MIDDLE_GREY);
        int[] seen = Arrays.stream(encode(grey, 1).get(0).tokens()).distinct().sorted().toArray();
        int nearest = seen[0];
        long least = Long.MAX_VALUE;
        for (int token : seen) {
            int[] tokens = new int[gridSize * gridSize];
            Arrays.fill(tokens, token);
            TokenGrid grid = new TokenGrid(gridSize, gridSize, tokens);
            long distance = distanceFromGrey(decode(List.of(grid)).get(0));
            if (distance < least) {
                least = distance;
                nearest = token;
            }
        }
        return nearest;
    }

    private int nearestOfCodebook() {
        int places = gridSize * gridSize;
        int[] tokens = new int[places];
        for (int place = 0; place < places; place++) {
            tokens[place] = (int) ((long) place * vocabulary / places);
        }
        BufferedImage picture = decode(List.of(new TokenGrid(gridSize, gridSize, tokens))).get(0);
        int side = imageSize / gridSize;
        int nearest = 0;
        long least = Long.MAX_VALUE;
        for (int place = 0; place < places; place++) {
            long distance =
                    distanceFromGrey(
                            picture.getSubimage(
                                    place % gridSize * side, place / gridSize * side, side, side));
            if (distance < least) {
                least = distance;
                nearest = tokens[place];
            }
        }
        return nearest;
    }

    private static long distanceFromGrey(BufferedImage picture) {
        long sum = 0;
        for (byte value : Pixels.planar(picture)) {
            long difference = (value & 255) - MIDDLE_GREY;
            sum += difference * difference;
        }
        return sum;
    }

    /**
     * Renders any number of grids.
     *
     * @param grids of {@code [gridSize, gridSize]} tokens
     * @return pictures of {@code imageSize}² pixels in RGB, in order
     * @throws IllegalArgumentException if a grid is of another size, or a token not in the codebook
     */
    public List<BufferedImage> decode(List<TokenGrid> grids) {
        List<BufferedImage> pictures = new ArrayList<>(grids.size());
        byte[] planar = new byte[3 * imageSize * imageSize];
        for (int from = 0; from < grids.size(); from += microBatch) {
            List<TokenGrid> together =
                    grids.subList(from, Math.min(grids.size(), from + microBatch));
            try (PtNDManager scope = (PtNDManager) program.manager().newSubManager();
                    IValue output = renderNative(together)) {
                ByteBuffer pixels = output.toTensor(scope).toByteBuffer();
                for (int i = 0; i < together.size(); i++) {
                    pixels.get(planar);
                    pictures.add(Pixels.picture(planar, imageSize));
                }
            }
        }
        return pictures;
    }

    /**
     * Renders grids, in one batch, to a native uint8 tensor {@code [count, 3, imageSize,
     * imageSize]}; the caller closes it and asks for no more than {@link #microBatch()}.
     */
    public IValue renderNative(List<TokenGrid> grids) {
        try (PtNDManager scope = (PtNDManager) program.manager().newSubManager();
                IValue input = IValue.from((PtNDArray) tokens(grids, scope))) {
            return program.call("render", weights, input);
        }
    }

    /**
     * Grids as int64 [batch, gridSize, gridSize]; refuses tokens that the codebook does not have.
     */
    private NDArray tokens(List<TokenGrid> grids, PtNDManager scope) {
        long[] tokens = new long[grids.size() * gridSize * gridSize];
        int at = 0;
        for (TokenGrid grid : grids) {
            if (grid.height() != gridSize || grid.width() != gridSize) {
                throw new IllegalArgumentException(
                        "a grid of "
                                + grid.height()
                                + "x"
                                + grid.width()
                                + " tokens does not fit this model, which draws "
                                + gridSize
                                + "x"
                                + gridSize);
            }
            for (int token : grid.tokens()) {
                if (token < 0 || token >= vocabulary) {
                    throw new IllegalArgumentException(
                            "token " + token + " is not in the codebook of " + vocabulary);
                }
                tokens[at++] = token;
            }
        }
        return scope.create(tokens, new Shape(grids.size(), gridSize, gridSize));
    }

    /** Nanoseconds spent in the program so far. */
    public long nanosInside() {
        return program.nanosInside();
    }

    @Override
    public void close() {
        weights.close();
        program.close();
    }
}
