package dev.nocturne.training.measure;

import dev.nocturne.models.dvae.DiscreteVae;
import dev.nocturne.models.picture.Pixels;
import dev.nocturne.models.upscaler.Upscaler;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;

/**
 * How near enlarged pictures come to what was drawn at their size, beside bicubic enlargements of
 * the same pictures.
 *
 * @param sheet the first pictures, each bicubic, enlarged, as drawn
 */
public record Enlargement(Likeness bicubic, Likeness enlarged, BufferedImage sheet) {
    private static final int SHOWN = 12;
    private static final int SHOWN_IN_ROW = 2;

    /**
     * How alike pictures are to their originals.
     *
     * @param psnr of all values together, in decibels
     * @param ssim mean structural similarity of luma
     */
    public record Likeness(double psnr, double ssim) {
        static Likeness of(List<BufferedImage> pictures, List<BufferedImage> originals) {
            double error = 0;
            double ssim = 0;
            for (int i = 0; i < pictures.size(); i++) {
                error += Pictures.squaredError(pictures.get(i), originals.get(i));
                ssim += Pictures.ssim(pictures.get(i), originals.get(i));
            }
            return new Likeness(Pictures.psnr(error / pictures.size()), ssim / pictures.size());
        }

        @Override
        public String toString() {
            return "PSNR %.2f dB, SSIM %.3f".formatted(psnr, ssim);
        }
    }

    /**
     * Enlarges what the dVAE makes of pictures.
     *
     * @param originals what was drawn, in the size that {@code upscaler} makes
     */
    public static Enlargement measure(
            DiscreteVae vae, Upscaler upscaler, List<BufferedImage> originals) {
        int size = originals.get(0).getWidth();
        List<BufferedImage> pictures =
                Reconstruction.of(
                        vae,
                        originals.stream()
                                .map(original -> Pixels.fit(original, vae.imageSize()))
                                .toList());
        List<BufferedImage> bicubic =
                pictures.stream().map(picture -> Pixels.fit(picture, size)).toList();
        List<BufferedImage> enlarged = pictures.stream().map(upscaler::enlarge).toList();
        List<List<BufferedImage>> rows = new ArrayList<>();
        for (int i = 0; i < Math.min(SHOWN, originals.size()); i++) {
            if (i % SHOWN_IN_ROW == 0) {
                rows.add(new ArrayList<>());
            }
            rows.get(rows.size() - 1)
                    .addAll(List.of(bicubic.get(i), enlarged.get(i), originals.get(i)));
        }
        return new Enlargement(
                Likeness.of(bicubic, originals),
                Likeness.of(enlarged, originals),
                Pictures.sheet(rows));
    }
}
