package dev.nocturne.training.measure;

import dev.nocturne.models.dvae.DiscreteVae;
import dev.nocturne.models.picture.Pixels;
import dev.nocturne.models.picture.TokenGrid;
import java.awt.image.BufferedImage;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * How well pictures survive the dVAE, and how much of its codebook they use.
 *
 * @param psnr of all values together, in decibels
 * @param ssim mean structural similarity of luma
 * @param perplexity exp of the entropy of the tokens
 * @param codesInUse codes that occur at all
 * @param pictures the reconstructions
 * @param sheet the first pictures, each row of originals over its reconstructions
 */
public record Reconstruction(
        double psnr,
        double ssim,
        double perplexity,
        long codesInUse,
        List<BufferedImage> pictures,
        BufferedImage sheet) {
    private static final int BATCH = 32;
    private static final int COLUMNS = 16;

    /**
     * Encodes and decodes pictures.
     *
     * @param pictures of the dVAE's {@code imageSize}² pixels
     */
    public static Reconstruction measure(DiscreteVae vae, List<BufferedImage> pictures) {
        long[] counts = new long[vae.vocabulary()];
        double error = 0;
        double ssim = 0;
        List<BufferedImage> all = new ArrayList<>();
        List<List<BufferedImage>> rows = new ArrayList<>();
        for (int from = 0; from < pictures.size(); from += BATCH) {
            List<BufferedImage> originals =
                    pictures.subList(from, Math.min(from + BATCH, pictures.size()));
            List<TokenGrid> grids = encode(vae, originals);
            List<BufferedImage> reconstructions = vae.decode(grids);
            all.addAll(reconstructions);
            for (int i = 0; i < originals.size(); i++) {
                error += Pictures.squaredError(originals.get(i), reconstructions.get(i));
                ssim += Pictures.ssim(originals.get(i), reconstructions.get(i));
                Arrays.stream(grids.get(i).tokens()).forEach(token -> counts[token]++);
            }
            for (int column = 0; from == 0 && column < originals.size(); column += COLUMNS) {
                int end = Math.min(column + COLUMNS, originals.size());
                rows.add(originals.subList(column, end));
                rows.add(reconstructions.subList(column, end));
            }
        }
        long used = Arrays.stream(counts).filter(count -> count > 0).count();
        return new Reconstruction(
                Pictures.psnr(error / pictures.size()),
                ssim / pictures.size(),
                Pictures.perplexity(counts),
                used,
                all,
                Pictures.sheet(rows));
    }

    /** Pictures as the dVAE renders them: as sharp as one drawn from tokens can be. */
    public static List<BufferedImage> of(DiscreteVae vae, List<BufferedImage> pictures) {
        List<BufferedImage> all = new ArrayList<>();
        for (int from = 0; from < pictures.size(); from += BATCH) {
            List<BufferedImage> batch =
                    pictures.subList(from, Math.min(from + BATCH, pictures.size()));
            all.addAll(vae.decode(encode(vae, batch)));
        }
        return all;
    }

    private static List<TokenGrid> encode(DiscreteVae vae, List<BufferedImage> pictures) {
        ByteBuffer pixels =
                ByteBuffer.allocate(pictures.size() * 3 * vae.imageSize() * vae.imageSize());
        pictures.forEach(picture -> pixels.put(Pixels.planar(picture)));
        return vae.encode(pixels.array(), pictures.size());
    }
}
