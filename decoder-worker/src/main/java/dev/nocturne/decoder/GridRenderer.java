package dev.nocturne.decoder;

import dev.nocturne.models.picture.TokenGrid;
import dev.nocturne.runtime.PaintedSizes;
import java.awt.image.BufferedImage;
import java.util.List;

/** Token grids to pictures; the same grid gives the same pixels. Belongs to one thread. */
interface GridRenderer extends AutoCloseable {

    /** Id of the model bundle. */
    String model();

    /** Id of its dVAE. */
    String dvae();

    /** Tokens along each side of a grid. */
    int gridSize();

    /** How many tokens a caption has; null if it has more than the model reads. */
    Integer textTokens(String caption);

    /** The token that stands for what is not drawn yet. */
    int neutralToken();

    /** The sizes of its pictures. */
    PaintedSizes sizes();

    /** In the model's own size. */
    List<BufferedImage> render(List<TokenGrid> grids);

    /** A rendered picture in the larger one of two sizes. */
    BufferedImage enlarge(BufferedImage picture);

    @Override
    void close();
}
