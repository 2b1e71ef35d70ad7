package dev.nocturne.standalone.terminal;

import dev.nocturne.decoder.PictureFile;
import dev.nocturne.schemas.Limits;
import dev.nocturne.schemas.PictureFormat;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;

/**
 * A picture that grows: {@code preview.png} in a folder, whole whenever somebody looks, and text
 * for a terminal with colours.
 */
public final class LivePicture implements AutoCloseable {
    /** With the line below it, less than the smallest usual terminal has. */
    private static final int COLUMNS = 40;

    private final Path file;
    private final Path next;
    private String text = "";

    public LivePicture(Path folder) {
        file = folder.resolve("preview.png");
        next = folder.resolve("preview.png.part");
    }

    public void show(BufferedImage picture) {
        try {
            Files.write(
                    next,
                    PictureFile.encode(
                            picture, PictureFormat.PNG, Limits.MAX_OUTPUT_COMPRESSION, Map.of()));
            Files.move(next, file, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        if (Terminal.HAS_COLOURS) {
            text = TerminalPicture.of(picture, COLUMNS);
        }
    }

    /** Empty, or lines that each end with a line break. */
    public String text() {
        return text;
    }

    /** The finished pictures take its place. */
    @Override
    public void close() throws IOException {
        Files.deleteIfExists(file);
        Files.deleteIfExists(next);
    }
}
