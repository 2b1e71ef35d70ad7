package dev.nocturne.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Test;

/** What the packaged application brings along is said in NOTICE. */
class NoticeTest {

    private static final Pattern NATIVE = Pattern.compile(".*\\.(so(\\.\\d+)*|dll|dylib|jnilib)");
    private static final Pattern VERSION = Pattern.compile("-\\d.*");

    @Test
    void everyJarWithANativeLibraryIsListed() throws IOException {
        List<String> jars = new ArrayList<>();
        for (String part : System.getProperty("java.class.path").split(File.pathSeparator)) {
            if (part.endsWith(".jar") && hasNative(part)) {
                jars.add(VERSION.matcher(Path.of(part).getFileName().toString()).replaceFirst(""));
            }
        }
        List<String> notice = Files.readAllLines(Path.of("..", "NOTICE"));

        assertThat(jars).contains("pytorch-native-cpu", "rocksdbjni", "zstd-jni");
        assertThat(jars)
                .allSatisfy(
                        jar ->
                                assertThat(notice)
                                        .as(jar)
                                        .anyMatch(line -> isAbout(line.split(" ")[0], jar)));
    }

    private static boolean hasNative(String jar) throws IOException {
        try (ZipFile file = new ZipFile(jar)) {
            return file.stream().anyMatch(entry -> NATIVE.matcher(entry.getName()).matches());
        }
    }

    /** A star stands for a platform. */
    private static boolean isAbout(String listed, String jar) {
        return listed.endsWith("*")
                ? jar.startsWith(listed.substring(0, listed.length() - 1))
                : jar.equals(listed);
    }
}
