package dev.nocturne.models.transformer;

import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.nocturne.models.program.TorchProgram;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What the program's {@code prefill} makes of texts: keys and values, and the last hidden state.
 * Each text is run by itself, so that its numbers never depend on company. That of no caption is
 * kept for all guided batches.
 */
final class Prefixes implements AutoCloseable {
    private final TorchProgram program;
    private final IValue weights;
    private final IValue layout;
    private final TransformerFamily architecture;

    /** Null until the first guided batch. */
    private IValue captionless;

    Prefixes(TorchProgram program, IValue weights, IValue layout, TransformerFamily architecture) {
        this.program = program;
        this.weights = weights;
        this.layout = layout;
        this.architecture = architecture;
    }

    /**
     * Those of a batch's rows, each text once.
     *
     * @param values closed with this
     * @param rows the rows of each value
     */
    record OfBatch(List<IValue> values, List<List<Integer>> rows, IValue kept)
            implements AutoCloseable {
        /** {@code [rows]}: the index of each row's value. */
        long[] captionOfRow() {
            long[] captions = new long[rows.stream().mapToInt(List::size).sum()];
            for (int caption = 0; caption < rows.size(); caption++) {
                for (int row : rows.get(caption)) {
                    captions[row] = caption;
                }
            }
            return captions;
        }

        IValue list() {
            return IValue.listFrom(values.toArray(new IValue[0]));
        }

        @Override
        public void close() {
            values.stream().filter(value -> value != kept).forEach(IValue::close);
        }
    }

    /**
     * @throws IllegalArgumentException if a text is longer than the transformer reads
     */
    OfBatch of(List<int[]> texts, PtNDManager scope) {
        Map<List<Integer>, List<Integer>> rowsOfText = new LinkedHashMap<>();
        for (int row = 0; row < texts.size(); row++) {
            List<Integer> text = Arrays.stream(texts.get(row)).boxed().toList();
            rowsOfText.computeIfAbsent(text, key -> new ArrayList<>()).add(row);
        }
        List<List<Integer>> rows = List.copyOf(rowsOfText.values());
        List<IValue> values = new ArrayList<>();
        try {
            for (List<Integer> ofText : rows) {
                values.add(prefix(texts.get(ofText.get(0)), scope));
            }
            return new OfBatch(values, rows, captionless());
        } catch (RuntimeException | Error e) {
            new OfBatch(values, rows, captionless()).close();
            throw e;
        }
    }

    private synchronized IValue captionless() {
        return captionless;
    }

    private IValue prefix(int[] text, PtNDManager scope) {
        if (text.length > 0) {
            return prefill(text, scope);
        }
        synchronized (this) {
            if (captionless == null) {
                captionless = prefill(text, scope);
            }
            return captionless;
        }
    }

    private IValue prefill(int[] text, PtNDManager scope) {
        long[] ids = architecture.padded(text);
        try (IValue row = IValue.from((PtNDArray) scope.create(ids, new Shape(1, ids.length)))) {
            return program.call("prefill", weights, layout, row);
        }
    }

    @Override
    public synchronized void close() {
        if (captionless != null) {
            captionless.close();
        }
    }
}
