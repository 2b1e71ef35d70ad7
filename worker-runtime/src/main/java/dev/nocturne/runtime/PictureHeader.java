package dev.nocturne.runtime;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What a picture's file says of itself before anything is decoded: of PNG (ISO/IEC 15948), JPEG
 * (ITU-T T.81), WebP (WebP Container Specification) and GIF (89a). Reads no further than the bytes
 * go.
 *
 * @param width in pixels, the largest that any part of the file names, as is {@code height}
 * @param bytesPerPixel once decoded
 * @param scans how often a decoder goes over the whole picture
 * @param orientation of EXIF, 1 to 8; 1, as it is stored, where the file names none
 * @param ended whether the file has its last marker, of JPEG, whose readers make up what is cut
 *     off; true of the other formats, whose readers notice
 */
public record PictureHeader(
        Format format,
        int width,
        int height,
        int bytesPerPixel,
        int scans,
        int orientation,
        boolean ended) {

    /** Told by the first bytes of a file; a question mark stands for any byte. */
    public enum Format {
        PNG("\u0089PNG\r\n\u001a\n"),
        JPEG("\u00ff\u00d8\u00ff"),
        WEBP("RIFF????WEBP"),
        GIF("GIF8?a");

        private final String signature;

        Format(String signature) {
            this.signature = signature;
        }

        /** Whether a file that begins so is of this format. */
        public boolean isOf(byte[] file) {
            for (int i = 0; i < signature.length(); i++) {
                char expected = signature.charAt(i);
                if (i >= file.length || expected != '?' && expected != (file[i] & 0xFF)) {
                    return false;
                }
            }
            return true;
        }

        private List<Part> parts(byte[] file) {
            ByteBuffer bytes = ByteBuffer.wrap(file);
            return switch (this) {
                case PNG -> chunks(bytes.position(8));
                case WEBP -> riffChunks(bytes.position(12).order(ByteOrder.LITTLE_ENDIAN));
                case JPEG -> segments(bytes);
                case GIF -> blocks(bytes.position(6).order(ByteOrder.LITTLE_ENDIAN));
            };
        }
    }

    /** A chunk or segment; one that the file cuts off is as long as it is there. */
    private record Part(String type, ByteBuffer data) {

        private static Part of(String type, ByteBuffer bytes, long length) {
            int present = (int) Math.min(length, bytes.remaining());
            ByteBuffer data = bytes.slice(bytes.position(), present).order(bytes.order());
            bytes.position(bytes.position() + present);
            return new Part(type, data);
        }
    }

    private static final int PNG_CHECKSUM_BYTES = 4;

    private static final int GIF_SCREEN_BYTES = 7;
    private static final int GIF_HAS_COLOURS = 0x80;
    private static final int GIF_EXTENSION = 0x21;
    private static final int GIF_FRAME_BYTES = 10;

    // the second bytes of JPEG's markers
    private static final int FIRST_FRAME = 0xC0;
    private static final int LAST_FRAME = 0xCF;
    private static final List<Integer> NO_FRAMES = List.of(0xC4, 0xC8, 0xCC);
    private static final int FIRST_RESTART = 0xD0;
    private static final int LAST_ALONE = 0xD9; // restarts, start and end: they have no length
    private static final int TEMPORARY = 0x01;
    private static final int END = 0xD9;
    private static final int SCAN = 0xDA;
    private static final int APP1 = 0xE1;

    private static final byte[] EXIF = "Exif\0\0".getBytes(StandardCharsets.US_ASCII);
    private static final int ORIENTATION_TAG = 0x0112;
    private static final int TIFF_ENTRY_BYTES = 12;
    private static final int UPRIGHT = 1;

    /**
     * @throws UnknownFormatException if the file is of another format
     * @throws IllegalArgumentException if it lacks a size, or is an animation
     */
    public static PictureHeader of(byte[] file) {
        Format format =
                Arrays.stream(Format.values())
                        .filter(known -> known.isOf(file))
                        .findFirst()
                        .orElseThrow(UnknownFormatException::new);
        PictureHeader header =
                new PictureHeader(format, 0, 0, 0, 0, UPRIGHT, format != Format.JPEG);
        for (Part part : format.parts(file)) {
            try {
                header = header.with(part);
            } catch (IndexOutOfBoundsException e) {
                throw new IllegalArgumentException(part.type + " is too short", e);
            }
        }
        if (header.width == 0 || header.height == 0) {
            throw new IllegalArgumentException("its size is missing");
        }
        return header;
    }

    public static final class UnknownFormatException extends IllegalArgumentException {
        private static final long serialVersionUID = 1;
    }

    private PictureHeader with(Part part) {
        ByteBuffer data = part.data;
        return switch (part.type) {
            case "IHDR" ->
                    sized(data.getInt(0), data.getInt(4), pngPixelBytes(data.get(8), data.get(9)));
            case "frame" ->
                    sized(
                            data.getShort(3) & 0xFFFF,
                            data.getShort(1) & 0xFFFF,
                            Math.max(1, data.get(5)));
            case "VP8 " -> sized(data.getShort(6) & 0x3FFF, data.getShort(8) & 0x3FFF, 4);
            case "VP8L" -> {
                int sizes = data.getInt(1);
                yield sized((sizes & 0x3FFF) + 1, (sizes >> 14 & 0x3FFF) + 1, 4);
            }
            case "screen" -> sized(data.getShort(0) & 0xFFFF, data.getShort(2) & 0xFFFF, 4);
            case "image" -> sized(data.getShort(5) & 0xFFFF, data.getShort(7) & 0xFFFF, 4);
            case "VP8X" -> sized((data.getInt(4) & 0xFFFFFF) + 1, (data.getInt(6) >>> 8) + 1, 4);
            case "ANMF" -> throw new IllegalArgumentException("it is an animation");
            case "scan" ->
                    new PictureHeader(
                            format, width, height, bytesPerPixel, scans + 1, orientation, ended);
            case "end" ->
                    new PictureHeader(
                            format, width, height, bytesPerPixel, scans, orientation, true);
            case "eXIf", "EXIF", "app1" ->
                    new PictureHeader(
                            format, width, height, bytesPerPixel, scans, orientation(data), ended);
            default -> this;
        };
    }

    private PictureHeader sized(int newWidth, int newHeight, int newBytesPerPixel) {
        if (newWidth < 1 || newHeight < 1) {
            throw new IllegalArgumentException("its size is %dx%d".formatted(newWidth, newHeight));
        }
        return new PictureHeader(
                format,
                Math.max(width, newWidth),
                Math.max(height, newHeight),
                Math.max(bytesPerPixel, newBytesPerPixel),
                scans,
                orientation,
                ended);
    }

    private static int pngPixelBytes(int bitDepth, int colourType) {
        int samples =
                switch (colourType) {
                    case 2 -> 3;
                    case 4 -> 2;
                    case 6 -> 4;
                    default -> 1;
                };
        return samples * (bitDepth > 8 ? 2 : 1);
    }

    private static List<Part> chunks(ByteBuffer bytes) {
        List<Part> parts = new ArrayList<>();
        while (bytes.remaining() >= 8) {
            long length = bytes.getInt() & 0xFFFFFFFFL;
            parts.add(Part.of(type(bytes), bytes, length));
            skip(bytes, PNG_CHECKSUM_BYTES);
        }
        return parts;
    }

    private static List<Part> riffChunks(ByteBuffer bytes) {
        List<Part> parts = new ArrayList<>();
        while (bytes.remaining() >= 8) {
            String type = type(bytes);
            long length = bytes.getInt() & 0xFFFFFFFFL;
            parts.add(Part.of(type, bytes, length));
            skip(bytes, (int) (length % 2));
        }
        return parts;
    }

    /** The screen and the first frame: those behind it are not read. */
    private static List<Part> blocks(ByteBuffer bytes) {
        List<Part> parts = new ArrayList<>();
        Part screen = Part.of("screen", bytes, GIF_SCREEN_BYTES);
        parts.add(screen);
        if (screen.data.remaining() < GIF_SCREEN_BYTES) {
            return parts;
        }
        int flags = screen.data.get(4);
        if ((flags & GIF_HAS_COLOURS) != 0) {
            skip(bytes, 3 << (flags & 7) + 1);
        }
        while (bytes.hasRemaining() && bytes.get(bytes.position()) == GIF_EXTENSION) {
            skip(bytes, 2);
            int length = -1;
            while (bytes.hasRemaining() && length != 0) {
                length = bytes.get() & 0xFF;
                skip(bytes, length);
            }
        }
        parts.add(Part.of("image", bytes, GIF_FRAME_BYTES));
        return parts;
    }

    private static String type(ByteBuffer bytes) {
        byte[] type = new byte[4];
        bytes.get(type);
        return new String(type, StandardCharsets.ISO_8859_1);
    }

    /** The coded data between them is passed over: in it, 0xFF stands before 0 or a restart. */
    private static List<Part> segments(ByteBuffer bytes) {
        List<Part> parts = new ArrayList<>();
        while (bytes.remaining() >= 2) {
            if ((bytes.get() & 0xFF) != 0xFF) {
                continue;
            }
            int marker = bytes.get(bytes.position()) & 0xFF;
            if (marker == 0xFF) {
                continue; // a fill byte
            }
            skip(bytes, 1);
            if (marker == END) {
                parts.add(Part.of("end", bytes, 0));
            }
            boolean alone = marker >= FIRST_RESTART && marker <= LAST_ALONE;
            if (marker != 0 && marker != TEMPORARY && !alone && bytes.remaining() >= 2) {
                int length = Math.max(0, (bytes.getShort() & 0xFFFF) - 2);
                parts.add(Part.of(type(marker), bytes, length));
            }
        }
        return parts;
    }

    private static String type(int marker) {
        if (marker == SCAN) {
            return "scan";
        }
        if (marker == APP1) {
            return "app1";
        }
        boolean isFrame =
                marker >= FIRST_FRAME && marker <= LAST_FRAME && !NO_FRAMES.contains(marker);
        return isFrame ? "frame" : "";
    }

    private static void skip(ByteBuffer bytes, int count) {
        bytes.position(bytes.position() + Math.min(count, bytes.remaining()));
    }

    /** Of the first directory of EXIF's TIFF; as viewers do, broken EXIF counts as none. */
    private int orientation(ByteBuffer exif) {
        try {
            byte[] start = new byte[EXIF.length];
            exif.get(0, start);
            boolean named = Arrays.equals(start, EXIF);
            if (format == Format.JPEG && !named) {
                return orientation; // another use of the segment: XMP
            }
            ByteBuffer tiff = named ? exif.slice(EXIF.length, exif.limit() - EXIF.length) : exif;
            tiff.order(tiff.get(0) == 'I' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
            int directory = tiff.getInt(4);
            int entries = tiff.getShort(directory) & 0xFFFF;
            for (int entry = 0; entry < entries; entry++) {
                int at = directory + 2 + entry * TIFF_ENTRY_BYTES;
                if ((tiff.getShort(at) & 0xFFFF) == ORIENTATION_TAG) {
                    int value = tiff.getShort(at + 8);
                    return value >= 1 && value <= 8 ? value : UPRIGHT;
                }
            }
            return orientation;
        } catch (IndexOutOfBoundsException e) {
            return orientation;
        }
    }
}
