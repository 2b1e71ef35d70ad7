package dev.nocturne.encoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nocturne.models.picture.Pixels;
import dev.nocturne.runtime.PermanentException;
import dev.nocturne.schemas.ReasonCodes;
import java.awt.image.BufferedImage;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImagePromptTest {

    private static final BufferedImage STRIPES =
            SamplePictures.stripes(30, 20, BufferedImage.TYPE_INT_RGB);

    @Test
    void readsPngJpegAndWebp() {
        assertSame(ImagePrompt.read(SamplePictures.file(STRIPES, "png")), STRIPES);
        assertSame(ImagePrompt.read(SamplePictures.webp(STRIPES, true)), STRIPES);
        for (byte[] lossy :
                List.of(
                        SamplePictures.file(STRIPES, "jpeg"),
                        SamplePictures.file(STRIPES, "jpeg", true),
                        SamplePictures.webp(STRIPES, false))) {
            BufferedImage read = ImagePrompt.read(lossy);
            assertThat(read.getWidth()).isEqualTo(30);
            assertThat(read.getRGB(25, 17) & 0xFF).as("blue at the bottom").isGreaterThan(200);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"tiff", "gif", "bmp"})
    void otherFormatsAreRefusedThoughJavaHasReadersForThem(String format) {
        BufferedImage picture = SamplePictures.stripes(30, 20, BufferedImage.TYPE_BYTE_INDEXED);
        assertInvalid(SamplePictures.file(picture, format), "send a PNG, JPEG or WebP file");
    }

    @Test
    @Timeout(120)
    void damagedPicturesAreReadOrRefused() {
        Random random = new Random(1);
        int refused = 0;
        int tries = 0;
        for (byte[] file : SamplePictures.ofEveryFormat()) {
            for (int i = 0; i < 300; i++) {
                byte[] damaged = SamplePictures.damaged(file, random);
                long startNanos = System.nanoTime();
                try {
                    Pixels.fit(ImagePrompt.read(damaged), 16);
                } catch (PermanentException e) {
                    assertThat(e.reasonCode()).isEqualTo(ReasonCodes.INVALID_OPTION);
                    assertThat(e.getMessage().lines()).hasSize(1);
                    refused++;
                }
                assertThat(System.nanoTime() - startNanos).isLessThan(TimeUnit.SECONDS.toNanos(10));
                tries++;
            }
        }
        assertThat(refused).as("of " + tries).isBetween(tries / 4, tries - 1);
    }

    @Test
    void cutPicturesAreReadOrRefused() {
        for (byte[] file : SamplePictures.ofEveryFormat()) {
            for (int length = 0; length < file.length; length += 1 + length / 40) {
                try {
                    ImagePrompt.read(Arrays.copyOf(file, length));
                } catch (PermanentException e) {
                    assertThat(e.reasonCode()).isEqualTo(ReasonCodes.INVALID_OPTION);
                }
            }
        }
    }

    /** As the header says it, before any reader has memory for it. */
    @Test
    void hugePicturesAreRefusedByTheirHeader() {
        byte[] png = SamplePictures.file(STRIPES, "png");
        ByteBuffer.wrap(png).putInt(16, 5_001).putInt(20, 5_000);
        assertInvalid(png, "5001x5000 pixels of 4 bytes: at most 25000000");

        byte[] deep = SamplePictures.file(STRIPES, "png");
        ByteBuffer.wrap(deep).putInt(16, 5_000).putInt(20, 2_501).put(24, (byte) 16);
        deep[25] = 6;
        assertInvalid(deep, "5000x2501 pixels of 8 bytes: at most 12500000");

        byte[] jpeg = SamplePictures.file(STRIPES, "jpeg");
        int frame = indexOf(jpeg, 0xFFC0);
        ByteBuffer.wrap(jpeg).putShort(frame + 5, (short) 65_500).putShort(frame + 7, (short) 400);
        assertInvalid(jpeg, "400x65500 pixels");

        byte[] webp = SamplePictures.webp(STRIPES, true);
        ByteBuffer.wrap(webp).order(ByteOrder.LITTLE_ENDIAN).putInt(21, 16_383 | 16_383 << 14);
        assertInvalid(webp, "16384x16384 pixels");
    }

    @Test
    void jpegOfCountlessScansIsRefused() {
        byte[] jpeg = SamplePictures.file(STRIPES, "jpeg", true);
        byte[] scan = {(byte) 0xFF, (byte) 0xDA, 0, 8, 1, 1, 0, 0, 0, 0};
        byte[] scans = new byte[100 * scan.length];
        for (int i = 0; i < scans.length; i++) {
            scans[i] = scan[i % scan.length];
        }
        assertInvalid(SamplePictures.inserted(jpeg, jpeg.length - 2, scans), "scans: at most 100");
    }

    /** Zeros by the thousand in a few bytes: nothing of it is unpacked. */
    @Test
    void textsInPngAreNotRead() {
        BufferedImage picture = SamplePictures.stripes(30, 20, BufferedImage.TYPE_BYTE_INDEXED);
        byte[] png = SamplePictures.file(picture, "png");
        byte[] broken = {'a', 0, 0, 1, 2, 3};
        assertSame(ImagePrompt.read(SamplePictures.withChunk(png, "zTXt", broken)), picture);
        assertSame(ImagePrompt.read(SamplePictures.withChunk(png, "sPLT", broken)), picture);
        assertSame(ImagePrompt.read(SamplePictures.withChunk(png, "tIME", new byte[0])), picture);
    }

    /** The sides of the picture that the first row and the first column are, of EXIF 2.3, 4.6.4. */
    @ParameterizedTest
    @CsvSource({
        "1, top, left", "2, top, right", "3, bottom, right", "4, bottom, left",
        "5, left, top", "6, right, top", "7, right, bottom", "8, left, bottom"
    })
    void picturesAreTurnedAsViewersShowThem(int orientation, String firstRow, String firstColumn) {
        byte[] png = SamplePictures.file(STRIPES, "png");
        byte[] turned = SamplePictures.withChunk(png, "eXIf", SamplePictures.exif(orientation));
        boolean lying = firstRow.equals("left") || firstRow.equals("right");
        BufferedImage expected =
                new BufferedImage(lying ? 20 : 30, lying ? 30 : 20, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < 20; y++) {
            for (int x = 0; x < 30; x++) {
                int along = lying ? x : y;
                int across = lying ? y : x;
                boolean fromTop = (lying ? firstColumn : firstRow).equals("top");
                boolean fromLeft = (lying ? firstRow : firstColumn).equals("left");
                expected.setRGB(
                        fromLeft ? across : expected.getWidth() - 1 - across,
                        fromTop ? along : expected.getHeight() - 1 - along,
                        STRIPES.getRGB(x, y));
            }
        }
        assertSame(ImagePrompt.read(turned), expected);

        byte[] webp = SamplePictures.webp(STRIPES, true);
        assertSame(
                ImagePrompt.read(
                        SamplePictures.withExif(webp, 30, 20, SamplePictures.exif(orientation))),
                expected);
    }

    @Test
    void jpegOfAPhoneStandsUpright() {
        byte[] jpeg = SamplePictures.file(STRIPES, "jpeg");
        BufferedImage read =
                ImagePrompt.read(SamplePictures.withExif(jpeg, SamplePictures.exif(6)));
        assertThat(read.getWidth()).isEqualTo(20);
        assertThat(read.getHeight()).isEqualTo(30);
        assertThat(read.getRGB(17, 20) >> 16 & 0xFF).as("red to the right").isGreaterThan(200);
    }

    @Test
    void brokenExifCountsAsNone() {
        byte[] jpeg = SamplePictures.file(STRIPES, "jpeg");
        byte[] exif = SamplePictures.exif(6);
        exif[4] = 0x7F;
        assertThat(ImagePrompt.read(SamplePictures.withExif(jpeg, exif)).getWidth()).isEqualTo(30);
        byte[] cut = Arrays.copyOf(SamplePictures.exif(6), 12);
        assertThat(ImagePrompt.read(SamplePictures.withExif(jpeg, cut)).getWidth()).isEqualTo(30);
        byte[] ninth = SamplePictures.exif(9);
        assertThat(ImagePrompt.read(SamplePictures.withExif(jpeg, ninth)).getWidth()).isEqualTo(30);
    }

    private static int indexOf(byte[] file, int marker) {
        for (int i = 0; ; i++) {
            if ((file[i] & 0xFF) == marker >> 8 && (file[i + 1] & 0xFF) == (marker & 0xFF)) {
                return i;
            }
        }
    }

    private static void assertSame(BufferedImage actual, BufferedImage expected) {
        assertThat(actual.getWidth()).isEqualTo(expected.getWidth());
        assertThat(actual.getHeight()).isEqualTo(expected.getHeight());
        for (int y = 0; y < expected.getHeight(); y++) {
            for (int x = 0; x < expected.getWidth(); x++) {
                assertThat(actual.getRGB(x, y)).isEqualTo(expected.getRGB(x, y));
            }
        }
    }

    private static void assertInvalid(byte[] file, String messagePart) {
        assertThatThrownBy(() -> ImagePrompt.read(file))
                .isInstanceOfSatisfying(
                        PermanentException.class,
                        e -> assertThat(e.reasonCode()).isEqualTo(ReasonCodes.INVALID_OPTION))
                .hasMessageContaining(messagePart);
    }
}
