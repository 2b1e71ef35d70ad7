package dev.nocturne.schemas;

import static dev.nocturne.schemas.Limits.MAX_CAPTION_CHARS;
import static dev.nocturne.schemas.Limits.MAX_CUSTOM_ID_CHARS;
import static dev.nocturne.schemas.Limits.MAX_PARTIAL_IMAGES;
import static dev.nocturne.schemas.Limits.MAX_TOKEN_BYTES;
import static dev.nocturne.schemas.Limits.MAX_TOP;

import dev.nocturne.events.CandidatesRanked;
import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.DrawingOptions;
import dev.nocturne.events.DrawnGrid;
import dev.nocturne.events.GenerationRequested;
import dev.nocturne.events.GridPartlyDrawn;
import dev.nocturne.events.GridsDrawn;
import dev.nocturne.events.GridsScored;
import dev.nocturne.events.OtherCandidate;
import dev.nocturne.events.PartialImageRendered;
import dev.nocturne.events.RankedGrid;
import dev.nocturne.events.RequestRef;
import dev.nocturne.events.ScoredGrid;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.avro.specific.SpecificRecord;

/**
 * The rules that hold between the stages: anybody can write to a topic, so a record that is read
 * back is trusted as little as a caption is. What both have, {@link OptionRules} checks. What only
 * a model can tell is left to the stage.
 */
public final class EventRules {

    private static final int MAX_MODEL_CHARS = 256;

    /** A rule is broken: ends the checks of an event. */
    private static final class Broken extends RuntimeException {
        private final transient Violation violation;

        Broken(Violation violation) {
            super(violation.message(), null, false, false);
            this.violation = violation;
        }
    }

    private EventRules() {}

    /**
     * The first rule that an event breaks; empty if it is good, or of a kind that other rules are
     * for, as {@link CaptionSubmitted} is.
     */
    public static Optional<Violation> validate(SpecificRecord event) {
        try {
            if (event instanceof GenerationRequested task) {
                check(task);
            } else if (event instanceof GridsDrawn drawn) {
                check(drawn);
            } else if (event instanceof GridsScored scored) {
                check(scored);
            } else if (event instanceof CandidatesRanked ranked) {
                check(ranked);
            } else if (event instanceof GridPartlyDrawn partial) {
                check(partial);
            } else if (event instanceof PartialImageRendered partial) {
                check(partial);
            }
            return Optional.empty();
        } catch (Broken e) {
            return Optional.of(e.violation);
        }
    }

    private static void check(GenerationRequested task) {
        checkRequest(task.getRequest());
        checkSetOptions(task.getOptions());
        for (int token : task.getTextTokens()) {
            require(token >= 0, "text_tokens", "text token %s is negative", token);
        }
        checkEmbedding(task.getTextEmbedding());
        int primed = task.getPrimedTokens().remaining();
        require(
                primed % Short.BYTES == 0,
                "primed_tokens",
                "primed_tokens has %s bytes: must be two for each token",
                primed);
    }

    private static void check(GridsDrawn drawn) {
        checkRequest(drawn.getRequest());
        checkSetOptions(drawn.getOptions());
        checkModel(drawn.getModel());
        checkEmbedding(drawn.getTextEmbedding());
        List<DrawnGrid> grids = drawn.getGrids();
        checkCandidates(
                grids.stream().map(DrawnGrid::getCandidate), drawn.getOptions().getCandidates());
        checkGrids(
                drawn.getGridHeight(),
                drawn.getGridWidth(),
                drawn.getOptions().getTop(),
                grids.stream().map(DrawnGrid::getTokens));
    }

    private static void check(GridsScored scored) {
        checkRequest(scored.getRequest());
        checkSetOptions(scored.getOptions());
        checkModel(scored.getModel());
        List<ScoredGrid> grids = scored.getGrids();
        checkCandidates(
                grids.stream().map(ScoredGrid::getCandidate), scored.getOptions().getCandidates());
        checkScores(grids.stream().map(ScoredGrid::getScore).toList());
        checkGrids(
                scored.getGridHeight(),
                scored.getGridWidth(),
                scored.getOptions().getTop(),
                grids.stream().map(ScoredGrid::getTokens));
    }

    private static void check(CandidatesRanked ranked) {
        checkRequest(ranked.getRequest());
        List<RankedGrid> winners = ranked.getWinners();
        List<OtherCandidate> others = ranked.getOthers();
        checkSetOptions(
                DrawingOptions.newBuilder(ranked.getOptions()).setTop(winners.size()).build());
        checkModel(ranked.getModel());
        checkCandidates(
                Stream.concat(
                        winners.stream().map(RankedGrid::getCandidate),
                        others.stream().map(OtherCandidate::getCandidate)),
                ranked.getOptions().getCandidates());
        checkScores(
                Stream.concat(
                                winners.stream().map(RankedGrid::getScore),
                                others.stream().map(OtherCandidate::getScore))
                        .toList());
        checkRanks(winners, ranked.getOptions().getCandidates());
        checkGrids(
                ranked.getGridHeight(),
                ranked.getGridWidth(),
                winners.size(),
                winners.stream().map(RankedGrid::getTokens));
    }

