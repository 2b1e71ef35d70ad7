package dev.nocturne.decoder;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.luciad.imageio.webp.WebPImageReaderSpi;
import dev.nocturne.schemas.PictureFormat;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RadialGradientPaint;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.w3c.dom.Document;

class PictureFileTest {

    private static final int SIDE = 65; // odd, so that nothing rests on whole blocks
    private static final Map<String, String> TEXT =
            PictureFile.text("赤い家 <&> \"🏠\"", -7, 0.25f, 3, "emoji@1a2b3c4d");

    /** A red and blue disc with a hard edge on white. */
    private static BufferedImage picture() {
        BufferedImage picture = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = picture.createGraphics();
        graphics.setColor(Color.WHITE);
        graphics.fillRect(0, 0, SIDE, SIDE);
        graphics.setPaint(
                new RadialGradientPaint(
                        SIDE / 2f,
                        SIDE / 2f,
                        SIDE / 2f,
                        new float[] {0, 1},
                        new Color[] {Color.RED, Color.BLUE}));
        graphics.fillOval(8, 8, SIDE - 16, SIDE - 16);
        graphics.dispose();
        return picture;
    }

    private static BufferedImage read(byte[] file) throws IOException {
        if (!ascii(file, 0).equals("RIFF")) {
            return ImageIO.read(new ByteArrayInputStream(file));
        }
        ImageReader reader = new WebPImageReaderSpi().createReaderInstance();
        try (ImageInputStream in = ImageIO.createImageInputStream(new ByteArrayInputStream(file))) {
            reader.setInput(in);
            return reader.read(0);
        }
    }

    /** The mean over pixels and colours; of 255. */
    private static double difference(BufferedImage one, BufferedImage other) {
        assertThat(other.getWidth()).isEqualTo(one.getWidth());
        assertThat(other.getHeight()).isEqualTo(one.getHeight());
        long sum = 0;
        for (int y = 0; y < one.getHeight(); y++) {
            for (int x = 0; x < one.getWidth(); x++) {
                for (int shift = 0; shift <= 16; shift += 8) {
                    int difference =
                            (one.getRGB(x, y) >> shift & 0xff)
                                    - (other.getRGB(x, y) >> shift & 0xff);
                    sum += Math.abs(difference);
                }
            }
        }
        return sum / (3.0 * one.getWidth() * one.getHeight());
    }

    @ParameterizedTest
    @CsvSource({"PNG,100,0", "WEBP,100,0", "JPEG,100,1", "JPEG,75,5", "WEBP,75,6"})
    void picturesComeBackAsWellAsWasAskedFor(
            PictureFormat format, int compression, double difference) throws IOException {
        byte[] file = PictureFile.encode(picture(), format, compression, TEXT);
        assertThat(difference(picture(), read(file))).isBetween(0.0, difference);
    }

    @ParameterizedTest
    @EnumSource(names = {"JPEG", "WEBP"})
    void lessQualityIsASmallerFile(PictureFormat format) {
        int high = PictureFile.encode(picture(), format, 90, TEXT).length;
        int low = PictureFile.encode(picture(), format, 10, TEXT).length;
        assertThat(low).isLessThan(high);
    }

    @ParameterizedTest
    @EnumSource
    void theSamePictureAndTextGiveTheSameBytes(PictureFormat format) {
        assertThat(PictureFile.encode(picture(), format, 100, TEXT))
                .isEqualTo(PictureFile.encode(picture(), format, 100, TEXT));
    }

    @Test
    void jpegHasItsTextInTheSegmentWhereOthersLookForIt() throws Exception {
        byte[] file = PictureFile.encode(picture(), PictureFormat.JPEG, 100, TEXT);
        ByteBuffer in = ByteBuffer.wrap(file).position(2); // after the start of the image
        String signature = "http://ns.adobe.com/xap/1.0/\0";
        byte[] xmp = null;
        while (xmp == null) {
            int marker = in.getShort() & 0xffff;
            byte[] content = new byte[in.getShort() - 2];
            assertThat(marker).as("APP0, APP1 and no other before").isIn(0xffe0, 0xffe1);
            in.get(content);
            if (new String(content, ISO_8859_1).startsWith(signature)) {
                xmp = new String(content, UTF_8).substring(signature.length()).getBytes(UTF_8);
            }
        }
        assertText(xmp);
    }

    @Test
    void jpegHasAllColourSamples() {
        byte[] file = PictureFile.encode(picture(), PictureFormat.JPEG, 50, TEXT);
        int frame = new String(file, ISO_8859_1).indexOf("\u00ff\u00c0"); // SOF0
        assertThat(frame).isPositive();
        int components = file[frame + 9];
        assertThat(components).isEqualTo(3);
        for (int i = 0; i < components; i++) {
            assertThat(file[frame + 11 + 3 * i])
                    .as("sampling of component %d", i)
                    .isEqualTo((byte) 0x11);
        }
    }

    /** WebP Container Specification: RIFF, VP8X with the flag of XMP, the picture, the packet. */
    @ParameterizedTest
    @CsvSource({"100,VP8L", "50,'VP8 '"})
    void webpHasItsTextInTheChunkWhereOthersLookForIt(int compression, String codec)
            throws Exception {
        byte[] file = PictureFile.encode(picture(), PictureFormat.WEBP, compression, TEXT);
        ByteBuffer in = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(ascii(file, 0)).isEqualTo("RIFF");
        assertThat(in.getInt(4)).isEqualTo(file.length - 8);
        assertThat(ascii(file, 8)).isEqualTo("WEBP");
        assertThat(ascii(file, 12)).isEqualTo("VP8X");
        assertThat(in.getInt(16)).isEqualTo(10);
        assertThat(in.get(20)).isEqualTo((byte) 0x04);
        assertThat(in.getShort(24)).isEqualTo((short) (SIDE - 1));
        assertThat(in.getShort(27)).isEqualTo((short) (SIDE - 1));
        assertThat(ascii(file, 30)).isEqualTo(codec);
        int next = 38 + padded(in.getInt(34));
        assertThat(ascii(file, next)).isEqualTo("XMP ");
        byte[] xmp = new byte[in.getInt(next + 4)];
        in.position(next + 8).get(xmp);
        assertThat(file.length).isEqualTo(next + 8 + padded(xmp.length));
        assertText(xmp);
    }

    private static int padded(int bytes) {
        return bytes + bytes % 2;
    }

    private static String ascii(byte[] file, int offset) {
        return new String(file, offset, 4, ISO_8859_1);
    }

    private static void assertText(byte[] xmp) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        Document packet = factory.newDocumentBuilder().parse(new ByteArrayInputStream(xmp));
        assertThat(property(packet, "http://purl.org/dc/elements/1.1/", "description"))
                .isEqualTo("赤い家 <&> \"🏠\"");
        assertThat(property(packet, "http://ns.adobe.com/xap/1.0/", "CreatorTool"))
                .isEqualTo("Nocturne");
        for (String keyword : new String[] {"seed", "score", "rank", "model"}) {
            assertThat(property(packet, "urn:nocturne:picture:", keyword))
                    .isEqualTo(TEXT.get(keyword));
        }
    }

    private static String property(Document packet, String namespace, String name) {
        return packet.getElementsByTagNameNS(namespace, name).item(0).getTextContent();
    }
}
