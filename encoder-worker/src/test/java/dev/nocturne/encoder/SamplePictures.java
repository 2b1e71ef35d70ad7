package dev.nocturne.encoder;

import com.luciad.imageio.webp.CompressionType;
import com.luciad.imageio.webp.WebPImageWriterSpi;
import com.luciad.imageio.webp.WebPWriteParam;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;

/** Small pictures as files of many formats, and ways to damage them. */
final class SamplePictures {

    private static final int AFTER_PNG_HEADER = 8 + 12 + 13;
    private static final int AFTER_JPEG_START = 2;

    private SamplePictures() {}

    /** A red, a green and a blue stripe, and a diagonal through them. */
    static BufferedImage stripes(int width, int height, int type) {
        BufferedImage picture = new BufferedImage(width, height, type);
        Graphics2D graphics = picture.createGraphics();
        Color[] colours = {Color.RED, Color.GREEN, Color.BLUE};
        for (int i = 0; i < 3; i++) {
            graphics.setColor(colours[i]);
            graphics.fillRect(0, i * height / 3, width, height / 3 + 1);
        }
        graphics.setColor(Color.YELLOW);
        graphics.drawLine(0, 0, width, height);
        graphics.dispose();
        return picture;
    }

    static byte[] file(BufferedImage picture, String format) {
        return file(picture, format, false);
    }

    static byte[] file(BufferedImage picture, String format, boolean progressive) {
        ImageWriter writer = ImageIO.getImageWritersByFormatName(format).next();
        ImageWriteParam param = writer.getDefaultWriteParam();
        if (progressive) {
            param.setProgressiveMode(ImageWriteParam.MODE_DEFAULT);
        }
        return written(writer, param, picture);
    }

    static byte[] webp(BufferedImage picture, boolean lossless) {
        ImageWriter writer;
        try {
            writer = new WebPImageWriterSpi().createWriterInstance();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        WebPWriteParam param = (WebPWriteParam) writer.getDefaultWriteParam();
        param.setCompressionType(lossless ? CompressionType.Lossless : CompressionType.Lossy);
        param.setCompressionQuality(1);
        return written(writer, param, picture);
    }

    private static byte[] written(ImageWriter writer, ImageWriteParam param, BufferedImage image) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ImageOutputStream out = ImageIO.createImageOutputStream(bytes)) {
            writer.setOutput(out);
            writer.write(null, new IIOImage(image, null, null), param);
        } catch (IOException e) {
            throw new AssertionError(e);
        } finally {
            writer.dispose();
        }
        return bytes.toByteArray();
    }

    /** PNG, JPEG, WebP, GIF, BMP and TIFF, of several kinds of pixels. */
    static List<byte[]> ofEveryFormat() {
        List<byte[]> files = new ArrayList<>();
        BufferedImage rgb = stripes(40, 30, BufferedImage.TYPE_INT_RGB);
        BufferedImage argb = stripes(40, 30, BufferedImage.TYPE_INT_ARGB);
        BufferedImage grey = stripes(40, 30, BufferedImage.TYPE_BYTE_GRAY);
        BufferedImage palette = stripes(40, 30, BufferedImage.TYPE_BYTE_INDEXED);
        for (BufferedImage picture : List.of(rgb, argb, grey, palette)) {
            files.add(file(picture, "png"));
            files.add(file(picture, "tiff"));
        }
        files.add(file(rgb, "png", true));
        files.add(file(rgb, "jpeg"));
        files.add(file(rgb, "jpeg", true));
        files.add(file(grey, "jpeg"));
        files.add(webp(rgb, true));
        files.add(webp(rgb, false));
        files.add(webp(argb, true));
        files.add(webp(argb, false));
        files.add(file(palette, "gif"));
        files.add(file(rgb, "bmp"));
        return files;
    }

    /** One to eight bytes are others; every second time in the first 64, where the header is. */
    static byte[] damaged(byte[] file, Random random) {
        byte[] damaged = file.clone();
        int reach = random.nextBoolean() ? damaged.length : Math.min(64, damaged.length);
        for (int changes = 1 + random.nextInt(8); changes > 0; changes--) {
            damaged[random.nextInt(reach)] = (byte) random.nextInt();
        }
        return damaged;
    }

    /** EXIF of one entry, the orientation, as cameras write it: TIFF, big endian. */
    static byte[] exif(int orientation) {
        return ByteBuffer.allocate(26)
                .put("MM\0*".getBytes(StandardCharsets.US_ASCII))
                .putInt(8)
                .putShort((short) 1)
                .putShort((short) 0x0112)
                .putShort((short) 3)
                .putInt(1)
                .putShort((short) orientation)
                .putShort((short) 0)
                .putInt(0)
                .array();
    }

    /** The PNG with one more chunk, after its header. */
    static byte[] withChunk(byte[] png, String type, byte[] data) {
        CRC32 checksum = new CRC32();
        checksum.update(type.getBytes(StandardCharsets.US_ASCII));
        checksum.update(data);
        byte[] chunk =
                ByteBuffer.allocate(12 + data.length)
                        .putInt(data.length)
                        .put(type.getBytes(StandardCharsets.US_ASCII))
                        .put(data)
                        .putInt((int) checksum.getValue())
                        .array();
        return inserted(png, AFTER_PNG_HEADER, chunk);
    }

    /** The JPEG with EXIF, where cameras put it. */
    static byte[] withExif(byte[] jpeg, byte[] exif) {
        byte[] segment =
                ByteBuffer.allocate(10 + exif.length)
                        .putShort((short) 0xFFE1)
                        .putShort((short) (8 + exif.length))
                        .put("Exif\0\0".getBytes(StandardCharsets.US_ASCII))
                        .put(exif)
                        .array();
        return inserted(jpeg, AFTER_JPEG_START, segment);
    }

    /** The simple WebP in the extended container, with EXIF. */
    static byte[] withExif(byte[] webp, int width, int height, byte[] exif) {
        ByteBuffer file =
                ByteBuffer.allocate(12 + 18 + webp.length - 12 + 8 + exif.length)
                        .order(ByteOrder.LITTLE_ENDIAN);
        file.put("RIFF".getBytes(StandardCharsets.US_ASCII)).putInt(file.capacity() - 8);
        file.put("WEBPVP8X".getBytes(StandardCharsets.US_ASCII)).putInt(10).putInt(0x08);
        file.putShort((short) (width - 1)).put((byte) 0).putShort((short) (height - 1));
        file.put((byte) 0).put(webp, 12, webp.length - 12);
        file.put("EXIF".getBytes(StandardCharsets.US_ASCII)).putInt(exif.length).put(exif);
        return file.array();
    }

    static byte[] inserted(byte[] file, int at, byte[] more) {
        return ByteBuffer.allocate(file.length + more.length)
                .put(file, 0, at)
                .put(more)
                .put(file, at, file.length - at)
                .array();
    }
}