    private static void check(GridPartlyDrawn partial) {
        checkRequest(partial.getRequest());
        checkIndex(partial.getIndex());
        checkOptions(partial.getOptions());
        checkModel(partial.getModel());
        checkGrids(
                partial.getGridHeight(), partial.getGridWidth(), 1, Stream.of(partial.getTokens()));
    }

    private static void check(PartialImageRendered partial) {
        checkRequest(partial.getRequest());
        checkIndex(partial.getIndex());
        checkOptions(DrawingOptions.newBuilder().setOutputFormat(partial.getFormat()).build());
    }

    private static void checkIndex(int index) {
        require(
                index >= 0 && index < MAX_PARTIAL_IMAGES,
                "index",
                "index is %s: must be 0 to %s",
                index,
                MAX_PARTIAL_IMAGES - 1);
    }

    /** As they are behind the encoder, which sets what a caption leaves to the model. */
    private static void checkSetOptions(DrawingOptions options) {
        checkOptions(options);
        requireSet("temperature", options.getTemperature());
        requireSet("guidance", options.getGuidance());
    }

    private static void requireSet(String param, Double value) {
        require(value != null, param, "%s is missing: the encoder sets the model's own", param);
    }

    private static void checkOptions(DrawingOptions options) {
        OptionRules.validate(options).stream()
                .findFirst()
                .ifPresent(
                        violation -> {
                            throw new Broken(violation);
                        });
    }

    /** Its texts are only carried, so they may be what an older version let pass. */
    private static void checkRequest(RequestRef request) {
        require(
                Ids.isRequest(request.getJobId(), request.getRequestId()),
                "request",
                "the ids of job and request are malformed");
        checkLength("custom_id", request.getCustomId(), MAX_CUSTOM_ID_CHARS);
        checkLength("prompt", request.getCaption(), MAX_CAPTION_CHARS);
    }

    private static void checkModel(String model) {
        checkLength("model", model, MAX_MODEL_CHARS);
    }

    private static void checkLength(String param, String text, int most) {
        int chars = text.codePointCount(0, text.length());
        require(chars <= most, param, "%s has %s characters: at most %s", param, chars, most);
    }

    private static void checkEmbedding(ByteBuffer embedding) {
        int bytes = embedding.remaining();
        require(
                bytes % Float.BYTES == 0,
                "text_embedding",
                "text_embedding has %s bytes: must be four for each number",
                bytes);
    }

    private static void checkCandidates(Stream<Integer> indexes, int candidates) {
        List<Integer> all = indexes.toList();
        require(!all.isEmpty(), "grids", "there is no candidate: must be at least 1");
        BitSet seen = new BitSet(candidates);
        for (int candidate : all) {
            require(
                    candidate >= 0 && candidate < candidates,
                    "candidate",
                    "candidate is %s: must be 0 to %s",
                    candidate,
                    candidates - 1);
            require(!seen.get(candidate), "candidate", "candidate %s is there twice", candidate);
            seen.set(candidate);
        }
    }

    /** One alone may be any of the candidates, of which somebody wants to see the picture. */
    private static void checkRanks(List<RankedGrid> winners, int candidates) {
        int most = winners.size() == 1 ? candidates : winners.size();
        int last = 0;
        for (RankedGrid winner : winners) {
            int rank = winner.getRank();
            require(
                    rank > last && rank <= most,
                    "rank",
                    "rank %s follows %s: the ranks of the winners are 1 to %s, in that order",
                    rank,
                    last,
                    most);
            last = rank;
        }
    }

    /** All have one, or none where the model has no CLIP. */
    private static void checkScores(List<Float> scores) {
        if (scores.stream().allMatch(Objects::isNull)) {
            return;
        }
        for (Float score : scores) {
            require(
                    score != null && Float.isFinite(score),
                    "score",
                    "a score is %s: must be a number",
                    score);
        }
    }

    /**
     * @param top so many grids must find room in one record, see {@link Limits#MAX_TOKEN_BYTES}
     */
    private static void checkGrids(int height, int width, int top, Stream<ByteBuffer> grids) {
        long gridBytes = Short.BYTES * (long) height * width;
        require(
                height >= 1 && width >= 1 && gridBytes <= MAX_TOKEN_BYTES / Math.min(top, MAX_TOP),
                "grid",
                "%s grids of %sx%s tokens: must be at least 1x1 and have at most %s bytes together",
                top,
                height,
                width,
                MAX_TOKEN_BYTES);
        grids.forEach(
                tokens ->
                        require(
                                tokens.remaining() == gridBytes,
                                "tokens",
                                "%s bytes are no grid of %sx%s tokens: must be %s",
                                tokens.remaining(),
                                height,
                                width,
                                gridBytes));
    }

    private static void require(boolean holds, String param, String message, Object... values) {
        if (!holds) {
            throw new Broken(
                    new Violation(param, ReasonCodes.INVALID_OPTION, message.formatted(values)));
        }
    }
}
