package dev.nocturne.models.transformer;

import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.nocturne.models.format.Safetensors;
import dev.nocturne.models.picture.PrimedTokens;
import dev.nocturne.models.picture.TokenGrid;
import dev.nocturne.models.program.Constants;
import dev.nocturne.models.program.Precision;
import dev.nocturne.models.program.TorchProgram;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

/**
 * Draws token grids with the transformer, a batch at a time (Ramesh et al. 2021, section 2.2).
 *
 * <p>The batch always has its full size, padded with a copy of the last candidate, and each caption
 * is read by itself. So a candidate's tokens depend on its caption, seed and sampling, not on what
 * else is in the batch; they may change with the batch size, the precision and the kind of
 * processor, which round differently. Guided candidates are drawn apart from the others, since they
 * take two rows.
 *
 * <p>Belongs to one thread at a time; the caller closes it.
 */
public final class GridGenerator implements AutoCloseable {
    /** Positions drawn between two looks at {@code keepGoing}. */
    private static final int CHUNK = 32;

    /** Rows that share the keys and values of their caption's text. */
    static final int GROUP = Constants.whole("GROUP");

    /** Slots by which the caches of keys and values grow. */
    static final int GROWTH = Constants.whole("GROWTH");

    /**
     * Below it logits, also guided ones, divided by the temperature may be more than a float holds.
     * Long before, nothing but the likeliest token is drawn.
     */
    private static final double COLDEST = 1e-30;

    private final TorchProgram program;
    private final IValue weights;
    private final IValue layout;
    private final TransformerFamily architecture;
    private final int batchSize;

