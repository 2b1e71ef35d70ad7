package dev.nocturne.ingest;

import static java.util.Map.entry;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** The packages of this service lie one upon the other, and no arrow runs back up. */
@AnalyzeClasses(packages = RoomsTest.ROOT, importOptions = DoNotIncludeTests.class)
class RoomsTest {

    static final String ROOT = "dev.nocturne.ingest";

    /** From the lowest to the highest: each with those that it may touch, beside the root. */
    private static final List<Map.Entry<String, Set<String>>> ROOMS =
            List.of(
                    entry("", Set.of()),
                    entry("caption", Set.of()),
                    entry("file", Set.of()),
                    entry("job", Set.of("caption", "file")),
                    entry("webhook", Set.of("job")),
                    entry("result", Set.of("job")),
                    entry("lag", Set.of("caption", "webhook", "result")),
                    entry("scale", Set.of("job", "lag")),
                    entry("archive", Set.of("caption", "file", "job", "result")),
                    entry("dispatch", Set.of("caption", "file", "job", "result", "lag", "archive")),
                    entry(
                            "api",
                            Set.of(
                                    "caption",
                                    "file",
                                    "job",
                                    "webhook",
                                    "result",
                                    "lag",
                                    "archive",
                                    "dispatch")),
                    entry(
                            "rest",
                            Set.of(
                                    "caption", "file", "job", "webhook", "result", "lag", "archive",
                                    "api")),
                    entry(
                            "shell",
                            Set.of(
                                    "caption",
                                    "file",
                                    "job",
                                    "webhook",
                                    "result",
                                    "lag",
                                    "scale",
                                    "archive",
                                    "dispatch",
                                    "api")));

    private static final List<String> NAMES = ROOMS.stream().map(Map.Entry::getKey).toList();

    private static String room(JavaClass type) {
        return type.getPackageName().substring(ROOT.length()).replaceFirst("^\\.", "");
    }

    @ArchTest
    static void everyPackageIsARoomThatIsDescribed(JavaClasses classes) {
        assertThat(classes.stream().map(RoomsTest::room).collect(Collectors.toSet()))
                .containsExactlyInAnyOrderElementsOf(NAMES);
        Path sources = Path.of("src/main/java", ROOT.split("\\."));
        assertThat(NAMES)
                .allSatisfy(
                        name ->
                                assertThat(sources.resolve(name).resolve("package-info.java"))
                                        .exists());
    }

    @ArchTest
    static void aRoomTouchesOnlyRoomsBelowIt(JavaClasses classes) {
        for (int i = 0; i < ROOMS.size(); i++) {
            assertThat(NAMES.subList(0, i))
                    .as("below '%s'", NAMES.get(i))
                    .containsAll(ROOMS.get(i).getValue());
        }
    }

    @ArchTest
    static void aRoomTouchesNoOtherThanItSays(JavaClasses classes) {
        Map<String, Set<String>> rooms =
                ROOMS.stream().collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
        Set<String> wrong = new TreeSet<>();
        for (JavaClass type : classes) {
            for (Dependency arrow : type.getDirectDependenciesFromSelf()) {
                JavaClass target = arrow.getTargetClass().getBaseComponentType();
                boolean isOurs =
                        target.getPackageName().equals(ROOT)
                                || target.getPackageName().startsWith(ROOT + ".");
                boolean mayTouch =
                        !isOurs
                                || room(target).isEmpty()
                                || room(target).equals(room(type))
                                || rooms.get(room(type)).contains(room(target));
                if (!mayTouch) {
                    wrong.add(arrow.getDescription());
                }
            }
        }
        assertThat(wrong).isEmpty();
    }
}
