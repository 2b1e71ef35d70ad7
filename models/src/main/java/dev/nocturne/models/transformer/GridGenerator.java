package dev.nocturne.models.transformer;

import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.IValue;
import dev.nocturne.models.format.Safetensors;
import dev.nocturne.models.program.Machine;
import dev.nocturne.models.program.Precision;
import dev.nocturne.models.program.TorchProgram;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

/**
 * Draws token grids with the transformer, a batch at a time (Ramesh et al. 2021, section 2.2).
 *
 * <p>A candidate's tokens depend on its caption, seed and sampling, not on what else is in the
 * batch: each caption is read by itself, and where products of few rows are rounded otherwise than
 * those of many, the batch always has its full size, padded with a copy of the last candidate.
 * There the tokens may change with the batch size; everywhere they may with the precision and the
 * kind of processor. Guided candidates are drawn apart from the others, since they take two rows.
 *
 * <p>Belongs to one thread at a time; the caller closes it.
 */
public final class GridGenerator implements AutoCloseable {
    /** More than a pass of the speculative decoding has, of a batch of 32 guided candidates. */
    private static final int PROBED_ROWS = 512;

    /**
     * Up to so many text positions it is faster if every candidate has the text for itself than if
     * those of a caption share it.
     */
    private static final int SHORT_TEXT = 64;

    private final TorchProgram program;
    private final IValue weights;
    private final IValue layout;
    private final TransformerFamily architecture;
    private final int batchSize;
    private final Drawers drawers;

    /** Candidates of a full batch that one thread draws. */
    private final int shareSize;

    private final boolean fewRowsAreAlike;
    private final Prefixes prefixes;
    private final LockstepDecoding lockstep;
    private final DecodeLoop loop;

    /**
     * @param weights by the names and in the shapes of {@link TransformerFamily#shapes}
     * @param batchSize candidates drawn together
     * @param precision of the matrix products
     */
    public GridGenerator(
            Map<String, Safetensors.Tensor> weights,
            TransformerFamily architecture,
            int batchSize,
            Precision precision) {
        this(weights, architecture, batchSize, precision, Spans.measured());
    }

    /**
     * @param spans positions that a pass runs, where the transformer can draw ahead
     */
    public GridGenerator(
            Map<String, Safetensors.Tensor> weights,
            TransformerFamily architecture,
            int batchSize,
            Precision precision,
            Spans spans) {
        if (batchSize < 1) {
            throw new IllegalArgumentException(
                    "the batch size is " + batchSize + "; choose at least 1");
        }
        this.architecture = architecture;
        this.batchSize = batchSize;
        this.program = architecture.program();
        this.drawers = Drawers.of(weightBytes(architecture, precision), batchSize);
        this.shareSize = share(batchSize);
        this.weights = program.prepare(weights, precision, shareSize);
        this.layout = IValue.from((PtNDArray) program.hostManager().create(architecture.layout()));
        this.prefixes = new Prefixes(program, this.weights, layout, architecture);
        this.lockstep = new LockstepDecoding(program, this.weights, layout, prefixes);
        this.loop = architecture.drawsAhead() ? speculative(spans) : lockstep;
        this.fewRowsAreAlike = fewRowsAreAlike();
    }

    private DecodeLoop speculative(Spans spans) {
        boolean isShort = architecture.textLength() <= SHORT_TEXT;
        return new SpeculativeDecoding(
                program,
                weights,
                layout,
                prefixes,
                spans,
                isShort ? Optional.empty() : Optional.of(lockstep));
    }

    private static long weightBytes(TransformerFamily architecture, Precision precision) {
        return TransformerCosts.parameters(architecture.shapes()) * precision.bytes();
    }

    /**
     * Whether products of few rows are rounded as those of many, on this machine with these
     * weights: then a candidate's tokens do not depend on how many are drawn with it.
     */
    private boolean fewRowsAreAlike() {
        if (Machine.hasGpu()) {
            return false;
        }
        try (IValue rows = IValue.from((long) PROBED_ROWS);
                IValue alike = program.call("few_rows_are_alike", weights, rows)) {
            return alike.toBoolean();
        }
    }

