package dev.nocturne.cluster;

import static com.tngtech.archunit.core.domain.JavaAccess.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.pytorch.jni.IValue;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** What DJL does not do well enough stays inside the programs. */
@AnalyzeClasses(
        packages = {"dev.nocturne.models", "dev.nocturne.training"},
        importOptions = DoNotIncludeTests.class)
class LibtorchUseTest {

    /** An operation on such an array outside of a program can end the process. */
    @ArchTest
    static final ArchRule arraysOfBfloat16StayInsideThePrograms =
            noClasses().should().accessField(DataType.class, "BFLOAT16");

    /** DJL hands its entries over in the order of a hash map; results are read by name. */
    @ArchTest
    static final ArchRule dictionariesOfAProgramAreReadInOnePlace =
            noClasses()
                    .that()
                    .doNotHaveFullyQualifiedName("dev.nocturne.models.transformer.DecodeBatch")
                    .should()
                    .accessTargetWhere(
                            target(owner(assignableTo(IValue.class)))
                                    .and(target(nameMatching("toIValueMap|toNDList"))));

    /** Its result is a list, in that order, too. */
    @ArchTest
    static final ArchRule blocksRunInTorchProgram =
            noClasses()
                    .that()
                    .doNotHaveFullyQualifiedName("dev.nocturne.models.program.TorchProgram")
                    .should()
                    .accessTargetWhere(
                            target(owner(assignableTo(Block.class)))
                                    .and(target(nameMatching("forward"))));
}
