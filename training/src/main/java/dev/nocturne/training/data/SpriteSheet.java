package dev.nocturne.training.data;

import com.github.weisj.jsvg.SVGDocument;
import com.github.weisj.jsvg.parser.LoaderContext;
import com.github.weisj.jsvg.parser.SVGLoader;
import com.github.weisj.jsvg.view.ViewBox;
import java.awt.Component;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.IntBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Renders drawings to {@link Sprite}s, once: the pixels are kept in a cache folder, in a file named
 * by the canvas size and a hash of the art, so that the next start only reads them.
 */
public final class SpriteSheet {

    private SpriteSheet() {}

    /**
     * Renders all drawings on square canvases of {@code size} pixels, on all processors. Drawings
     * that don't parse, that can't be seen on white, or that repeat the pixels of an earlier one
     * (the same picture under another caption is ambiguous) are left out; the order is kept.
     *
     * @throws IOException if the cache folder can't be written or read
     */
    public static List<Sprite> render(List<Drawing> drawings, int size, Path cacheFolder)
            throws IOException {
        Path cache = cacheFolder.resolve("sprites-" + size + "-" + hash(drawings) + ".argb");
        int[][] canvases;
        if (Files.exists(cache)) {
            canvases = read(cache, drawings.size(), size);
        } else {
            canvases =
                    drawings.parallelStream()
                            .map(drawing -> rasterize(drawing, size))
                            .toArray(int[][]::new);
            write(cache, canvases, size);
        }
        List<Sprite> sprites =
                IntStream.range(0, canvases.length)
                        .parallel()
                        .mapToObj(i -> Sprite.of(drawings.get(i), size, canvases[i]))
                        .filter(Sprite::visibleOnWhite)
                        .toList();
        return withoutRepeats(sprites);
    }

    /** The sprite, if it is large enough for a picture of this size; else its drawing anew. */
    static Sprite sharp(Sprite sprite, int pictureSize) {
        if (sprite.size() >= pictureSize) {
            return sprite;
        }
        int size = Sprite.sizeFor(pictureSize);
        return Sprite.of(sprite.drawing(), size, rasterize(sprite.drawing(), size));
    }

    private static List<Sprite> withoutRepeats(List<Sprite> sprites) {
        Set<IntBuffer> seen = new HashSet<>();
        List<Sprite> distinct = new ArrayList<>();
        for (Sprite sprite : sprites) {
            if (seen.add(IntBuffer.wrap(sprite.argb()))) {
                distinct.add(sprite);
            }
        }
        return List.copyOf(distinct);
    }

    /** The drawing on a transparent canvas; blank if it is not a valid SVG document. */
    private static int[] rasterize(Drawing drawing, int size) {
        // JSVG paints currentColor white
        byte[] svg = drawing.svg().replace("currentColor", "#000").getBytes(StandardCharsets.UTF_8);
        SVGDocument document =
                new SVGLoader()
                        .load(new ByteArrayInputStream(svg), null, LoaderContext.createDefault());
        BufferedImage image = new BufferedImage(size, size, BufferedImage.TYPE_INT_ARGB);
        if (document != null) {
            Graphics2D graphics = image.createGraphics();
            graphics.setRenderingHint(
                    RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
            graphics.setRenderingHint(
                    RenderingHints.KEY_STROKE_CONTROL, RenderingHints.VALUE_STROKE_PURE);
            document.render((Component) null, graphics, new ViewBox(0, 0, size, size));
            graphics.dispose();
        }
        return image.getRGB(0, 0, size, size, null, 0, size);
    }

    private static int[][] read(Path cache, int count, int size) throws IOException {
        int[][] canvases = new int[count][size * size];
        ByteBuffer buffer = ByteBuffer.allocateDirect(size * size * Integer.BYTES);
        try (FileChannel channel = FileChannel.open(cache)) {
            for (int[] canvas : canvases) {
                buffer.clear();
                while (buffer.hasRemaining()) {
                    if (channel.read(buffer) < 0) {
                        throw new IOException(
                                "the sprite cache " + cache + " is cut short; delete it");
                    }
                }
                buffer.flip().asIntBuffer().get(canvas);
            }
        }
        return canvases;
    }

    private static void write(Path cache, int[][] canvases, int size) throws IOException {
        Files.createDirectories(cache.getParent());
        Path partial = Files.createTempFile(cache.getParent(), "sprites", ".partial");
        ByteBuffer buffer = ByteBuffer.allocateDirect(size * size * Integer.BYTES);
        try (FileChannel channel = FileChannel.open(partial, StandardOpenOption.WRITE)) {
            for (int[] canvas : canvases) {
                buffer.clear().asIntBuffer().put(canvas);
                while (buffer.hasRemaining()) {
                    channel.write(buffer);
                }
            }
        }
        Files.move(partial, cache, StandardCopyOption.ATOMIC_MOVE);
    }

    private static String hash(List<Drawing> drawings) {
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
        for (Drawing drawing : drawings) {
            digest.update(drawing.svg().getBytes(StandardCharsets.UTF_8));
        }
        return HexFormat.of().formatHex(digest.digest(), 0, 8);
    }
}