    /** The text without a caption, run once for all guided batches; null until the first. */
    private IValue captionless;

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
        if (batchSize < 1) {
            throw new IllegalArgumentException(
                    "the batch size is " + batchSize + "; choose at least 1");
        }
        this.architecture = architecture;
        this.batchSize = batchSize;
        this.program = architecture.program();
        this.weights = program.prepare(weights, precision, batchSize);
        this.layout = tensor(architecture.layout(), program.hostManager());
    }

    /** The most candidates of a batch. */
    public int batchSize() {
        return batchSize;
    }

    /** Nanoseconds spent in the program so far. */
    public long nanosInside() {
        return program.nanosInside();
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
     * @param keepGoing asked after each chunk of positions, on the calling thread
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
        for (boolean guided : new boolean[] {false, true}) {
            int[] alike =
                    IntStream.range(0, batch.size())
                            .filter(i -> isGuided(batch.get(i)) == guided)
                            .toArray();
            if (alike.length > 0) {
                List<DrawnCandidate> part =
                        drawAlike(
                                IntStream.of(alike).mapToObj(batch::get).toList(),
                                guided,
                                Previews.of(alike, previews),
                                keepGoing);
                for (int i = 0; i < alike.length; i++) {
                    drawn[alike[i]] = part.get(i);
                }
            }
        }
        return List.of(drawn);
    }

    private static boolean isGuided(Candidate candidate) {
        return candidate.sampling().guidance() > 1;
    }

    private List<DrawnCandidate> drawAlike(
            List<Candidate> batch,
            boolean guided,
            List<Preview> previews,
            BooleanSupplier keepGoing) {
        List<Candidate> rows = new ArrayList<>(batch);
        while (rows.size() < batchSize) {
            rows.add(batch.get(batch.size() - 1));
        }
        int length = architecture.gridLength();
        Previews shown = new Previews(batch, previews, architecture.gridSize());
        try (PtNDManager scope = (PtNDManager) program.manager().newSubManager();
                IValue state = begin(rows, guided, scope);
                IValue sampling = tensor(sampling(rows), new Shape(batchSize, 4), scope)) {
            for (int start = 0, count; start < length; start += count) {
                count = shown.next(start - start % CHUNK + CHUNK, start) - start;
                try (IValue from = IValue.from((long) start);
                        IValue uniforms =
                                tensor(
                                        uniforms(rows, start, count),
                                        new Shape(batchSize, count),
                                        scope);
                        IValue primed =
                                IValue.from(
                                        (PtNDArray)
                                                scope.create(
                                                        primed(rows, start, count),
                                                        new Shape(batchSize, count)));
                        IValue end =
                                program.call(
                                        "draw", weights, layout, state, from, uniforms, primed,
                                        sampling)) {
                    if (end.toLong() < length && !keepGoing.getAsBoolean()) {
                        throw new CancelledException();
                    }
                }
                if (shown.areDueAt(start + count)) {
                    shown.show(start + count, tokens(state, scope));
                }
            }
            return results(state, batch.size(), scope);
        }
    }

    /** {@code [batch, gridLength]}, as far as they are drawn. */
    private static long[] tokens(IValue state, PtNDManager scope) {
        Map<String, IValue> entries = state.toIValueMap();
        try {
            return entries.get("tokens").toTensor(scope).toLongArray();
        } finally {
            entries.values().forEach(IValue::close);
        }
    }

    /**
     * The logits before each token of given grids, for comparison with other ways to compute them.
     *
     * @param rows as many as the batch holds, not guided
     * @param tokens {@code [rows, gridLength]}
     * @return {@code [rows, gridLength, imageVocabulary]}
     */
    public float[] logits(List<Candidate> rows, long[] tokens) {
        try (PtNDManager scope = (PtNDManager) program.manager().newSubManager();
                IValue state = begin(rows, false, scope);
                IValue image =
                        IValue.from(
                                (PtNDArray)
                                        scope.create(
                                                tokens,
                                                new Shape(
                                                        rows.size(), architecture.gridLength())));
                IValue logits = program.call("decode_logits", weights, layout, state, image)) {
            return logits.toTensor(scope).toFloatArray();
        }
    }

    private IValue begin(List<Candidate> candidates, boolean guided, PtNDManager scope) {
        List<int[]> texts =
                new ArrayList<>(candidates.stream().map(Candidate::textTokens).toList());
        if (guided) {
            texts.addAll(Collections.nCopies(candidates.size(), new int[0]));
        }
        Map<List<Integer>, List<Integer>> rowsOfCaption = new LinkedHashMap<>();
        for (int row = 0; row < texts.size(); row++) {
            List<Integer> text = Arrays.stream(texts.get(row)).boxed().toList();
            rowsOfCaption.computeIfAbsent(text, caption -> new ArrayList<>()).add(row);
        }
        List<Long> groupCaptions = new ArrayList<>();
        List<Integer> members = new ArrayList<>();
        long[] places = new long[texts.size()];
        List<IValue> prefixes = new ArrayList<>();
        try {
            for (List<Integer> rows : rowsOfCaption.values()) {
                for (int i = 0; i < rows.size(); i++) {
                    if (i % GROUP == 0) {
                        groupCaptions.add((long) prefixes.size());
                    }
                    places[rows.get(i)] = members.size();
                    members.add(rows.get(i));
                }
                while (members.size() % GROUP != 0) {
                    members.add(rows.get(0));
                }
                prefixes.add(prefix(texts.get(rows.get(0)), scope));
            }
            try (IValue list = IValue.listFrom(prefixes.toArray(new IValue[0]));
                    IValue captions =
                            IValue.listFrom(
                                    groupCaptions.stream().mapToLong(Long::longValue).toArray());
                    IValue member =
                            tensor(
                                    members.stream().mapToLong(Integer::longValue).toArray(),
                                    scope);
                    IValue place = tensor(places, scope);
                    IValue size = IValue.from((long) candidates.size())) {
                return program.call("begin", weights, layout, list, captions, member, place, size);
            }
        } finally {
            prefixes.remove(captionless);
            prefixes.forEach(IValue::close);
        }
    }

    /** The keys and values of a text, and its last hidden state; {@link #captionless} is kept. */
    private IValue prefix(int[] text, PtNDManager scope) {
        if (text.length > 0) {
            return prefill(text, scope);
        }
        if (captionless == null) {
            captionless = prefill(text, scope);
        }
        return captionless;
    }

    private IValue prefill(int[] text, PtNDManager scope) {
        long[] ids = architecture.padded(text);
        try (IValue row = IValue.from((PtNDArray) scope.create(ids, new Shape(1, ids.length)))) {
            return program.call("prefill", weights, layout, row);
        }
    }

    private List<DrawnCandidate> results(IValue state, int count, PtNDManager scope) {
        Map<String, IValue> entries = state.toIValueMap();
        try {
            long[] tokens = entries.get("tokens").toTensor(scope).toLongArray();
            double[] logProbabilities =
                    entries.get("log_probability").toTensor(scope).toDoubleArray();
            int length = architecture.gridLength();
            List<DrawnCandidate> drawn = new ArrayList<>(count);
            for (int row = 0; row < count; row++) {
                int[] grid =
                        Arrays.stream(tokens, row * length, (row + 1) * length)
                                .mapToInt(Math::toIntExact)
                                .toArray();
                drawn.add(
                        new DrawnCandidate(
                                new TokenGrid(
                                        architecture.gridSize(), architecture.gridSize(), grid),
                                logProbabilities[row]));
            }
            return drawn;
        } finally {
            entries.values().forEach(IValue::close);
        }
    }

    private static float[] sampling(List<Candidate> rows) {
        float[] values = new float[rows.size() * 4];
        for (int row = 0; row < rows.size(); row++) {
            Sampling sampling = rows.get(row).sampling();
            boolean isCold = sampling.temperature() < COLDEST;
            int topK = isCold ? 1 : sampling.topK();
            values[4 * row] = isCold ? 1 : (float) sampling.temperature();
            values[4 * row + 1] = topK == 0 ? Float.POSITIVE_INFINITY : topK;
            // above every cumulative sum, rounding included; and never 0, below the likeliest one's
            values[4 * row + 2] =
                    sampling.topP() == 1 ? 2 : Math.max((float) sampling.topP(), Float.MIN_NORMAL);
            values[4 * row + 3] = (float) sampling.guidance();
        }
        return values;
    }

    private static float[] uniforms(List<Candidate> rows, int start, int count) {
        float[] values = new float[rows.size() * count];
        for (int row = 0; row < rows.size(); row++) {
            for (int i = 0; i < count; i++) {
                values[row * count + i] = CounterRandom.uniform(rows.get(row).seed(), start + i);
            }
        }
        return values;
    }

    private long[] primed(List<Candidate> rows, int start, int count) {
        long[] values = new long[rows.size() * count];
        for (int row = 0; row < rows.size(); row++) {
            int[] given = rows.get(row).primedTokens();
            if (given.length > architecture.gridLength()) {
                throw new IllegalArgumentException(
                        given.length + " primed tokens; a grid has " + architecture.gridLength());
            }
            for (int i = 0; i < count; i++) {
                values[row * count + i] =
                        start + i < given.length ? given[start + i] : PrimedTokens.DRAWN;
            }
        }
        return values;
    }

    private static IValue tensor(long[] values, PtNDManager scope) {
        return IValue.from((PtNDArray) scope.create(values));
    }

    private static IValue tensor(float[] values, Shape shape, PtNDManager scope) {
        return IValue.from((PtNDArray) scope.create(values, shape));
    }

    @Override
    public void close() {
        weights.close();
        layout.close();
        if (captionless != null) {
            captionless.close();
        }
        program.close();
    }
}
