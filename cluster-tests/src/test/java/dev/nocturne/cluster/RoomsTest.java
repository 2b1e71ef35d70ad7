package dev.nocturne.cluster;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackages;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Packages inside a module are rooms: each touches only rooms that are listed before it, so that
 * there is no circle, and its {@code package-info.java} says which and what lives there.
 */
@AnalyzeClasses(packages = "dev.nocturne", importOptions = DoNotIncludeTests.class)
class RoomsTest {

    @ArchTest
    static void models(JavaClasses classes) {
        new Rooms("models")
                .room("format")
                .room("picture")
                .room("program", "format")
                .room("tokenizer", "format")
                .room("transformer", "format", "picture", "program")
                .room("dvae", "format", "picture", "program")
                .room("clip", "format", "picture", "program", "tokenizer", "dvae")
                .room("upscaler", "format", "picture", "program")
                .room(
                        "bundle",
                        "format",
                        "picture",
                        "program",
                        "tokenizer",
                        "transformer",
                        "dvae",
                        "clip",
                        "upscaler")
                .room(
                        "imports",
                        "format",
                        "tokenizer",
                        "transformer",
                        "dvae",
                        "clip",
                        "upscaler",
                        "bundle")
                .check(classes);
    }

    @ArchTest
    static void training(JavaClasses classes) {
        new Rooms("training")
                .room("data")
                .room("dataset", "data")
                .room("measure")
                .room("loop")
                .room("recipe", "data", "dataset", "measure", "loop")
                .room("evaluate", "data", "dataset", "measure")
                .room("bench", "data", "loop", "recipe")
                .check(classes);
    }

    /** Its root package is the tree of commands, which no room knows. */
    @ArchTest
    static void standalone(JavaClasses classes) {
        new Rooms("standalone")
                .room("terminal")
                .room("option")
                .room("rest", "terminal", "option")
                .room("job", "terminal", "option", "rest")
                .room("kafka", "terminal", "option", "rest")
                .room("paint", "terminal", "option")
                .room("pipeline", "terminal", "option")
                .room("model", "terminal", "option")
                .room("demo", "terminal", "option", "kafka", "paint", "pipeline", "model")
                .room("simulation")
                .room("plan", "terminal", "option", "simulation")
                .outside("Main", "NocturneCommand", "CompletionCommand")
                .check(classes);
    }

    /** It knows seconds and captions, and nothing of what makes them. */
    @ArchTest
    static final ArchRule theSimulationIsPureJava =
            classes()
                    .that()
                    .resideInAPackage("dev.nocturne.standalone.simulation")
                    .should()
                    .onlyDependOnClassesThat()
                    .resideInAnyPackage("java..", "dev.nocturne.standalone.simulation");

    /** The rooms of one module, of the same name as its package. */
    private static final class Rooms {
        private final String module;
        private final String root;

        /** What each touches, itself included, as ArchUnit writes packages. */
        private final Map<String, List<String>> touched = new LinkedHashMap<>();

        /** The classes that stand in no room. */
        private List<String> outside = List.of();

        Rooms(String module) {
            this.module = module;
            this.root = "dev.nocturne." + module;
        }

        Rooms room(String name, String... others) {
            assertThat(List.of(others)).as("of " + name).allMatch(touched::containsKey);
            touched.put(
                    name, Stream.concat(Stream.of(name), Stream.of(others)).map(this::in).toList());
            return this;
        }

        Rooms outside(String... names) {
            outside = List.of(names);
            return this;
        }

        void check(JavaClasses classes) {
            assertThat(
                            classes.stream()
                                    .filter(type -> type.getPackageName().equals(root))
                                    .filter(JavaClass::isTopLevelClass)
                                    .map(JavaClass::getSimpleName))
                    .containsExactlyInAnyOrderElementsOf(outside);
            assertThat(
                            classes.stream()
                                    .filter(resideInAPackage(root + ".*.."))
                                    .filter(resideOutsideOfPackages(rooms())))
                    .isEmpty();
            touched.forEach(
                    (name, others) -> {
                        noClasses()
                                .that(resideInAPackage(in(name)))
                                .should()
                                .dependOnClassesThat(
                                        resideInAPackage(root + "..")
                                                .and(
                                                        resideOutsideOfPackages(
                                                                others.toArray(String[]::new))))
                                .check(classes);
                        assertThat(info(name)).isRegularFile();
                    });
        }

        private String[] rooms() {
            return touched.keySet().stream().map(this::in).toArray(String[]::new);
        }

        private String in(String name) {
            return root + "." + name + "..";
        }

        private Path info(String name) {
            return Path.of("..", module, "src/main/java", root.replace('.', '/'), name)
                    .resolve("package-info.java");
        }
    }
}
