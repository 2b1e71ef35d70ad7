package dev.nocturne.schemas;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.events.DrawingOptions;
import dev.nocturne.schemas.DrawingOption.Kind;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class DrawingOptionTest {

    @Test
    void whatPeopleMayAskForIsWhatTheSchemaHas() {
        assertThat(
                        DrawingOption.ALL.stream()
                                .collect(
                                        Collectors.toMap(DrawingOption::name, DrawingOption::kind)))
                .isEqualTo(
                        Map.of(
                                "candidates", Kind.INTEGER,
                                "top", Kind.INTEGER,
                                "temperature", Kind.NUMBER,
                                "top_k", Kind.INTEGER,
                                "top_p", Kind.NUMBER,
                                "guidance", Kind.NUMBER,
                                "output_format", Kind.TEXT,
                                "output_compression", Kind.INTEGER,
                                "size", Kind.TEXT,
                                "partial_images", Kind.INTEGER));
        assertThat(DrawingOption.ALL)
                .allSatisfy(option -> assertThat(option.description()).isNotBlank())
                .extracting(DrawingOption::description)
                .contains(
                        "of the pictures: png, jpeg or webp (default: png)",
                        "below 1 tamer, above 1 wilder; left out: the model's own");
    }

    @Test
    void anOptionIsSetByItsName() {
        DrawingOptions options = DrawingOptions.newBuilder().build();
        Map<String, Object> said = Map.of("top_k", 7, "guidance", 1.5, "output_format", "webp");
        DrawingOption.ALL.stream()
                .filter(option -> said.containsKey(option.name()))
                .forEach(option -> option.set(options, said.get(option.name())));

        assertThat(options)
                .isEqualTo(
                        DrawingOptions.newBuilder()
                                .setTopK(7)
                                .setGuidance(1.5)
                                .setOutputFormat("webp")
                                .build());
    }
}
