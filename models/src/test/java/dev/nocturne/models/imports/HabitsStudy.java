package dev.nocturne.models.imports;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.models.format.InvalidModelException;
import dev.nocturne.models.tokenizer.CaptionCleaning;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Files as other people save them: {@code habits.py} writes them into the folder {@code
 * -Dtest.habits}, and {@code docs/importing.md} lists them. What is wrapped is the same model, bit
 * for bit, as the plain file of its type.
 */
class HabitsStudy {
    private static final Path HABITS = Path.of(System.getProperty("test.habits", "habits"));

    @TempDir Path folder;

    /** A line of the table that the script writes. */
    record Habit(String name, String family, String expected) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Habit> habits() throws IOException {
        return Files.readAllLines(HABITS.resolve("habits.tsv")).stream()
                .map(line -> line.split("\t", -1))
                .map(columns -> new Habit(columns[0], columns[1], columns[2]));
    }

    @ParameterizedTest
    @MethodSource("habits")
    void isReadOrRefusedWithAdvice(Habit habit) throws IOException {
        if (habit.expected().startsWith("=")) {
            String like = habit.expected().substring(1).strip();
            String id = imported(habit.name(), habit.family());
            if (!like.isEmpty()) {
                assertThat(id).isEqualTo(imported(like, habit.family()));
            }
            return;
        }
        assertThatExceptionOfType(InvalidModelException.class)
                .isThrownBy(() -> imported(habit.name(), habit.family()))
                .withMessageContaining(habit.expected())
                .withMessageNotContaining("\n");
    }

    private String imported(String name, String family) throws IOException {
        Path place = HABITS.resolve(name);
        ModelBundle begun = ModelBundle.create(folder.resolve(name), "tiny", 64);
        Path merges = place.resolve("bpe.txt.gz");
        ModelBundle bundle =
                switch (family) {
                    case "clip" ->
                            ClipImport.into(
                                    begun,
                                    place.resolve("state.pt"),
                                    merges,
                                    "quick_gelu",
                                    CaptionCleaning.FTFY);
                    case "dalle-pytorch" ->
                            DallePytorchImport.checkpoint(
                                    begun, place.resolve("reversible.pt"), merges);
                    case "kakao" -> KakaoImport.folder(begun, place);
                    case "dalle-mini" ->
                            DalleMiniImport.folder(
                                    begun, place.resolve("mini"), null, OptionalInt.empty());
                    default ->
                            DvaeImport.openAi(
                                    begun,
                                    place.resolve("encoder.pkl"),
                                    place.resolve("decoder-state.pt"));
                };
        return bundle.id();
    }
}
