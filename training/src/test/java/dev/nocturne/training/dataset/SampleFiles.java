package dev.nocturne.training.dataset;

import dev.nocturne.runtime.WebpLibrary;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import javax.imageio.ImageIO;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/** Small pictures, captions and shards as people have them. */
public final class SampleFiles {
    private SampleFiles() {}

    /** As {@code train --data} has them unless told otherwise. */
    public static DataOptions options(Path place) {
        return options(place, 0.05);
    }

    /**
     * @param heldOut the share
     */
    public static DataOptions options(Path place, double heldOut) {
        return new DataOptions(
                place.toString(),
                new Columns(Optional.empty(), Optional.empty()),
                Views.PLAIN,
                false,
                0.05,
                heldOut,
                OptionalDouble.empty());
    }

    /** A picture of one colour with a lighter left half; each number gives another. */
    public static BufferedImage picture(int number, int width, int height) {
        BufferedImage picture = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = picture.createGraphics();
        Color colour = new Color(number * 37 % 200, number * 101 % 200, number * 53 % 200);
        graphics.setColor(colour);
        graphics.fillRect(0, 0, width, height);
        graphics.setColor(colour.brighter());
        graphics.fillRect(0, 0, width / 2, height);
        graphics.dispose();
        return picture;
    }

    static byte[] encoded(BufferedImage picture, String format) throws IOException {
        WebpLibrary.ensureFolder();
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        if (!ImageIO.write(picture, format, file)) {
            throw new IOException("no writer of " + format);
        }
        return file.toByteArray();
    }

    static byte[] png(int number) throws IOException {
        return encoded(picture(number, 24, 16), "png");
    }

    /** A JPEG that says it lies on its side: its first row is the right side. */
    static byte[] lyingJpeg(BufferedImage picture) throws IOException {
        byte[] jpeg = encoded(picture, "jpeg");
        // a segment APP1 with one entry: orientation, 6
        byte[] exif =
                HexFormat.of()
                        .parseHex(
                                "ffe100224578696600004d4d002a000000080001"
                                        + "01120003000000010006000000000000");
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        file.write(jpeg, 0, 2);
        file.write(exif);
        file.write(jpeg, 2, jpeg.length - 2);
        return file.toByteArray();
    }

    /** Writes a picture, and its captions beside it where there are any. */
    public static void add(Path folder, String name, byte[] file, String captions)
            throws IOException {
        Files.createDirectories(folder);
        Files.write(folder.resolve(name), file);
        if (captions != null) {
            Files.writeString(folder.resolve(PictureNames.stem(name) + ".txt"), captions);
        }
    }

    /** Pictures 0 to {@code count - 1}, each with a caption. */
    public static void folder(Path folder, int count) throws IOException {
        for (int i = 0; i < count; i++) {
            add(folder, "picture %d.png".formatted(i), png(i), "a square number " + i + "\n");
        }
    }

    /** Writes a tar archive of these files, in order. */
    static Path shard(Path file, Map<String, byte[]> files) throws IOException {
        Files.createDirectories(file.getParent());
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(Files.newOutputStream(file))) {
            for (Map.Entry<String, byte[]> one : files.entrySet()) {
                TarArchiveEntry entry = new TarArchiveEntry(one.getKey());
                entry.setSize(one.getValue().length);
                tar.putArchiveEntry(entry);
                tar.write(one.getValue());
                tar.closeArchiveEntry();
            }
        }
        return file;
    }

    /** As img2dataset and our own jobs write them: picture, caption and what is known of it. */
    static Map<String, byte[]> shardFiles(int from, int count) throws IOException {
        Map<String, byte[]> files = new LinkedHashMap<>();
        for (int i = from; i < from + count; i++) {
            String key = "%09d".formatted(i);
            files.put(key + ".png", png(i));
            files.put(key + ".txt", ("caption " + i).getBytes(StandardCharsets.UTF_8));
            files.put(
                    key + ".json",
                    "{\"key\":\"%s\",\"caption\":\"caption %d\",\"width\":24}"
                            .formatted(key, i)
                            .getBytes(StandardCharsets.UTF_8));
        }
        return files;
    }
}
