package dev.nocturne.decoder;

import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * What a picture's file says, as an XMP packet (ISO 16684-1): the caption is the picture's
 * description and the software its creator tool, as other programs know them; all else has a
 * namespace of its own.
 */
final class Xmp {

    static final String CAPTION = "caption";
    static final String SOFTWARE = "software";

    private Xmp() {}

    /** In UTF-8, not to be edited in place. */
    static byte[] packet(Map<String, String> text) {
        StringBuilder properties = new StringBuilder();
        text.forEach((keyword, value) -> properties.append(property(keyword, escape(value))));
        return """
                <?xpacket begin="\uFEFF" id="W5M0MpCehiHzreSzNTczkc9d"?>
                <x:xmpmeta xmlns:x="adobe:ns:meta/">
                <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
                <rdf:Description rdf:about=""
                 xmlns:dc="http://purl.org/dc/elements/1.1/"
                 xmlns:xmp="http://ns.adobe.com/xap/1.0/"
                 xmlns:nocturne="urn:nocturne:picture:">
                %s</rdf:Description>
                </rdf:RDF>
                </x:xmpmeta>
                <?xpacket end="r"?>"""
                .formatted(properties)
                .getBytes(StandardCharsets.UTF_8);
    }

    private static String property(String keyword, String value) {
        return switch (keyword) {
            case CAPTION ->
                    """
                    <dc:description><rdf:Alt><rdf:li xml:lang="x-default">%s</rdf:li></rdf:Alt></dc:description>
                    """
                            .formatted(value);
            case SOFTWARE -> "<xmp:CreatorTool>%s</xmp:CreatorTool>\n".formatted(value);
            default -> "<nocturne:%s>%s</nocturne:%s>\n".formatted(keyword, value, keyword);
        };
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }
}
