package dev.nocturne.training.dataset;

import dev.nocturne.models.picture.TokenGrid;
import java.util.Arrays;
import java.util.Optional;

/**
 * The tokens that a picture was rendered from. Its dVAE would find others for some of them in the
 * picture.
 *
 * @param dvae id of the dVAE; empty where they are not known
 * @param tokens as {@link TokenGrid#toBytes} has them
 */
record DrawnTokens(String dvae, byte[] tokens) {
    static final DrawnTokens UNKNOWN = new DrawnTokens("", new byte[0]);

    /**
     * The tokens, if they are of this dVAE.
     *
     * @param side of its grid
     */
    Optional<TokenGrid> of(String wanted, int side, int vocabulary) {
        if (!dvae.equals(wanted) || tokens.length != side * side * Short.BYTES) {
            return Optional.empty();
        }
        try {
            TokenGrid grid = TokenGrid.fromBytes(side, side, tokens);
            boolean areKnown = Arrays.stream(grid.tokens()).allMatch(token -> token < vocabulary);
            return areKnown ? Optional.of(grid) : Optional.empty();
        } catch (IllegalArgumentException e) {
            return Optional.empty(); // one of them is no token
        }
    }
}
