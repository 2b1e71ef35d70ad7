package dev.nocturne.training.evaluate;

import java.awt.image.BufferedImage;
import java.util.List;

/**
 * What was drawn of a caption.
 *
 * @param ranked best first, by CLIP
 * @param first the one drawn first
 * @param scores in the order drawn
 */
record Drawn(String caption, List<BufferedImage> ranked, BufferedImage first, float[] scores) {
    BufferedImage best() {
        return ranked.get(0);
    }
}
