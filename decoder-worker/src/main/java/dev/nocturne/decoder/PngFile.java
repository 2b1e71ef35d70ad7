package dev.nocturne.decoder;

import java.awt.image.BufferedImage;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.ImageWriter;
import javax.imageio.metadata.IIOInvalidTreeException;
import javax.imageio.metadata.IIOMetadata;
import javax.imageio.metadata.IIOMetadataNode;

/**
 * A picture as a PNG file that says where it comes from, in text chunks (PNG specification,
 * 11.3.3). The same picture and text give the same bytes.
 */
final class PngFile {

    private PngFile() {}

    /**
     * @param text keyword to value: a tEXt chunk where the value is Latin-1, else iTXt in UTF-8
     */
    static byte[] encode(BufferedImage picture, Map<String, String> text) {
        ImageWriter writer = ImageIO.getImageWritersByFormatName("png").next();
        IIOMetadata metadata =
                writer.getDefaultImageMetadata(
                        ImageTypeSpecifier.createFromRenderedImage(picture), null);
        addText(metadata, text);
        return PictureFile.written(writer, new IIOImage(picture, null, metadata), null);
    }

    private static void addText(IIOMetadata metadata, Map<String, String> text) {
        IIOMetadataNode latin = new IIOMetadataNode("tEXt");
        IIOMetadataNode international = new IIOMetadataNode("iTXt");
        text.forEach(
                (keyword, value) -> {
                    if (StandardCharsets.ISO_8859_1.newEncoder().canEncode(value)) {
                        latin.appendChild(latinEntry(keyword, value));
                    } else {
                        international.appendChild(internationalEntry(keyword, value));
                    }
                });
        String format = metadata.getNativeMetadataFormatName();
        IIOMetadataNode root = new IIOMetadataNode(format);
        root.appendChild(latin);
        if (international.hasChildNodes()) {
            root.appendChild(international);
        }
        try {
            metadata.mergeTree(format, root);
        } catch (IIOInvalidTreeException e) {
            throw new AssertionError("the platform's own writer takes text chunks", e);
        }
    }

    private static IIOMetadataNode latinEntry(String keyword, String value) {
        IIOMetadataNode entry = new IIOMetadataNode("tEXtEntry");
        entry.setAttribute("keyword", keyword);
        entry.setAttribute("value", value);
        return entry;
    }

    private static IIOMetadataNode internationalEntry(String keyword, String value) {
        IIOMetadataNode entry = new IIOMetadataNode("iTXtEntry");
        entry.setAttribute("keyword", keyword);
        entry.setAttribute("compressionFlag", "FALSE");
        entry.setAttribute("compressionMethod", "0");
        entry.setAttribute("languageTag", "");
        entry.setAttribute("translatedKeyword", "");
        entry.setAttribute("text", value);
        return entry;
    }
}
