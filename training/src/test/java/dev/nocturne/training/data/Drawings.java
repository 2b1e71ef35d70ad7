package dev.nocturne.training.data;

import java.util.List;

/** Hand-made drawings for tests: plain shapes on a canvas of 100 by 100 units. */
final class Drawings {

    private Drawings() {}

    static Drawing drawing(String source, String codepoints, String caption, String svgBody) {
        return new Drawing(
                source,
                caption.replace(' ', '-'),
                codepoints,
                caption,
                "CC0",
                "objects",
                "household",
                List.of(),
                true,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 100 100\">"
                        + svgBody
                        + "</svg>");
    }

    static Drawing box(String codepoints, String caption, String colour) {
        return drawing(
                "boxes",
                codepoints,
                caption,
                "<rect x=\"10\" y=\"30\" width=\"80\" height=\"40\" fill=\"" + colour + "\"/>");
    }

    /** A drawing whose left half alone is painted. */
    static Drawing leftHalf(String caption) {
        return drawing(
                "halves",
                "1F1",
                caption,
                "<rect x=\"0\" y=\"0\" width=\"50\" height=\"100\" fill=\"#0000ff\"/>");
    }
}
