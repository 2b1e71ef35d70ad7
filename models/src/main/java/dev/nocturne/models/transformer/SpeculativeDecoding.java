package dev.nocturne.models.transformer;

import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.nocturne.models.program.TorchProgram;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * Each row at its own pace, a span of positions in a pass, of which those are kept whose tokens
 * were guessed right: {@code speculative.py}. What is drawn is what a span of one position draws.
 */
final class SpeculativeDecoding implements DecodeLoop {
    private final TorchProgram program;
    private final IValue weights;
    private final IValue layout;
    private final Prefixes prefixes;
    private final Spans spans;
    private final Optional<DecodeLoop> oneByOne;

    /**
     * @param oneByOne what draws better where a span is of one position; empty if nothing does
     */
    SpeculativeDecoding(
            TorchProgram program,
            IValue weights,
            IValue layout,
            Prefixes prefixes,
            Spans spans,
            Optional<DecodeLoop> oneByOne) {
        this.oneByOne = oneByOne;
        this.program = program;
        this.weights = weights;
        this.layout = layout;
        this.prefixes = prefixes;
        this.spans = spans;
    }

    @Override
    public List<DrawnCandidate> draw(DecodeBatch batch, BooleanSupplier keepGoing) {
        int rows = batch.size() * (batch.guided() ? 2 : 1);
        int span = spans.next(rows);
        long began = System.nanoTime();
        List<DrawnCandidate> drawn =
                span == 1 && oneByOne.isPresent()
                        ? oneByOne.get().draw(batch, keepGoing)
                        : draw(batch, span, keepGoing);
        spans.took(rows, span, System.nanoTime() - began);
        return drawn;
    }

    private List<DrawnCandidate> draw(DecodeBatch batch, int span, BooleanSupplier keepGoing) {
        int length = batch.length();
        try (PtNDManager scope = (PtNDManager) program.manager().newSubManager();
                IValue state = begin(batch, span, scope);
                IValue sampling = batch.sampling(scope);
                IValue uniforms = batch.uniforms(0, length + span, scope);
                IValue primed = batch.primed(0, length + 2 * span, scope)) {
            for (int drawn = 0; drawn < length; ) {
                int end = DecodeLoop.next(batch, drawn);
                try (IValue until = IValue.from((long) end);
                        IValue least =
                                program.call(
                                        "draw_ahead",
                                        weights,
                                        layout,
                                        state,
                                        until,
                                        uniforms,
                                        primed,
                                        sampling)) {
                    if (least.toLong() < length) {
                        DecodeLoop.check(keepGoing);
                    }
                }
                batch.show(end, state, scope);
                drawn = end;
            }
            return batch.results(state, scope);
        }
    }

    private IValue begin(DecodeBatch batch, int span, PtNDManager scope) {
        try (Prefixes.OfBatch captions = prefixes.of(batch.texts(), scope);
                IValue list = captions.list();
                IValue caption = IValue.from((PtNDArray) scope.create(captions.captionOfRow()));
                IValue size = IValue.from((long) batch.size());
                IValue positions = IValue.from((long) span)) {
            return program.call("begin_ahead", weights, list, caption, size, positions);
        }
    }
}
