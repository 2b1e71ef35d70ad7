package dev.nocturne.cluster;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** Dependencies point one way: schemas ← worker-runtime ← services, models ← services. */
@AnalyzeClasses(packages = "dev.nocturne", importOptions = DoNotIncludeTests.class)
class DependencyDirectionTest {
    private static final String[] SERVICES = {
        "dev.nocturne.encoder..",
        "dev.nocturne.generator..",
        "dev.nocturne.decoder..",
        "dev.nocturne.rerank..",
        "dev.nocturne.ingest.."
    };

    @ArchTest
    static final ArchRule schemasDependOnNothingOfOurs =
            noClasses()
                    .that()
                    .resideInAnyPackage("dev.nocturne.schemas..", "dev.nocturne.events..")
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(
                            "dev.nocturne.runtime..",
                            "dev.nocturne.models..",
                            "dev.nocturne.training..",
                            "dev.nocturne.embedded..",
                            "dev.nocturne.standalone..",
                            "org.apache.kafka..",
                            "ai.djl..");

    @ArchTest
    static final ArchRule modelsKnowNoPipeline =
            noClasses()
                    .that()
                    .resideInAPackage("dev.nocturne.models..")
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(
                            "dev.nocturne.schemas..",
                            "dev.nocturne.events..",
                            "dev.nocturne.runtime..",
                            "dev.nocturne.training..",
                            "dev.nocturne.embedded..",
                            "dev.nocturne.standalone..",
                            "org.apache.kafka..",
                            "io.quarkus..");

    @ArchTest
    static final ArchRule workerRuntimeKnowsNoModelAndNoFramework =
            noClasses()
                    .that()
                    .resideInAPackage("dev.nocturne.runtime..")
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(
                            "dev.nocturne.models..",
                            "dev.nocturne.embedded..",
                            "dev.nocturne.standalone..",
                            "io.quarkus..",
                            "jakarta..");

    @ArchTest
    static final ArchRule nothingBelowDependsOnAService =
            noClasses()
                    .that()
                    .resideInAnyPackage(
                            "dev.nocturne.schemas..",
                            "dev.nocturne.events..",
                            "dev.nocturne.models..",
                            "dev.nocturne.training..",
                            "dev.nocturne.runtime..",
                            "dev.nocturne.embedded..")
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(SERVICES);

    @ArchTest
    static final ArchRule servicesKnowNeitherStandaloneNorServers =
            noClasses()
                    .that()
                    .resideInAnyPackage(SERVICES)
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(
                            "dev.nocturne.standalone..",
                            "dev.nocturne.embedded..",
                            "dev.nocturne.training..");

    @ArchTest
    static final ArchRule djlStaysInModelsAndTraining =
            noClasses()
                    .that()
                    .resideOutsideOfPackages("dev.nocturne.models..", "dev.nocturne.training..")
                    .should()
                    .dependOnClassesThat()
                    .resideInAPackage("ai.djl..");

    @ArchTest
    static final ArchRule quarkusStaysInShellsAndStandalone =
            noClasses()
                    .that()
                    .resideOutsideOfPackages(
                            "dev.nocturne..shell..",
                            "dev.nocturne.ingest.rest..",
                            "dev.nocturne.standalone..")
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage("io.quarkus..", "jakarta.enterprise..", "jakarta.inject..");
}
