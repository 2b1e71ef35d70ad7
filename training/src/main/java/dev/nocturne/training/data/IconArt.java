package dev.nocturne.training.data;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * More art to train on: icons of seven openly licensed sets (MIT, Apache-2.0, CC BY 3.0 and 4.0)
 * that show a thing, about half of them things that no emoji shows. Some sets are drawn in two
 * tones of blue and can be painted in any colour.
 */
public final class IconArt {
    private static final String RESOURCE = "/art/icons.tsv.gz";

    private IconArt() {}

    /**
     * All icons, in the order of the file: by set, then by name. Of those that may stand in a
     * scene, the ones are scene-worthy whose thing's emoji are.
     */
    public static List<Drawing> load(List<Drawing> emoji) {
        Set<String> sceneThings =
                emoji.stream()
                        .filter(Drawing::sceneWorthy)
                        .map(Drawing::codepoints)
                        .collect(Collectors.toSet());
        return ArtTable.drawings(RESOURCE).stream()
                .map(icon -> icon.sceneWorthy(sceneThings.contains(icon.codepoints())))
                .toList();
    }
}
