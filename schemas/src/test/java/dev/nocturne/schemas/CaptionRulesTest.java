package dev.nocturne.schemas;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.DrawingOptions;
import dev.nocturne.events.DrawnCandidates;
import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class CaptionRulesTest {

    private static CaptionSubmitted.Builder good() {
        return CaptionSubmitted.newBuilder()
                .setCustomId("line-1")
                .setCaption("a red apple to the left of a dog")
                .setSubmittedAt(Examples.NOON);
    }

    private static CaptionSubmitted.Builder good(UnaryOperator<DrawingOptions.Builder> change) {
        return good().setOptions(change.apply(DrawingOptions.newBuilder()).build());
    }

    @Test
    void goodCaptionsBreakNoRule() {
        assertThat(CaptionRules.validate(good().build())).isEmpty();
        assertThat(CaptionRules.validate(good().setCaption("赤い家 🏠").build())).isEmpty();
        assertThat(CaptionRules.validate(good(o -> o.setCandidates(512).setTop(64)).build()))
                .isEmpty();
        assertThat(
                        CaptionRules.validate(
                                good(o -> o.setOutputFormat("jpeg").setOutputCompression(0))
                                        .build()))
                .isEmpty();
        assertThat(
                        CaptionRules.validate(
                                good().setImagePrompt(ByteBuffer.allocate(9))
                                        .setImagePromptRows(2)
                                        .build()))
                .isEmpty();
        assertThat(CaptionRules.validate(good().setDrawn(drawn(16, 16)).build())).isEmpty();
    }

    private static DrawnCandidates drawn(int seeds, int logProbabilities) {
        return DrawnCandidates.newBuilder()
                .setModel("m@1")
                .setGridHeight(1)
                .setGridWidth(1)
                .setSeeds(Collections.nCopies(seeds, 7L))
                .setLogProbabilities(Collections.nCopies(logProbabilities, -1.0))
                .setTokens(ByteBuffer.allocate(0))
                .build();
    }

    static Stream<Arguments> broken() {
        return Stream.of(
                broken(c -> c.setJobId("a/b"), "job_id", "invalid_option", "a/b"),
                broken(c -> c.setCustomId(" "), "custom_id", "invalid_option", "empty"),
                broken(c -> c.setCustomId("x".repeat(513)), "custom_id", "invalid_option", "513"),
                broken(
                        c -> c.setCustomId("a\nb"),
                        "custom_id",
                        "invalid_option",
                        "U+000A (LINE FEED"),
                broken(c -> c.setCaption(""), "prompt", "invalid_caption", "empty"),
                broken(c -> c.setCaption("x".repeat(401)), "prompt", "caption_too_long", "401"),
                broken(c -> c.setCaption("a\u0000b"), "prompt", "invalid_caption", "U+0000 (NULL)"),
                broken(c -> c.setCaption("\u3000\t"), "prompt", "invalid_caption", "empty"),
                brokenOption(o -> o.setSeedScheme(3), "seed_scheme", "invalid_option", "1 or 2"),
                broken(c -> c.setCaption("a\uFFFDb"), "prompt", "invalid_caption", "U+FFFD (REPL"),
                broken(c -> c.setCaption("a\uD800b"), "prompt", "invalid_caption", "U+D800"),
                brokenOption(
                        o -> o.setCandidates(0).setTop(1), "candidates", "invalid_option", "is 0"),
                brokenOption(o -> o.setCandidates(513), "candidates", "invalid_option", "1 to 512"),
                brokenOption(
                        o -> o.setTop(65).setCandidates(99), "top", "invalid_option", "1 to 64"),
                brokenOption(o -> o.setTop(17), "top", "invalid_option", "17 of 16"),
                brokenOption(o -> o.setTemperature(0.0), "temperature", "invalid_option", "0.0"),
                brokenOption(
                        o -> o.setTemperature(Double.NaN), "temperature", "invalid_option", "NaN"),
                brokenOption(o -> o.setTopK(-1), "top_k", "invalid_option", "-1"),
                brokenOption(
                        o -> o.setPartialImages(4), "partial_images", "invalid_option", "0 to 3"),
                brokenOption(o -> o.setPartialImages(-1), "partial_images", "invalid_option", "-1"),
                brokenOption(o -> o.setTopP(1.5), "top_p", "invalid_option", "1.5"),
                brokenOption(o -> o.setGuidance(0.5), "guidance", "invalid_option", "0.5"),
                brokenOption(
                        o -> o.setOutputFormat("gif"),
                        "output_format",
                        "invalid_option",
                        "'gif': must be png, jpeg or webp"),
                brokenOption(
                        o -> o.setOutputFormat("webp").setOutputCompression(101),
                        "output_compression",
                        "invalid_option",
                        "101: must be 0 to 100"),
                brokenOption(
                        o -> o.setOutputFormat("jpeg").setOutputCompression(-1),
                        "output_compression",
                        "invalid_option",
                        "-1: must be 0 to 100"),
                brokenOption(
                        o -> o.setOutputCompression(80),
                        "output_compression",
                        "invalid_option",
                        "80, but png loses nothing"),
                broken(c -> c.setImagePromptRows(1), "image_prompt_rows", "invalid_option", "1"),
                broken(
                        c -> c.setImagePromptColumns(1),
                        "image_prompt_columns",
                        "invalid_option",
                        "1"),
                broken(
                        c -> c.setImagePrompt(ByteBuffer.allocate(9)),
                        "image_prompt_rows",
                        "invalid_option",
                        "at least 1"),
                broken(
                        c -> c.setImagePrompt(ByteBuffer.allocate(786_433)).setImagePromptRows(1),
                        "image_prompt",
                        "invalid_option",
                        "786433"),
                broken(
                        c ->
                                c.setImagePrompt(ByteBuffer.allocate(786_400))
                                        .setImagePromptMask(ByteBuffer.allocate(33)),
                        "image_prompt",
                        "invalid_option",
                        "786400 bytes and its mask 33"),
                broken(
                        c -> c.setImagePromptMask(ByteBuffer.allocate(9)),
                        "mask",
                        "invalid_option",
                        "without an image_prompt"),
                broken(
                        c ->
                                c.setImagePrompt(ByteBuffer.allocate(9))
                                        .setImagePromptMask(ByteBuffer.allocate(9))
                                        .setImagePromptRows(1),
                        "mask",
                        "invalid_option",
                        "image_prompt_rows 1 and image_prompt_columns 0"),
                broken(
                        c -> c.setVariation(true),
                        "image_prompt",
                        "invalid_option",
                        "a variation without"),
                broken(
                        c ->
                                c.setVariation(true)
                                        .setImagePrompt(ByteBuffer.allocate(9))
                                        .setImagePromptColumns(2),
                        "mask",
                        "invalid_option",
                        "a variation with a mask"),
                broken(c -> c.setDrawn(drawn(15, 16)), "drawn", "invalid_option", "15 seeds"),
                broken(c -> c.setDrawn(drawn(16, 17)), "drawn", "invalid_option", "and 17"));
    }

    private static Arguments broken(
            UnaryOperator<CaptionSubmitted.Builder> change,
            String param,
            String code,
            String messagePart) {
        return arguments(change.apply(good()).build(), param, code, messagePart);
    }

    private static Arguments brokenOption(
            UnaryOperator<DrawingOptions.Builder> change,
            String param,
            String code,
            String messagePart) {
        return arguments(good(change).build(), param, code, messagePart);
    }

    @ParameterizedTest
    @MethodSource
    void broken(CaptionSubmitted caption, String param, String code, String messagePart) {
        List<Violation> violations = CaptionRules.validate(caption);
        assertThat(violations)
                .filteredOn(violation -> violation.param().equals(param))
                .singleElement()
                .satisfies(
                        violation -> {
                            assertThat(violation.code()).isEqualTo(code);
                            assertThat(violation.message())
                                    .contains(messagePart)
                                    .doesNotContain("%s", "%d", "\n");
                        });
    }

    @Test
    void aRecordWithADefaultThatContradictsWhatIsGivenIsGoodAsItIsPainted() {
        CaptionSubmitted few = CaptionRules.normalised(good(o -> o.setCandidates(2)).build());
        CaptionSubmitted many = CaptionRules.normalised(good(o -> o.setTop(20)).build());

        assertThat(few.getOptions().getTop()).isEqualTo(2);
        assertThat(many.getOptions().getCandidates()).isEqualTo(20);
        assertThat(CaptionRules.validate(few)).isEmpty();
        assertThat(CaptionRules.validate(many)).isEmpty();
        assertThat(
                        CaptionRules.normalised(good(o -> o.setCandidates(5).setTop(6)).build())
                                .getOptions()
                                .getTop())
                .as("nobody's default")
                .isEqualTo(6);
    }

    @Test
    void aRecordsCaptionIsPaintedOnOneLine() {
        CaptionSubmitted caption = good().setCaption("\n a red\tapple\r\n").build();

        assertThat(CaptionRules.validate(caption)).isEmpty();
        assertThat(CaptionRules.normalised(caption).getCaption()).isEqualTo("a red apple");
    }

    @Test
    void everyBrokenRuleIsReported() {
        CaptionSubmitted bad = good(o -> o.setTop(0).setTopP(0.0)).setCaption("").build();
        assertThat(CaptionRules.validate(bad))
                .extracting(Violation::param)
                .containsExactly("prompt", "top", "top_p");
    }
}
