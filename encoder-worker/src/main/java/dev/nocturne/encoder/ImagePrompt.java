package dev.nocturne.encoder;

import dev.nocturne.runtime.PermanentException;
import dev.nocturne.runtime.PictureDecoder;
import dev.nocturne.runtime.PictureDecoder.UnreadablePictureException;
import dev.nocturne.runtime.PictureHeader.Format;
import dev.nocturne.schemas.ReasonCodes;
import java.awt.image.BufferedImage;
import java.util.Set;

/** A picture of which the drawn pictures share a part. */
public final class ImagePrompt {

    private static final Set<Format> FORMATS = Set.of(Format.PNG, Format.JPEG, Format.WEBP);

    private ImagePrompt() {}

    /**
     * The picture as viewers show it: turned as its EXIF orientation says.
     *
     * @throws PermanentException ({@code invalid_option}) if the bytes are no PNG, JPEG or WebP, or
     *     a damaged or huge one
     */
    public static BufferedImage read(byte[] file) {
        return read("image_prompt", file);
    }

    private static BufferedImage read(String option, byte[] file) {
        try {
            return PictureDecoder.decode(file, FORMATS);
        } catch (UnreadablePictureException e) {
            throw invalid("%s %s: %s".formatted(option, e.getMessage(), e.remedy()), e);
        }
    }

    /**
     * The mask of a picture.
     *
     * @param file empty: the picture is its own mask
     * @throws PermanentException ({@code invalid_option}) as of {@link #read}, or if it is not as
     *     large as the picture
     */
    static BufferedImage readMask(byte[] file, BufferedImage picture) {
        if (file.length == 0) {
            return picture;
        }
        BufferedImage mask = read("mask", file);
        if (mask.getWidth() != picture.getWidth() || mask.getHeight() != picture.getHeight()) {
            throw invalid(
                    "mask has %dx%d pixels, the image_prompt %dx%d: send a mask as large as the picture"
                            .formatted(
                                    mask.getWidth(),
                                    mask.getHeight(),
                                    picture.getWidth(),
                                    picture.getHeight()),
                    null);
        }
        return mask;
    }

    private static PermanentException invalid(String message, Throwable cause) {
        return new PermanentException(ReasonCodes.INVALID_OPTION, message, cause);
    }
}
