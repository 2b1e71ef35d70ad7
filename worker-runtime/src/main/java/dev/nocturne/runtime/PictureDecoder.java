package dev.nocturne.runtime;

import com.luciad.imageio.webp.WebPImageReaderSpi;
import dev.nocturne.runtime.PictureHeader.Format;
import dev.nocturne.runtime.PictureHeader.UnknownFormatException;
import dev.nocturne.schemas.PlainText;
import dev.nocturne.schemas.PrintableText;
import java.awt.Graphics2D;
import java.awt.color.ColorSpace;
import java.awt.geom.AffineTransform;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * Pictures from files that come from anybody: the format is told by the first bytes alone, the size
 * is bounded before anything is decoded, and whatever a reader throws is the picture's fault.
 */
public final class PictureDecoder {

    /** A small file may hold a huge picture. */
    private static final long MAX_DECODED_BYTES = 100_000_000;

    /** What a picture takes at least, once it is drawn somewhere. */
    private static final int LEAST_BYTES_PER_PIXEL = 4;

    /** A progressive JPEG has about ten; each takes the time of a whole picture. */
    private static final int MAX_SCANS = 100;

    private static final int PNG_SIGNATURE_BYTES = 8;

    /** Length, type and checksum, without what is between them. */
    private static final int PNG_CHUNK_BYTES = 12;

    private static final Set<String> PNG_PIXEL_CHUNKS =
            Set.of("IHDR", "PLTE", "tRNS", "IDAT", "IEND");

    private PictureDecoder() {}

    /** No picture came out of a file. Its message is a predicate: "is damaged (...)". */
    public static final class UnreadablePictureException extends Exception {
        private static final long serialVersionUID = 1;

        private final String remedy;

        private UnreadablePictureException(String problem, String remedy, Throwable cause) {
            super(problem, cause);
            this.remedy = remedy;
        }

        /** What helps, as an imperative: "send a smaller picture". */
        public String remedy() {
            return remedy;
        }
    }

    /**
     * The picture as viewers show it: turned as its EXIF orientation says; of several frames, the
     * first.
     *
     * @param formats what may be read
     * @throws UnreadablePictureException if the bytes are of no such format, or a damaged or huge
     *     picture
     */
    public static BufferedImage decode(byte[] file, Set<Format> formats)
            throws UnreadablePictureException {
        try {
            PictureHeader header = PictureHeader.of(file);
            if (!formats.contains(header.format())) {
                throw new UnknownFormatException();
            }
            requireBounded(header);
            return upright(read(header, file), header.orientation());
        } catch (UnreadablePictureException e) {
            throw e;
        } catch (LinkageError e) {
            throw new UnreadablePictureException(
                    "cannot be read: this process cannot load %s".formatted(WebpLibrary.missing()),
                    "send a PNG",
                    e);
        } catch (UnknownFormatException e) {
            throw new UnreadablePictureException(
                    "is not a picture", "send a PNG, JPEG or WebP file", e);
        } catch (Throwable e) { // readers of damaged files throw anything, and run out of stack
            throw new UnreadablePictureException(
                    "is damaged (%s)".formatted(reason(e)), "send it again, as PNG or RGB JPEG", e);
        }
    }

    /** Part of one line: a reader's message may hold bytes of the file. */
    private static String reason(Throwable e) {
        return e.getMessage() == null
                ? e.getClass().getSimpleName()
                : PrintableText.of(PlainText.onOneLine(e.getMessage()));
    }

    private static void requireBounded(PictureHeader header) throws UnreadablePictureException {
        int bytesPerPixel = Math.max(LEAST_BYTES_PER_PIXEL, header.bytesPerPixel());
        long pixels = (long) header.width() * header.height();
        if (pixels > MAX_DECODED_BYTES / bytesPerPixel) {
            throw new UnreadablePictureException(
                    "has %dx%d pixels of %d bytes"
                            .formatted(header.width(), header.height(), bytesPerPixel),
                    "at most %d pixels, send a smaller picture"
                            .formatted(MAX_DECODED_BYTES / bytesPerPixel),
                    null);
        }
        if (header.scans() > MAX_SCANS) {
            throw new UnreadablePictureException(
                    "has %d scans".formatted(header.scans()),
                    "at most %d, save it as a plain JPEG".formatted(MAX_SCANS),
                    null);
        }
    }

