package dev.nocturne.training.dataset;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.models.picture.TokenGrid;
import org.junit.jupiter.api.Test;

class DrawnTokensTest {
    private static final TokenGrid GRID = new TokenGrid(2, 2, new int[] {0, 7, 300, 1023});

    @Test
    void tokensAreTakenOfTheSameDvaeAlone() {
        DrawnTokens drawn = new DrawnTokens("dvae@1", GRID.toBytes());
        assertThat(drawn.of("dvae@1", 2, 1024)).contains(GRID);
        assertThat(drawn.of("dvae@2", 2, 1024)).as("another dVAE").isEmpty();
        assertThat(drawn.of("dvae@1", 4, 1024)).as("another size").isEmpty();
        assertThat(DrawnTokens.UNKNOWN.of("dvae@1", 2, 1024)).isEmpty();
    }

    @Test
    void whatTheDvaeDoesNotHaveIsNoToken() {
        assertThat(new DrawnTokens("d", GRID.toBytes()).of("d", 2, 1023)).isEmpty();
        byte[] notDrawn = {0, 0, (byte) 0xff, (byte) 0xff, 0, 0, 0, 0};
        assertThat(new DrawnTokens("d", notDrawn).of("d", 2, 1024)).isEmpty();
    }
}
