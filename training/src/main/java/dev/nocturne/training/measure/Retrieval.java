package dev.nocturne.training.measure;

import dev.nocturne.models.clip.Clip;
import java.awt.image.BufferedImage;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Finding the picture that belongs to each caption, by cosine: caption {@code i} belongs to picture
 * {@code i}.
 *
 * @param cosines {@code [captions, pictures]}, -1 to 1
 */
public record Retrieval(float[][] cosines) {

    /** Embeds captions and their pictures, as many of the one as of the other. */
    public static Retrieval measure(
            Clip clip, List<String> captions, List<BufferedImage> pictures) {
        float[][] images = clip.embedImages(pictures);
        float[][] cosines = new float[captions.size()][pictures.size()];
        for (int caption = 0; caption < captions.size(); caption++) {
            float[] text = clip.embedText(captions.get(caption));
            for (int picture = 0; picture < pictures.size(); picture++) {
                cosines[caption][picture] = Clip.cosine(text, images[picture]);
            }
        }
        return new Retrieval(cosines);
    }

    /** The indexes of all pictures, from best to worst for a caption. */
    public int[] ranking(int caption) {
        return IntStream.range(0, cosines[caption].length)
                .boxed()
                .sorted(Comparator.comparingDouble((Integer picture) -> -cosines[caption][picture]))
                .mapToInt(Integer::intValue)
                .toArray();
    }

    /** The share of captions whose picture is among the best {@code k}. */
    public double recall(int k) {
        return IntStream.range(0, cosines.length)
                        .filter(
                                caption ->
                                        IntStream.of(ranking(caption))
                                                .limit(k)
                                                .anyMatch(picture -> picture == caption))
                        .count()
                / (double) cosines.length;
    }
}