    /** In memory alone: no temporary file holds what came from anybody. */
    private static BufferedImage read(PictureHeader header, byte[] file) throws IOException {
        byte[] needed = header.format() == Format.PNG ? withoutTexts(file) : file;
        ImageReader reader = reader(header.format());
        try (ImageInputStream in =
                new MemoryCacheImageInputStream(new ByteArrayInputStream(needed))) {
            reader.setInput(in, true, true);
            return exactGrey(reader.read(0));
        } finally {
            reader.dispose();
        }
    }

    /**
     * Java takes grey with alpha for linear light and brightens it; other pictures stay as they
     * are.
     */
    private static BufferedImage exactGrey(BufferedImage picture) {
        boolean grey = picture.getColorModel().getColorSpace().getType() == ColorSpace.TYPE_GRAY;
        if (!grey || !picture.getColorModel().hasAlpha()) {
            return picture;
        }
        BufferedImage exact =
                new BufferedImage(
                        picture.getWidth(), picture.getHeight(), BufferedImage.TYPE_INT_ARGB);
        int bits = picture.getColorModel().getComponentSize(0);
        int[] pixel = new int[2];
        for (int y = 0; y < picture.getHeight(); y++) {
            for (int x = 0; x < picture.getWidth(); x++) {
                picture.getRaster().getPixel(x, y, pixel);
                int light = pixel[0] >> bits - Byte.SIZE;
                exact.setRGB(x, y, pixel[1] >> bits - Byte.SIZE << 24 | light * 0x010101);
            }
        }
        return exact;
    }

    /** Never a guess: those that come with Java are found by name, that of WebP is made here. */
    private static ImageReader reader(Format format) throws IOException {
        return switch (format) {
            case PNG -> ImageIO.getImageReadersByFormatName("png").next();
            case JPEG -> ImageIO.getImageReadersByFormatName("jpeg").next();
            case GIF -> ImageIO.getImageReadersByFormatName("gif").next();
            case WEBP -> {
                WebpLibrary.ensureFolder();
                yield new WebPImageReaderSpi().createReaderInstance(null);
            }
        };
    }

    /** A PNG without the chunks that its pixels do not need: texts among them unpack unbounded. */
    private static byte[] withoutTexts(byte[] file) {
        ByteArrayOutputStream needed = new ByteArrayOutputStream(file.length);
        needed.write(file, 0, PNG_SIGNATURE_BYTES);
        ByteBuffer bytes = ByteBuffer.wrap(file).position(PNG_SIGNATURE_BYTES);
        while (bytes.remaining() >= PNG_CHUNK_BYTES) {
            int at = bytes.position();
            String type = new String(file, at + 4, 4, StandardCharsets.ISO_8859_1);
            long size = PNG_CHUNK_BYTES + (bytes.getInt(at) & 0xFFFFFFFFL);
            int present = (int) Math.min(size, bytes.remaining());
            if (PNG_PIXEL_CHUNKS.contains(type)) {
                needed.write(file, at, present);
            }
            bytes.position(at + present);
        }
        return needed.toByteArray();
    }

    /**
     * @param orientation of EXIF: which sides of the picture the first row and the first column are
     */
    private static BufferedImage upright(BufferedImage stored, int orientation) {
        if (orientation == 1) {
            return stored;
        }
        int width = stored.getWidth();
        int height = stored.getHeight();
        AffineTransform turn =
                switch (orientation) { // matrices by column: [x' of x, y' of x, of y, of 1]
                    case 2 -> new AffineTransform(-1, 0, 0, 1, width, 0);
                    case 3 -> new AffineTransform(-1, 0, 0, -1, width, height);
                    case 4 -> new AffineTransform(1, 0, 0, -1, 0, height);
                    case 5 -> new AffineTransform(0, 1, 1, 0, 0, 0);
                    case 6 -> new AffineTransform(0, 1, -1, 0, height, 0);
                    case 7 -> new AffineTransform(0, -1, -1, 0, height, width);
                    case 8 -> new AffineTransform(0, -1, 1, 0, 0, width);
                    default -> throw new AssertionError("an orientation of 1 to 8");
                };
        boolean lying = orientation >= 5;
        BufferedImage upright =
                new BufferedImage(
                        lying ? height : width,
                        lying ? width : height,
                        stored.getColorModel().hasAlpha()
                                ? BufferedImage.TYPE_INT_ARGB
                                : BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = upright.createGraphics();
        graphics.drawImage(stored, turn, null);
        graphics.dispose();
        return upright;
    }
}
