package dev.nocturne.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What the Dockerfile copies is what Maven makes, for every image that compose builds: no image is
 * built where tests run.
 */
class DockerfileTest {

    private static final Path REPOSITORY = Path.of("..");
    private static final Pattern COPY = Pattern.compile("COPY (?:--from=(\\S+) )?(\\S+) (\\S+)");
    private static final Pattern FROM = Pattern.compile("FROM (\\S+)(?: AS (\\S+))?");
    private static final Pattern ARG = Pattern.compile("ARG (\\w+)(?:=(.*))?");

    /** Instructions, each on one line, without comments. */
    private final List<String> instructions =
            Files.readString(REPOSITORY.resolve("Dockerfile"))
                    .replaceAll("(?m)^#.*\n", "")
                    .replaceAll("\\\\\n\\s*", "")
                    .lines()
                    .filter(line -> !line.isBlank())
                    .toList();

    DockerfileTest() throws IOException {}

    static Stream<Map<String, Object>> builds() throws IOException {
        return ComposeFile.read(REPOSITORY.resolve("docker-compose.yml")).builds().stream();
    }

    @ParameterizedTest
    @MethodSource("builds")
    void everyImageIsMadeOfWhatIsThere(Map<String, Object> build) throws Exception {
        assertThat(build).containsEntry("context", ".");
        Map<String, String> arguments = arguments(build);
        List<String> stages = new ArrayList<>();
        Map<String, Path> copied = new HashMap<>(); // by the place in the image
        for (String instruction : instructions) {
            String text = substituted(instruction, arguments);
            Matcher from = FROM.matcher(text);
            Matcher copy = COPY.matcher(text);
            if (from.matches()) {
                assertThat(from.group(1))
                        .satisfiesAnyOf(
                                image -> assertThat(stages).contains(image),
                                image -> assertThat(image).contains(":"));
                stages.add(from.group(2));
            } else if (copy.matches()) {
                Path source =
                        copy.group(1) == null
                                ? ofContext(copy.group(2))
                                : ofBuild(copy.group(1), copy.group(2), stages);
                copied.put(copy.group(3), source);
            }
        }
        assertThat(copied).containsOnlyKeys(".", "/model-zoo/default", "/app");
        assertThat(instructions.get(instructions.size() - 1))
                .startsWith("ENTRYPOINT")
                .contains("\"/app/quarkus-run.jar\"");
    }

    /** The values of the file, and over them those of the build, each of which the file knows. */
    private Map<String, String> arguments(Map<String, Object> build) {
        Map<String, String> arguments = new HashMap<>();
        for (String instruction : instructions) {
            Matcher argument = ARG.matcher(instruction);
            if (argument.matches()) {
                arguments.put(argument.group(1), argument.group(2));
            }
        }
        Map<?, ?> given = (Map<?, ?>) build.get("args");
        given.forEach(
                (name, value) -> {
                    assertThat(arguments).containsKey(name.toString());
                    arguments.put(name.toString(), value.toString());
                });
        return arguments;
    }

    private static String substituted(String text, Map<String, String> arguments) {
        return Pattern.compile("\\$\\{(\\w+)}")
                .matcher(text)
                .replaceAll(
                        variable ->
                                Matcher.quoteReplacement(
                                        String.valueOf(arguments.get(variable.group(1)))));
    }

    private static Path ofContext(String source) throws IOException {
        Path path = REPOSITORY.resolve(source).normalize();
        assertThat(path).exists();
        assertThat(isIgnored(source)).as("%s is in .dockerignore", source).isFalse();
        return path;
    }

    private static boolean isIgnored(String source) throws IOException {
        boolean ignored = false;
        for (String line : Files.readAllLines(REPOSITORY.resolve(".dockerignore"))) {
            boolean excepts = line.startsWith("!");
            String glob = "glob:" + (excepts ? line.substring(1) : line);
            if (FileSystems.getDefault().getPathMatcher(glob).matches(Path.of(source))) {
                ignored = !excepts;
            }
        }
        return ignored;
    }

    /** Of a module that the build stage packages, and that Quarkus makes an application of. */
    private Path ofBuild(String stage, String source, List<String> stages) throws IOException {
        assertThat(stages).contains(stage);
        Matcher application = Pattern.compile("/src/([\\w-]+)/target/quarkus-app").matcher(source);
        assertThat(application.matches()).as(source).isTrue();
        String module = application.group(1);
        assertThat(instructions)
                .anyMatch(
                        line ->
                                line.startsWith("RUN")
                                        && line.contains(" mvn ")
                                        && line.matches(
                                                ".* -pl \\S*\\b%s\\b\\S* -am package"
                                                        .formatted(module)));
        assertThat(Pom.read().text()).contains("<module>%s</module>".formatted(module));
        assertThat(REPOSITORY.resolve(module).resolve("pom.xml"))
                .content()
                .contains("<artifactId>quarkus-maven-plugin</artifactId>");
        return REPOSITORY.resolve(module);
    }

    /** A native library of DJL is made for one version of libtorch and one of CUDA. */
    @Test
    void libtorchIsTheOneThatDjlsNativeLibraryIsMadeFor() throws Exception {
        String version = Pom.read().property("libtorch.version");
        assertThat(instructions).contains("ARG LIBTORCH_VERSION=" + version);
        List<String> flavors = new ArrayList<>();
        for (String instruction : instructions) {
            Matcher from = Pattern.compile("FROM \\S+ AS runtime-(\\w+)").matcher(instruction);
            if (from.matches()) {
                flavors.add(from.group(1));
            }
        }

        assertThat(flavors).containsExactly("cpu", "cu128");
        for (String flavor : flavors) {
            assertThat(
                            getClass()
                                    .getResource(
                                            "/jnilib/linux-x86_64/%s/libdjl_torch.so"
                                                    .formatted(flavor)))
                    .as("DJL's library for %s", flavor)
                    .isNotNull();
        }
        assertThat(instructions)
                .filteredOn(line -> line.contains("PYTORCH_FLAVOR="))
                .singleElement()
                .asString()
                .contains("PYTORCH_FLAVOR=cu128", "PYTORCH_LIBRARY_PATH=/opt/libtorch/lib");
        assertThat(instructions)
                .filteredOn(line -> line.startsWith("ARG LIBTORCH_URL="))
                .singleElement()
                .asString()
                .contains("/cu128/", "${LIBTORCH_VERSION}%2Bcu128");
    }
}