    /** The most candidates of a batch. */
    public int batchSize() {
        return batchSize;
    }

    /** Nanoseconds that each of its threads has spent in the program so far, on average. */
    public long nanosInside() {
        return program.nanosInside() / drawers.threads();
    }

    /** Tokens along each side of a grid. */
    public int gridSize() {
        return architecture.gridSize();
    }

    /** As {@link #draw(List, List, BooleanSupplier)}, unseen. */
    public List<DrawnCandidate> draw(List<Candidate> batch, BooleanSupplier keepGoing) {
        return draw(batch, List.of(), keepGoing);
    }

    /**
     * Draws one grid for each candidate, in order. Candidates may belong to different captions.
     *
     * @param batch 1 to {@link #batchSize} candidates
     * @param previews of any of them; they change nothing of what is drawn
     * @param keepGoing asked after each chunk of positions, by several threads
     * @return {@code [batch]}, each with a grid of {@code [gridSize, gridSize]} tokens
     * @throws IllegalArgumentException if the batch is empty or too large, or a candidate has more
     *     text tokens or primed tokens than the transformer reads
     * @throws CancelledException if {@code keepGoing} says no
     */
    public List<DrawnCandidate> draw(
            List<Candidate> batch, List<Preview> previews, BooleanSupplier keepGoing) {
        if (batch.isEmpty() || batch.size() > batchSize) {
            throw new IllegalArgumentException(
                    batch.size() + " candidates; a batch holds 1 to " + batchSize);
        }
        DrawnCandidate[] drawn = new DrawnCandidate[batch.size()];
        List<Drawers.Share> shares = new ArrayList<>();
        for (int[] share : shares(batch)) {
            DecodeBatch rows =
                    DecodeBatch.of(
                            Arrays.stream(share).mapToObj(batch::get).toList(),
                            fewRowsAreAlike ? share.length : shareSize,
                            isGuided(batch.get(share[0])),
                            Previews.of(share, previews),
                            architecture.gridSize());
            shares.add(
                    going -> {
                        List<DrawnCandidate> ofShare = loop.draw(rows, going);
                        for (int i = 0; i < share.length; i++) {
                            drawn[share[i]] = ofShare.get(i);
                        }
                    });
        }
        drawers.run(shares, keepGoing);
        return List.of(drawn);
    }

    /**
     * Indexes of the candidates that one thread draws together: guided ones apart from the others,
     * and each kind spread over the threads, if batches of any size come to the same.
     */
    private List<int[]> shares(List<Candidate> batch) {
        List<int[]> shares = new ArrayList<>();
        for (boolean guided : new boolean[] {false, true}) {
            int[] alike =
                    IntStream.range(0, batch.size())
                            .filter(i -> isGuided(batch.get(i)) == guided)
                            .toArray();
            int size = fewRowsAreAlike ? share(alike.length) : shareSize;
            for (int from = 0; from < alike.length; from += size) {
                shares.add(Arrays.copyOfRange(alike, from, Math.min(from + size, alike.length)));
            }
        }
        return shares;
    }

    /** Of so many candidates, how many a thread draws. */
    private int share(int candidates) {
        return (candidates + drawers.threads() - 1) / drawers.threads();
    }

    private static boolean isGuided(Candidate candidate) {
        return candidate.sampling().guidance() > 1;
    }

    /**
     * The logits before each token of given grids, for comparison with other ways to compute them.
     *
     * @param rows not guided
     * @param tokens {@code [rows, gridLength]}
     * @return {@code [rows, gridLength, imageVocabulary]}
     */
    public float[] logits(List<Candidate> rows, long[] tokens) {
        return lockstep.logits(
                DecodeBatch.of(rows, batchSize, false, List.of(), architecture.gridSize()), tokens);
    }

    @Override
    public void close() {
        drawers.close();
        weights.close();
        layout.close();
        prefixes.close();
        program.close();
    }
}
