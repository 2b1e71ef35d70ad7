package dev.nocturne.decoder;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;

class PngFileTest {

    private static final int SIGNATURE_BYTES = 8;
    private static final int CRC_BYTES = 4;

    private static BufferedImage picture() {
        BufferedImage picture = new BufferedImage(3, 2, BufferedImage.TYPE_INT_RGB);
        picture.setRGB(2, 1, Color.ORANGE.getRGB());
        return picture;
    }

    @Test
    void pixelsComeBackExactly() throws IOException {
        BufferedImage read =
                ImageIO.read(new ByteArrayInputStream(PngFile.encode(picture(), Map.of())));
        assertThat(read.getWidth()).isEqualTo(3);
        assertThat(read.getHeight()).isEqualTo(2);
        assertThat(read.getRGB(2, 1)).isEqualTo(Color.ORANGE.getRGB());
    }

    @Test
    void latinTextIsInPlainChunks() {
        byte[] file =
                PngFile.encode(picture(), PictureFile.text("Café", -7, 0.25f, 1, "emoji@1a2b3c4d"));
        assertThat(chunks(file, "tEXt"))
                .extracting(chunk -> new String(chunk, ISO_8859_1).replace('\0', '='))
                .containsExactly(
                        "caption=Café",
                        "seed=-7",
                        "score=0.25",
                        "rank=1",
                        "model=emoji@1a2b3c4d",
                        "software=Nocturne");
        assertThat(chunks(file, "iTXt")).isEmpty();
    }

    @Test
    void otherTextIsInInternationalChunks() {
        byte[] file = PngFile.encode(picture(), PictureFile.text("赤い家 🏠", 1, null, 1, "m"));
        assertThat(chunks(file, "iTXt"))
                .extracting(chunk -> new String(chunk, UTF_8))
                .containsExactly("caption\0\0\0\0\0赤い家 🏠");
    }

    @Test
    void sameInputsGiveTheSameBytes() {
        Map<String, String> text = PictureFile.text("a dog", 1, 0.5f, 2, "m");
        assertThat(PngFile.encode(picture(), text)).isEqualTo(PngFile.encode(picture(), text));
    }

    /** The contents of all chunks of a type (PNG specification, 5.3). */
    private static List<byte[]> chunks(byte[] file, String type) {
        List<byte[]> contents = new ArrayList<>();
        ByteBuffer in = ByteBuffer.wrap(file).position(SIGNATURE_BYTES);
        while (in.hasRemaining()) {
            byte[] content = new byte[in.getInt()];
            byte[] name = new byte[4];
            in.get(name).get(content).position(in.position() + CRC_BYTES);
            if (new String(name, ISO_8859_1).equals(type)) {
                contents.add(content);
            }
        }
        return contents;
    }
}
