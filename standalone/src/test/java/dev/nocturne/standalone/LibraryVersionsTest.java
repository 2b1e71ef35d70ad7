package dev.nocturne.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.lang.module.ModuleDescriptor.Version;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The libraries that are on the class path of everything, those inside other jars included. */
class LibraryVersionsTest {
    private static final Pattern JAR = Pattern.compile("(.+?)-(\\d[^/]*)\\.jar");
    private static final String METADATA = "META-INF/maven/";

    private static final Map<String, Set<Version>> FOUND = new HashMap<>();

    @BeforeAll
    static void look() throws IOException {
        for (String path : System.getProperty("java.class.path").split(File.pathSeparator)) {
            Matcher jar = JAR.matcher(Path.of(path).getFileName().toString());
            if (jar.matches()) {
                found(jar.group(1), jar.group(2));
                lookInside(path);
            }
        }
    }

    /** A jar may bring classes of other libraries along, and says so in their Maven metadata. */
    private static void lookInside(String path) throws IOException {
        try (JarFile jar = new JarFile(path)) {
            List<JarEntry> metadata =
                    jar.stream()
                            .filter(entry -> entry.getName().startsWith(METADATA))
                            .filter(entry -> entry.getName().endsWith("/pom.properties"))
                            .toList();
            for (JarEntry entry : metadata) {
                Properties library = new Properties();
                try (InputStream in = jar.getInputStream(entry)) {
                    library.load(in);
                }
                found(library.getProperty("artifactId"), library.getProperty("version"));
            }
        }
    }

    private static void found(String artifact, String version) {
        FOUND.computeIfAbsent(artifact, name -> new TreeSet<>()).add(Version.parse(version));
    }

    /** The first versions without a known hole; what comes out next raises its line. */
    @ParameterizedTest
    @CsvSource({
        "avro,                       1.12.1,  CVE-2025-33042",
        "bcprov-jdk18on,             1.86,    CVE-2026-5598 and those that 1.86 mends",
        "commons-beanutils,          1.11.0,  CVE-2025-48734",
        "commons-compress,           1.26.0,  CVE-2024-25710",
        "commons-io,                 2.14.0,  CVE-2024-47554",
        "commons-lang3,              3.18.0,  CVE-2025-48924",
        "guava,                      32.0.0,  CVE-2023-2976",
        "jackson-core,               2.22.2,  as jackson-databind",
        "jackson-databind,           2.22.2,  CVE-2026-54512",
        "jetty-http,                 12.1.7,  CVE-2026-2332",
        "jose4j,                     0.9.6,   CVE-2024-29371",
        "kafka-clients,              4.1.2,   CVE-2026-35554",
        "log4j-api,                  2.25.4,  as log4j-core",
        "log4j-core,                 2.25.4,  CVE-2026-34477",
        "lz4-java,                   1.10.1,  CVE-2025-66566",
        "netty-codec-dns,            4.1.137, CVE-2026-42579",
        "netty-codec-http,           4.1.137, CVE-2026-33870 and CVE-2026-55833",
        "netty-codec-http2,          4.1.137, CVE-2026-33871 and CVE-2026-56819",
        "netty-common,               4.1.137, as netty-codec-http",
        "netty-handler,              4.1.137, as netty-codec-http",
        "protobuf-java,              4.28.2,  CVE-2024-7254",
        "snakeyaml,                  2.0,     CVE-2022-1471",
        "snappy-java,                1.1.10.4, CVE-2023-43642",
        "vertx-core,                 4.5.27,  CVE-2026-6860",
        "vertx-web,                  4.5.27,  as vertx-core"
    })
    void noLibraryIsOlderThanTheVersionWithoutTheHole(
            String artifact, String floor, String advisory) {
        assertThat(FOUND).containsKey(artifact);
        assertThat(FOUND.get(artifact))
                .as("%s: %s is mended in %s", artifact, advisory, floor)
                .allSatisfy(
                        version ->
                                assertThat(version).isGreaterThanOrEqualTo(Version.parse(floor)));
    }

    /** A platform brings versions of its own; where the pom names one, that one counts. */
    @ParameterizedTest
    @CsvSource({
        "avro.version,    avro",
        "djl.version,     pytorch-engine",
        "jackson.version, jackson-dataformat-yaml",
        "kafka.version,   kafka-clients",
        "kafka.version,   kafka-streams",
        "log4j.version,   log4j-core",
        "minio.version,   minio",
        "netty.version,   netty-common",
        "okhttp.version,  okhttp-jvm",
        "quarkus.version, quarkus-core"
    })
    void theVersionInThePomIsTheOneThatRuns(String property, String artifact) throws IOException {
        Matcher pom =
                Pattern.compile("<%1$s>(.*)</%1$s>".formatted(property))
                        .matcher(Files.readString(Path.of("../pom.xml")));
        assertThat(pom.find()).as(property).isTrue();
        assertThat(FOUND.get(artifact)).containsExactly(Version.parse(pom.group(1)));
    }

    @Test
    void aLibraryInsideAnotherJarIsSeen() {
        assertThat(FOUND).containsKey("jetty-server");
    }
}
