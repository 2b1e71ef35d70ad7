package dev.nocturne.cluster;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The root's pom.xml, of which tests hold other files to the versions. */
record Pom(String text) {

    static Pom read() throws IOException {
        return new Pom(Files.readString(Path.of("..", "pom.xml")));
    }

    String version() {
        return first("version");
    }

    /** The value of a property. */
    String property(String name) {
        return first(name);
    }

    private String first(String element) {
        Matcher value =
                Pattern.compile("<%1$s>([^<]*)</%1$s>".formatted(Pattern.quote(element)))
                        .matcher(text);
        if (!value.find()) {
            throw new IllegalArgumentException("no <%s> in pom.xml".formatted(element));
        }
        return value.group(1);
    }
}
