package dev.nocturne.cluster;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import io.quarkus.runtime.annotations.QuarkusMain;
import java.util.Locale;
import java.util.zip.GZIPInputStream;

/** What the Java platform does differently from machine to machine. */
@AnalyzeClasses(packages = "dev.nocturne", importOptions = DoNotIncludeTests.class)
class PlatformRulesTest {

    @ArchTest
    static final ArchRule everyProgramSetsTheRootLocale =
            methods().that().haveName("main").should(setTheRootLocale());

    @ArchTest
    static void everyServiceIsStartedByAMainOfItsOwn(JavaClasses classes) {
        assertThat(
                        classes.stream()
                                .filter(type -> type.isAnnotatedWith(QuarkusMain.class))
                                .map(JavaClass::getPackageName)
                                .collect(toSet()))
                .containsAll(
                        classes.stream()
                                .map(JavaClass::getPackageName)
                                .filter(name -> name.endsWith(".shell"))
                                .collect(toSet()))
                .hasSizeGreaterThan(5);
    }

    @ArchTest
    static final ArchRule gzipIsReadToItsLastMember =
            noClasses()
                    .should()
                    .dependOnClassesThat()
                    .belongToAnyOf(GZIPInputStream.class)
                    .because("it may take the end of a member for the end of the stream");

    private static ArchCondition<JavaMethod> setTheRootLocale() {
        return new ArchCondition<>("set the root locale") {
            @Override
            public void check(JavaMethod main, ConditionEvents events) {
                boolean sets =
                        main.getMethodCallsFromSelf().stream()
                                .map(call -> call.getTarget())
                                .anyMatch(
                                        target ->
                                                target.getOwner().isEquivalentTo(Locale.class)
                                                        && target.getName().equals("setDefault"));
                events.add(new SimpleConditionEvent(main, sets, main.getFullName()));
            }
        };
    }
}
