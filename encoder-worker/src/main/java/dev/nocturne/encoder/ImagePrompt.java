package dev.nocturne.encoder;

import dev.nocturne.runtime.PermanentException;
import dev.nocturne.schemas.ReasonCodes;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Iterator;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;

/** A picture of which the drawn pictures share a part. */
public final class ImagePrompt {

    /** A small file may hold a huge picture; this one takes 100 MB in memory. */
    private static final long MAX_PIXELS = 25_000_000;

    private ImagePrompt() {}

    /**
     * @throws PermanentException ({@code invalid_option}) if the bytes are no picture, or a huge
     *     one
     */
    public static BufferedImage read(byte[] bytes) {
        try (ImageInputStream in =
                ImageIO.createImageInputStream(new ByteArrayInputStream(bytes))) {
            Iterator<ImageReader> readers = ImageIO.getImageReaders(in);
            if (!readers.hasNext()) {
                throw invalid("image_prompt is not a picture: send a PNG or JPEG file");
            }
            ImageReader reader = readers.next();
            try {
                reader.setInput(in);
                long pixels = (long) reader.getWidth(0) * reader.getHeight(0);
                if (pixels > MAX_PIXELS) {
                    throw invalid(
                            "image_prompt has %d pixels: at most %d, send a smaller picture"
                                    .formatted(pixels, MAX_PIXELS));
                }
                return reader.read(0);
            } finally {
                reader.dispose();
            }
        } catch (IOException | IllegalArgumentException | IndexOutOfBoundsException e) {
            throw invalid("image_prompt is damaged (%s): send it again".formatted(e.getMessage()));
        }
    }

    private static PermanentException invalid(String message) {
        return new PermanentException(ReasonCodes.INVALID_OPTION, message);
    }
}
