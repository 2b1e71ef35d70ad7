package dev.nocturne.decoder;

import com.luciad.imageio.webp.CompressionType;
import com.luciad.imageio.webp.WebPImageWriterSpi;
import com.luciad.imageio.webp.WebPWriteParam;
import dev.nocturne.runtime.PermanentException;
import dev.nocturne.runtime.WebpLibrary;
import dev.nocturne.schemas.Limits;
import dev.nocturne.schemas.ReasonCodes;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import javax.imageio.IIOImage;
import javax.imageio.ImageWriter;

/**
 * A picture as a WebP file with an XMP chunk. libwebp, which the dependency brings for each kind of
 * machine, writes the picture; this puts it into the extended container (WebP Container
 * Specification), the only one that has a place for XMP.
 */
final class WebpFile {

    private static final int RIFF_HEADER_BYTES = 12;
    private static final int CHUNK_HEADER_BYTES = 8;
    private static final int EXTENDED_BYTES = 10;
    private static final int HAS_XMP = 0x04;

    private WebpFile() {}

    /**
     * @param picture without transparency
     * @param quality 0 to 100; at 100 nothing is lost
     * @throws PermanentException ({@code invalid_option}) if this machine cannot load libwebp
     */
    static byte[] encode(BufferedImage picture, int quality, byte[] xmp) {
        try {
            WebpLibrary.ensureFolder();
            return withXmp(simple(picture, quality), picture, xmp);
        } catch (IOException | LinkageError e) {
            throw withoutLibrary(e);
        }
    }

    private static PermanentException withoutLibrary(Throwable cause) {
        return new PermanentException(
                ReasonCodes.INVALID_OPTION,
                "output_format is webp, and the decoder-worker cannot load %s: ask for png or jpeg, or let it write and run there and start it again"
                        .formatted(WebpLibrary.missing()),
                cause);
    }

    /** Registered nowhere: a plug-in of the Java platform is looked for by class loader. */
    private static byte[] simple(BufferedImage picture, int quality) throws IOException {
        ImageWriter writer = new WebPImageWriterSpi().createWriterInstance();
        WebPWriteParam param = (WebPWriteParam) writer.getDefaultWriteParam();
        boolean lossless = quality == Limits.MAX_OUTPUT_COMPRESSION;
        param.setCompressionType(lossless ? CompressionType.Lossless : CompressionType.Lossy);
        param.setCompressionQuality(quality / 100f);
        param.setUseSharpYUV(true); // WebP halves the colours' samples: at least no edge blurs
        return PictureFile.written(writer, new IIOImage(picture, null, null), param);
    }

    private static byte[] withXmp(byte[] simple, BufferedImage picture, byte[] xmp) {
        int pictureBytes = simple.length - RIFF_HEADER_BYTES; // one chunk, padded
        int xmpBytes = xmp.length + xmp.length % 2;
        int bytes =
                RIFF_HEADER_BYTES
                        + (CHUNK_HEADER_BYTES + EXTENDED_BYTES)
                        + pictureBytes
                        + (CHUNK_HEADER_BYTES + xmpBytes);
        ByteBuffer file = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
        file.put(ascii("RIFF")).putInt(bytes - CHUNK_HEADER_BYTES).put(ascii("WEBP"));
        file.put(ascii("VP8X")).putInt(EXTENDED_BYTES).putInt(HAS_XMP);
        put24(file, picture.getWidth() - 1);
        put24(file, picture.getHeight() - 1);
        file.put(simple, RIFF_HEADER_BYTES, pictureBytes);
        file.put(ascii("XMP ")).putInt(xmp.length).put(xmp);
        return file.array(); // the last byte is the padding, if there is one
    }

    private static void put24(ByteBuffer file, int value) {
        file.putShort((short) value).put((byte) (value >> 16));
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
