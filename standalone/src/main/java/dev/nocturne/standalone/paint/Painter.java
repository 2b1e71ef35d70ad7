package dev.nocturne.standalone.paint;

import dev.nocturne.decoder.PictureFile;
import dev.nocturne.encoder.ImagePrompt;
import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.RankedGrid;
import dev.nocturne.events.ScoredGrid;
import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.models.clip.CandidateScorer;
import dev.nocturne.models.clip.Clip;
import dev.nocturne.models.dvae.DiscreteVae;
import dev.nocturne.models.picture.PartialGrid;
import dev.nocturne.models.picture.PrimedTokens;
import dev.nocturne.models.picture.TokenGrid;
import dev.nocturne.models.tokenizer.CaptionTokenizer;
import dev.nocturne.models.tokenizer.CaptionTooLongException;
import dev.nocturne.models.transformer.Candidate;
import dev.nocturne.models.transformer.CandidateSeeds;
import dev.nocturne.models.transformer.DrawnCandidate;
import dev.nocturne.models.transformer.GridGenerator;
import dev.nocturne.models.transformer.Preview;
import dev.nocturne.models.transformer.Sampling;
import dev.nocturne.rerank.Ranking;
import dev.nocturne.runtime.ResultFile;
import dev.nocturne.runtime.StageException;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.Limits;
import dev.nocturne.schemas.OptionRules;
import dev.nocturne.schemas.PictureFormat;
import dev.nocturne.schemas.SeedSchemes;
import dev.nocturne.schemas.Sha256;
import dev.nocturne.standalone.terminal.CommandFailure;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

/**
 * The work of the pipeline without the pipeline: the same models, decode batches, seeds and
 * ranking, so the same request gives the same pictures. Belongs to one thread.
 */
public final class Painter implements AutoCloseable {
    /** Painted requests are of no job; the name stands in for one where identity asks for it. */
    static final String JOB = "paint";

    /**
     * @param files the pictures, best first, as listed in the result
     */
    public record Painting(ResultFile result, List<byte[]> files) {}

    private final ModelBundle bundle;
    private final String model;
    private final String dvaeId;
    private final int batchSize;
    private final CaptionTokenizer tokenizer;
    private final Clip clip;
    private final GridGenerator generator;
    private final CandidateScorer scorer;
    private final DiscreteVae dvae;

    public Painter(Path model, int batchSize) throws IOException {
        bundle = ModelBundle.open(model);
        this.model = bundle.id();
        this.batchSize = batchSize;
        tokenizer = bundle.tokenizer();
        clip = bundle.clip();
        generator = bundle.generator(batchSize);
        scorer = bundle.scorer();
        dvae = bundle.dvae();
        dvaeId = bundle.dvaeId();
    }

    /** A caption, what is computed of it once, and its candidates so far. */
    private record Request(
            CaptionSubmitted caption,
            int[] textTokens,
            float[] textEmbedding,
            long seed,
            Sampling sampling,
            int[] primedTokens,
            List<ScoredGrid> scored) {}

    /** A candidate to draw. */
    private record Place(Request request, int candidate) {}

    /** As {@link #paint(List, Consumer, IntConsumer, Consumer)}, unseen. */
    public void paint(
            List<CaptionSubmitted> captions, IntConsumer drawn, Consumer<Painting> finished) {
        paint(captions, null, drawn, finished);
    }

    /**
     * Paints captions in full decode batches, as the pipeline does.
     *
     * @param viewer shown the first candidate of each batch while it is drawn; null: nobody looks
     * @param drawn told after each batch how many candidates it drew
     * @param finished given each caption's painting as soon as all its candidates are in
     * @throws CommandFailure if a caption has too many tokens or asks for what the model can't do
     */
    public void paint(
            List<CaptionSubmitted> captions,
            Consumer<BufferedImage> viewer,
            IntConsumer drawn,
            Consumer<Painting> finished) {
        int neutralToken = viewer == null ? 0 : dvae.neutralToken();
        List<Preview> previews =
                viewer == null
                        ? List.of()
                        : List.of(
                                new Preview(
                                        0,
                                        Limits.MAX_PARTIAL_IMAGES,
                                        (index, grid) ->
                                                viewer.accept(picture(grid, neutralToken))));
        List<Place> places = new ArrayList<>();
        for (CaptionSubmitted caption : captions) {
            Request request = encode(caption);
            for (int candidate = 0; candidate < caption.getOptions().getCandidates(); candidate++) {
                places.add(new Place(request, candidate));
            }
        }
        for (int start = 0; start < places.size(); start += batchSize) {
            List<Place> batch = places.subList(start, Math.min(start + batchSize, places.size()));
            drawAndScore(batch, previews);
            drawn.accept(batch.size());
            batch.stream()
                    .map(Place::request)
                    .distinct()
                    .filter(r -> r.scored.size() == r.caption.getOptions().getCandidates())
                    .forEach(request -> finished.accept(render(request)));
        }
    }

