package dev.nocturne.encoder;

import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.DrawingOptions;
import dev.nocturne.events.DrawnCandidates;
import dev.nocturne.events.DrawnGrid;
import dev.nocturne.events.GridsDrawn;
import dev.nocturne.events.RequestRef;
import dev.nocturne.models.clip.Embeddings;
import dev.nocturne.models.picture.TokenGrid;
import dev.nocturne.models.transformer.Sampling;
import dev.nocturne.runtime.PaintedSizes;
import dev.nocturne.runtime.PermanentException;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.PackedTokens;
import dev.nocturne.schemas.ReasonCodes;
import dev.nocturne.schemas.SizeName;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Captions that bring their candidates: what a generator would have sent, had it drawn them now.
 * Their tokens, seeds and log-probabilities stay; the caption's embedding is that of this model's
 * CLIP.
 */
final class Rescoring {

    /** In one event: fills a call of the scorer, and stays far below Kafka's limit for a record. */
    static final int MAX_GRIDS = 32;

    private Rescoring() {}

    /**
     * @throws PermanentException ({@code other_model}) if the model's dVAE is not that of the
     *     tokens, or if it has no CLIP, ({@code malformed_event}) if they are none of its grids,
     *     ({@code caption_too_long}) if its CLIP reads no such caption, ({@code invalid_option}) if
     *     it does not paint the size
     */
    static List<GridsDrawn> grids(
            RequestRef request, CaptionSubmitted caption, CaptionEncoder encoder) {
        DrawnCandidates drawn = caption.getDrawn();
        requireSameDvae(drawn, encoder);
        List<DrawnGrid> grids = grids(drawn, encoder);
        requireClip(encoder);
        ByteBuffer embedding =
                ByteBuffer.wrap(Embeddings.toBytes(encoder.textEmbedding(caption.getCaption())));
        List<GridsDrawn> events = new ArrayList<>();
        for (int from = 0; from < grids.size(); from += MAX_GRIDS) {
            List<DrawnGrid> some = grids.subList(from, Math.min(from + MAX_GRIDS, grids.size()));
            events.add(event(request, caption, encoder, embedding, some));
        }
        return events;
    }

    private static void requireClip(CaptionEncoder encoder) {
        if (!encoder.hasClip()) {
            throw new PermanentException(
                    ReasonCodes.OTHER_MODEL,
                    "this worker has model %s without a CLIP to score with: nocturne import clip brings one into it"
                            .formatted(encoder.model()));
        }
    }

    /** Candidates that were stored before their dVAE was stored with them have a model alone. */
    private static void requireSameDvae(DrawnCandidates drawn, CaptionEncoder encoder) {
        if (drawn.getDvae() == null && !drawn.getModel().equals(encoder.model())) {
            throw new PermanentException(
                    ReasonCodes.OTHER_MODEL,
                    "drawn by model %s and stored without the id of its dVAE, this worker has model %s: start the workers with the first, rank the job again, and rescore the job that this makes"
                            .formatted(drawn.getModel(), encoder.model()));
        }
        if (drawn.getDvae() != null && !drawn.getDvae().equals(encoder.dvae())) {
            throw new PermanentException(
                    ReasonCodes.OTHER_MODEL,
                    "drawn as tokens of %s (model %s), this worker has %s (model %s): start the workers with a model that has the first, or paint the caption again"
                            .formatted(
                                    drawn.getDvae(),
                                    drawn.getModel(),
                                    encoder.dvae(),
                                    encoder.model()));
        }
    }

    private static List<DrawnGrid> grids(DrawnCandidates drawn, CaptionEncoder encoder) {
        int height = drawn.getGridHeight();
        int width = drawn.getGridWidth();
        if (height != encoder.gridSize() || width != encoder.gridSize()) {
            throw malformed(
                    "the grids have %1$dx%2$d tokens, those of %3$s have %4$dx%4$d"
                            .formatted(height, width, encoder.dvae(), encoder.gridSize()),
                    null);
        }
        int count = drawn.getSeeds().size();
        try {
            List<ByteBuffer> tokens =
                    PackedTokens.unpack(drawn.getTokens(), count, 2 * height * width);
            List<DrawnGrid> grids = new ArrayList<>(count);
            for (int candidate = 0; candidate < count; candidate++) {
                ByteBuffer grid = tokens.get(candidate);
                requireInCodebook(
                        TokenGrid.fromBytes(height, width, EventCodec.bytes(grid)),
                        encoder.codebookSize());
                grids.add(
                        new DrawnGrid(
                                candidate,
                                drawn.getSeeds().get(candidate),
                                drawn.getLogProbabilities().get(candidate),
                                grid));
            }
            return grids;
        } catch (IllegalArgumentException e) {
            throw malformed(e.getMessage(), e);
        }
    }

    private static void requireInCodebook(TokenGrid grid, int codebookSize) {
        for (int token : grid.tokens()) {
            if (token >= codebookSize) {
                throw new IllegalArgumentException(
                        "token %d is not in the codebook of %d".formatted(token, codebookSize));
            }
        }
    }

    private static PermanentException malformed(String message, Throwable cause) {
        return new PermanentException(ReasonCodes.MALFORMED_EVENT, message, cause);
    }

    private static GridsDrawn event(
            RequestRef request,
            CaptionSubmitted caption,
            CaptionEncoder encoder,
            ByteBuffer textEmbedding,
            List<DrawnGrid> grids) {
        return GridsDrawn.newBuilder()
                .setRequest(request)
                .setTextEmbedding(textEmbedding)
                .setModel(encoder.model())
                .setGridHeight(caption.getDrawn().getGridHeight())
                .setGridWidth(caption.getDrawn().getGridWidth())
                .setGrids(grids)
                .setOptions(asDrawn(caption.getOptions(), encoder.sizes()))
                .build();
    }

    /** Of a caption that does not say how it was drawn. */
    private static DrawingOptions asDrawn(DrawingOptions options, PaintedSizes sizes) {
        Double temperature = options.getTemperature();
        Double guidance = options.getGuidance();
        return DrawingOptions.newBuilder(options)
                .setTemperature(temperature == null ? Sampling.PLAIN.temperature() : temperature)
                .setGuidance(guidance == null ? Sampling.PLAIN.guidance() : guidance)
                .setSize(SizeName.of(sizes.chosen(options.getSize())))
                .build();
    }
}
