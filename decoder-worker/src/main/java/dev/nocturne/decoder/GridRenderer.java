package dev.nocturne.decoder;

import dev.nocturne.models.picture.TokenGrid;
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

    List<BufferedImage> render(List<TokenGrid> grids);

    @Override
    void close();
}
