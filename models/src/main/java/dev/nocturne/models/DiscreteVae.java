package dev.nocturne.models;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import java.awt.image.BufferedImage;
import java.nio.ByteBuffer;
import java.util.ArrayList;
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
    private final TorchProgram program;
    private final IValue weights;
    private final int imageSize;
    private final int gridSize;
    private final int vocabulary;

    /**
     * @param weights encoder and decoder by the names of {@link DvaeFamily#shapes}
     * @param imageSize side of the pictures in pixels
     */
    public DiscreteVae(
            Map<String, Safetensors.Tensor> weights,
            DvaeFamily architecture,
            int imageSize,
            Precision precision) {
        this.imageSize = imageSize;
        this.gridSize = imageSize / architecture.downsampling();
        this.vocabulary = architecture.vocabulary();
        this.program = architecture.program();
        this.weights = program.prepare(weights, precision);
    }

    public int imageSize() {
        return imageSize;
    }

    /** Tokens along each side of a grid. */
    public int gridSize() {
        return gridSize;
    }

    public int vocabulary() {
        return vocabulary;
    }

    /** The tokens of a picture of any size: its middle square, resized. */
    public TokenGrid encode(BufferedImage picture) {
        return encode(Pixels.planar(Pixels.fit(picture, imageSize)), 1).get(0);
    }

    /**
     * @param pixels {@code [count, 3, imageSize, imageSize]}, unsigned bytes
     */
    public List<TokenGrid> encode(byte[] pixels, int count) {
        try (PtNDManager scope = (PtNDManager) program.manager().newSubManager();
                IValue input =
                        IValue.from(
                                (PtNDArray)
                                        scope.create(
                                                ByteBuffer.wrap(pixels),
                                                new Shape(count, 3, imageSize, imageSize),
                                                DataType.UINT8));
                IValue output = program.call("encode", weights, input)) {
            long[] tokens = output.toTensor(scope).toLongArray();
            List<TokenGrid> grids = new ArrayList<>(count);
            int length = gridSize * gridSize;
            for (int i = 0; i < count; i++) {
                int[] grid = new int[length];
                for (int p = 0; p < length; p++) {
                    grid[p] = (int) tokens[i * length + p];
                }
                grids.add(new TokenGrid(gridSize, gridSize, grid));
            }
            return grids;
        }
    }

    /** Renders grids, in one batch. */
    public List<BufferedImage> decode(List<TokenGrid> grids) {
        try (PtNDManager scope = (PtNDManager) program.manager().newSubManager();
                IValue output = renderNative(grids)) {
            ByteBuffer pixels = output.toTensor(scope).toByteBuffer();
            List<BufferedImage> pictures = new ArrayList<>(grids.size());
            byte[] planar = new byte[3 * imageSize * imageSize];
            for (int i = 0; i < grids.size(); i++) {
                pixels.get(planar);
                pictures.add(Pixels.picture(planar, imageSize));
            }
            return pictures;
        }
    }

    /**
     * Renders grids to a native uint8 tensor {@code [count, 3, imageSize, imageSize]}; the caller
     * closes it.
     */
    IValue renderNative(List<TokenGrid> grids) {
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
