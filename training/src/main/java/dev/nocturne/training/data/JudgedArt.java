package dev.nocturne.training.data;

import java.util.Set;
import java.util.stream.Collectors;

/** The drawings that pictures are compared with to judge them: the same for all models. */
public final class JudgedArt {
    private static final String RESOURCE = "/art/judged.txt";

    private JudgedArt() {}

    /** Their names, as {@link Drawing#toString} gives them. */
    public static Set<String> names() {
        return ArtTable.rows(RESOURCE).stream()
                .map(row -> row[0])
                .collect(Collectors.toUnmodifiableSet());
    }
}
