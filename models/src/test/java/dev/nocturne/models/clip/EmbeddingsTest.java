package dev.nocturne.models.clip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class EmbeddingsTest {

    @Test
    void bytesAreLittleEndianFloat32() {
        float[] embedding = {1, -0.5f};

        byte[] bytes = Embeddings.toBytes(embedding);

        assertThat(bytes).containsExactly(0, 0, 0x80, 0x3f, 0, 0, 0, 0xbf);
        assertThat(Embeddings.fromBytes(bytes)).isEqualTo(embedding);
    }

    @Test
    void refusesHalfANumber() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Embeddings.fromBytes(new byte[6]))
                .withMessage("6 bytes are not an embedding of 4 bytes a number");
    }
}