    private Request encode(CaptionSubmitted caption) {
        try {
            long seed =
                    caption.getSeed() == null
                            ? Ids.defaultSeed(requestId(caption), SeedSchemes.FIRST_IS_OWN)
                            : caption.getSeed();
            return new Request(
                    caption,
                    tokenizer.encode(caption.getCaption()),
                    clip.embedText(caption.getCaption()),
                    seed,
                    bundle.sampling(
                            caption.getOptions().getTemperature(),
                            caption.getOptions().getTopK(),
                            OptionRules.topP(caption.getOptions()),
                            caption.getOptions().getGuidance()),
                    primedTokens(caption),
                    new ArrayList<>());
        } catch (CaptionTooLongException | IllegalArgumentException | StageException e) {
            throw new CommandFailure(e.getMessage());
        }
    }

    private int[] primedTokens(CaptionSubmitted caption) {
        if (caption.getImagePrompt() == null) {
            return PrimedTokens.NONE;
        }
        return PrimedTokens.of(
                dvae.encode(ImagePrompt.read(EventCodec.bytes(caption.getImagePrompt()))),
                caption.getImagePromptRows(),
                caption.getImagePromptColumns());
    }

    private BufferedImage picture(PartialGrid grid, int neutralToken) {
        return dvae.decode(List.of(grid.filledWith(neutralToken))).get(0);
    }

    private void drawAndScore(List<Place> batch, List<Preview> previews) {
        List<DrawnCandidate> drawn =
                generator.draw(
                        batch.stream().map(Painter::candidate).toList(), previews, () -> true);
        float[] scores =
                scorer.score(
                        drawn.stream().map(DrawnCandidate::grid).toList(),
                        batch.stream().map(place -> place.request.textEmbedding).toList());
        for (int i = 0; i < batch.size(); i++) {
            Place place = batch.get(i);
            place.request.scored.add(
                    new ScoredGrid(
                            place.candidate,
                            CandidateSeeds.seed(place.request.seed, place.candidate),
                            drawn.get(i).logProbability(),
                            scores[i],
                            ByteBuffer.wrap(drawn.get(i).grid().toBytes())));
        }
    }

    private static Candidate candidate(Place place) {
        return new Candidate(
                place.request.textTokens,
                CandidateSeeds.seed(place.request.seed, place.candidate),
                place.request.sampling,
                place.request.primedTokens);
    }

    private Painting render(Request request) {
        CaptionSubmitted caption = request.caption;
        List<RankedGrid> ranking = Ranking.best(request.scored, request.scored.size());
        List<RankedGrid> winners =
                ranking.subList(0, Math.min(caption.getOptions().getTop(), ranking.size()));
        List<BufferedImage> pictures = dvae.decode(winners.stream().map(this::grid).toList());
        PictureFormat format =
                PictureFormat.named(caption.getOptions().getOutputFormat()).orElseThrow();
        List<byte[]> files = new ArrayList<>();
        List<ResultFile.Image> images = new ArrayList<>();
        for (int i = 0; i < winners.size(); i++) {
            RankedGrid winner = winners.get(i);
            byte[] file =
                    PictureFile.encode(
                            pictures.get(i),
                            format,
                            caption.getOptions().getOutputCompression(),
                            PictureFile.text(
                                    caption.getCaption(),
                                    winner.getSeed(),
                                    winner.getScore(),
                                    winner.getRank(),
                                    model));
            files.add(file);
            images.add(
                    new ResultFile.Image(
                            winner.getRank(),
                            format.fileName(winner.getRank()),
                            Sha256.hex(file),
                            file.length,
                            winner.getCandidate(),
                            winner.getSeed(),
                            winner.getScore(),
                            winner.getLogProbability()));
        }
        ResultFile result =
                new ResultFile(
                        JOB,
                        requestId(caption),
                        caption.getCustomId(),
                        caption.getCaption(),
                        model,
                        dvaeId,
                        caption.getOptions().getCandidates(),
                        Ranking.meanScore(request.scored),
                        request.sampling.temperature(),
                        request.sampling.topK(),
                        request.sampling.topP(),
                        request.sampling.guidance(),
                        caption.getOptions().getOutputFormat(),
                        caption.getOptions().getOutputCompression(),
                        SeedSchemes.FIRST_IS_OWN,
                        generator.gridSize(),
                        generator.gridSize(),
                        request.textTokens.length,
                        images,
                        ranking.stream().map(ResultFile.Candidate::of).toList());
        return new Painting(result, files);
    }

    private TokenGrid grid(RankedGrid winner) {
        return TokenGrid.fromBytes(
                generator.gridSize(), generator.gridSize(), EventCodec.bytes(winner.getTokens()));
    }

    private static String requestId(CaptionSubmitted caption) {
        return Ids.requestId(JOB, caption.getCustomId());
    }

    @Override
    public void close() {
        dvae.close();
        scorer.close();
        generator.close();
        clip.close();
    }
}
