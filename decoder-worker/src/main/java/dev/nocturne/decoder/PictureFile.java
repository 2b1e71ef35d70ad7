package dev.nocturne.decoder;

import dev.nocturne.runtime.PermanentException;
import dev.nocturne.schemas.PictureFormat;
import dev.nocturne.schemas.ReasonCodes;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;

/**
 * A picture as a file that says where it comes from: PNG in text chunks, JPEG and WebP in an XMP
 * packet. The same picture and text give the same bytes.
 */
public final class PictureFile {

    private static final String SOFTWARE = "Nocturne";

    private PictureFile() {}

    /**
     * What the file of a ranked picture says, by keyword.
     *
     * @param score null if it has none
     */
    public static Map<String, String> text(
            String caption, long seed, Float score, int rank, String model) {
        Map<String, String> text = new LinkedHashMap<>();
        text.put(Xmp.CAPTION, caption);
        text.put("seed", Long.toString(seed));
        if (score != null) {
            text.put("score", score.toString());
        }
        text.put("rank", Integer.toString(rank));
        text.put("model", model);
        text.put(Xmp.SOFTWARE, SOFTWARE);
        return text;
    }

    /** What the file of an unfinished picture says. */
    public static Map<String, String> text(String caption, long seed, String model) {
        Map<String, String> text = new LinkedHashMap<>();
        text.put(Xmp.CAPTION, caption);
        text.put("seed", Long.toString(seed));
        text.put("model", model);
        text.put(Xmp.SOFTWARE, SOFTWARE);
        return text;
    }

    /**
     * @param compression quality of JPEG and WebP, 0 to 100; at 100 WebP loses nothing
     * @throws PermanentException ({@code invalid_option}) if this machine cannot write the format
     */
    public static byte[] encode(
            BufferedImage picture,
            PictureFormat format,
            int compression,
            Map<String, String> text) {
        return switch (format) {
            case PNG -> PngFile.encode(picture, text);
            case JPEG -> JpegFile.encode(picture, compression, Xmp.packet(text));
            case WEBP -> WebpFile.encode(picture, compression, Xmp.packet(text));
        };
    }

    /**
     * The file that the writer makes; the writer is done with then.
     *
     * @param param null for the writer's own
     */
    static byte[] written(ImageWriter writer, IIOImage picture, ImageWriteParam param) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ImageOutputStream out = ImageIO.createImageOutputStream(bytes)) {
            writer.setOutput(out);
            writer.write(null, picture, param);
        } catch (IOException e) {
            throw new UncheckedIOException("writing to memory failed", e);
        } finally {
            writer.dispose();
        }
        return bytes.toByteArray();
    }

    /**
     * @throws PermanentException ({@code malformed_event}) if there is none of that name
     */
    static PictureFormat format(String name) {
        return PictureFormat.named(name)
                .orElseThrow(
                        () ->
                                new PermanentException(
                                        ReasonCodes.MALFORMED_EVENT,
                                        "output_format is '%s': this worker writes png, jpeg and webp"
                                                .formatted(name)));
    }
}
