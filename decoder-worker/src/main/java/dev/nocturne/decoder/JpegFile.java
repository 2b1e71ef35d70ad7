package dev.nocturne.decoder;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.metadata.IIOInvalidTreeException;
import javax.imageio.metadata.IIOMetadata;
import javax.imageio.metadata.IIOMetadataNode;
import org.w3c.dom.NodeList;

/**
 * A picture as a JPEG file with an XMP packet in an APP1 segment (XMP specification part 3, 1.1.3).
 * Colours have as many samples as brightness: the pictures are small, and half of them would show.
 */
final class JpegFile {

    private static final byte[] XMP_SIGNATURE =
            "http://ns.adobe.com/xap/1.0/\0".getBytes(StandardCharsets.US_ASCII);

    private static final int APP1 = 0xE1;

    private JpegFile() {}

    /**
     * @param picture without transparency
     * @param quality 0 to 100
     */
    static byte[] encode(BufferedImage picture, int quality, byte[] xmp) {
        ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
        ImageWriteParam param = writer.getDefaultWriteParam();
        param.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
        param.setCompressionQuality(quality / 100f);
        IIOMetadata metadata =
                writer.getDefaultImageMetadata(
                        ImageTypeSpecifier.createFromRenderedImage(picture), param);
        adapt(metadata, xmp);
        return PictureFile.written(writer, new IIOImage(picture, null, metadata), param);
    }

    /** In the terms of the Java platform's own description, JPEG Metadata Format Specification. */
    private static void adapt(IIOMetadata metadata, byte[] xmp) {
        String format = metadata.getNativeMetadataFormatName();
        IIOMetadataNode root = (IIOMetadataNode) metadata.getAsTree(format);
        NodeList components = root.getElementsByTagName("componentSpec");
        for (int i = 0; i < components.getLength(); i++) {
            IIOMetadataNode component = (IIOMetadataNode) components.item(i);
            component.setAttribute("HsamplingFactor", "1");
            component.setAttribute("VsamplingFactor", "1");
        }
        IIOMetadataNode segment = new IIOMetadataNode("unknown");
        segment.setAttribute("MarkerTag", Integer.toString(APP1));
        segment.setUserObject(concatenated(XMP_SIGNATURE, xmp));
        IIOMetadataNode sequence =
                (IIOMetadataNode) root.getElementsByTagName("markerSequence").item(0);
        sequence.insertBefore(segment, sequence.getFirstChild());
        try {
            metadata.setFromTree(format, root);
        } catch (IIOInvalidTreeException e) {
            throw new AssertionError("the platform's own writer takes other segments", e);
        }
    }

    private static byte[] concatenated(byte[] first, byte[] second) {
        ByteArrayOutputStream both = new ByteArrayOutputStream();
        both.writeBytes(first);
        both.writeBytes(second);
        return both.toByteArray();
    }
}
