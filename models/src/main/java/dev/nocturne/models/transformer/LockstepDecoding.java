package dev.nocturne.models.transformer;

import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.nocturne.models.program.Constants;
import dev.nocturne.models.program.TorchProgram;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * All rows at the same position, which takes a pass for each, and keeps and reads only what the
 * layers' patterns see: {@code decoding.py}.
 */
final class LockstepDecoding implements DecodeLoop {
    /** Rows that share the keys and values of their caption's text. */
    static final int GROUP = Constants.whole("GROUP");

    /** Slots by which the caches of keys and values grow. */
    static final int GROWTH = Constants.whole("GROWTH");

    private final TorchProgram program;
    private final IValue weights;
    private final IValue layout;
    private final Prefixes prefixes;

    LockstepDecoding(TorchProgram program, IValue weights, IValue layout, Prefixes prefixes) {
        this.program = program;
        this.weights = weights;
        this.layout = layout;
        this.prefixes = prefixes;
    }

    @Override
    public List<DrawnCandidate> draw(DecodeBatch batch, BooleanSupplier keepGoing) {
        try (PtNDManager scope = (PtNDManager) program.manager().newSubManager();
                IValue state = begin(batch, scope);
                IValue sampling = batch.sampling(scope)) {
            for (int start = 0, end; start < batch.length(); start = end) {
                end = DecodeLoop.next(batch, start);
                try (IValue from = IValue.from((long) start);
                        IValue uniforms = batch.uniforms(start, end - start, scope);
                        IValue primed = batch.primed(start, end - start, scope)) {
                    program.call("draw", weights, layout, state, from, uniforms, primed, sampling)
                            .close();
                }
                if (end < batch.length()) {
                    DecodeLoop.check(keepGoing);
                }
                batch.show(end, state, scope);
            }
            return batch.results(state, scope);
        }
    }

    /**
     * The logits before each token of given grids.
     *
     * @param tokens {@code [rows, gridLength]}
     * @return {@code [rows, gridLength, imageVocabulary]}
     */
    float[] logits(DecodeBatch rows, long[] tokens) {
        try (PtNDManager scope = (PtNDManager) program.manager().newSubManager();
                IValue state = begin(rows, scope);
                IValue image =
                        IValue.from(
                                (PtNDArray)
                                        scope.create(
                                                tokens, new Shape(rows.size(), rows.length())));
                IValue logits = program.call("decode_logits", weights, layout, state, image)) {
            return logits.toTensor(scope).toFloatArray();
        }
    }

    private IValue begin(DecodeBatch batch, PtNDManager scope) {
        List<Long> groupCaptions = new ArrayList<>();
        List<Integer> members = new ArrayList<>();
        List<int[]> texts = batch.texts();
        long[] places = new long[texts.size()];
        try (Prefixes.OfBatch captions = prefixes.of(texts, scope)) {
            for (int caption = 0; caption < captions.rows().size(); caption++) {
                List<Integer> rows = captions.rows().get(caption);
                for (int i = 0; i < rows.size(); i++) {
                    if (i % GROUP == 0) {
                        groupCaptions.add((long) caption);
                    }
                    places[rows.get(i)] = members.size();
                    members.add(rows.get(i));
                }
                while (members.size() % GROUP != 0) {
                    members.add(rows.get(0));
                }
            }
            try (IValue list = captions.list();
                    IValue captionOfGroup =
                            IValue.listFrom(
                                    groupCaptions.stream().mapToLong(Long::longValue).toArray());
                    IValue member =
                            tensor(
                                    members.stream().mapToLong(Integer::longValue).toArray(),
                                    scope);
                    IValue place = tensor(places, scope);
                    IValue size = IValue.from((long) batch.size())) {
                return program.call(
                        "begin", weights, layout, list, captionOfGroup, member, place, size);
            }
        }
    }

    private static IValue tensor(long[] values, PtNDManager scope) {
        return IValue.from((PtNDArray) scope.create(values));
    }
}
