package dev.nocturne.ingest.caption;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nocturne.events.BundleDeployed;
import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.caption.CaptionJson.AnswerFormat;
import dev.nocturne.schemas.Violation;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The parameters of OpenAI's image requests that are no options of a caption. */
class ImageParametersTest {

    private static final PictureSizes PICTURES = new PictureSizes(List.of(64));

    private static ImageParameters imageParameters(String parameters, List<Violation> wrong)
            throws IOException {
        String body = "{\"prompt\":\"a red heart\"%s}".formatted(parameters);
        return CaptionJson.readBody(
                (ObjectNode) new ObjectMapper().readTree(body),
                CaptionSubmitted.newBuilder().setCustomId("x").setSubmittedAt(Instant.EPOCH),
                wrong);
    }

    private static List<Violation> wrong(String parameters, PictureSizes pictures)
            throws IOException {
        List<Violation> wrong = new ArrayList<>();
        wrong.addAll(imageParameters(parameters, wrong).check(pictures));
        return wrong;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ",\"model\":\"dall-e-2\",\"size\":\"64x64\",\"response_format\":\"url\"",
                ",\"model\":\"dall-e-3\",\"quality\":\"hd\",\"style\":\"vivid\",\"size\":\"auto\"",
                ",\"model\":\"gpt-image-1\",\"background\":\"opaque\",\"moderation\":\"low\"",
                ",\"model\":\"gpt-image-2.5-flare\",\"quality\":\"xhigh\",\"complexity\":\"low\"",
                ",\"quality\":\"high\",\"background\":\"auto\",\"input_fidelity\":\"high\"",
                ",\"user\":\"a@b\",\"safety_identifier\":\"7f\",\"stream\":false",
                ",\"output_format\":\"webp\",\"output_compression\":80,\"n\":2",
                ",\"size\":null,\"stream\":null,\"background\":null",
            })
    void whatDoesNotHarmIsAccepted(String parameters) throws IOException {
        assertThat(wrong(parameters, PICTURES)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "\"size\":\"banana\"          | size       | size is 'banana': must be auto, or a size that the model paints, as 64x64",
                "\"size\":\"1024x1024\"       | size       | size is '1024x1024': must be '64x64' or 'auto'",
                "\"size\":\"64x65\"           | size       | must be '64x64'",
                "\"size\":\"064x64\"          | size       | must be '64x64'",
                "\"background\":\"transparent\" | background | is 'transparent': must be one of auto, opaque",
                "\"quality\":\"best\"         | quality    | is 'best': must be one of auto, low, medium, high, xhigh, max",
                "\"style\":\"noir\"           | style      | is 'noir': must be one of vivid, natural",
                "\"moderation\":\"off\"       | moderation | is 'off': must be one of auto, low",
                "\"input_fidelity\":\"auto\"  | input_fidelity | is 'auto': must be one of low, high",
            })
    void whatMeansNothingHereIsRefusedInWords(String parameter, String param, String words)
            throws IOException {
        assertThat(wrong("," + parameter, PICTURES))
                .singleElement()
                .satisfies(one -> assertThat(one.param()).isEqualTo(param))
                .satisfies(one -> assertThat(one.message()).contains(words));
    }

    @Test
    void everySizeOfTheModelMayBeAskedFor() throws IOException {
        PictureSizes two = new PictureSizes(List.of(64, 256));
        assertThat(wrong(",\"size\":\"256x256\"", two)).isEmpty();
        assertThat(wrong(",\"size\":\"128x128\"", two))
                .singleElement()
                .satisfies(
                        one ->
                                assertThat(one.message())
                                        .contains("must be '64x64', '256x256' or 'auto'"));
    }

    @Test
    void anEncoderOfAnEarlierVersionSaysOneSize() {
        assertThat(PictureSizes.of(new BundleDeployed("m@1", Instant.EPOCH, 64, List.of())))
                .isEqualTo(PICTURES);
        assertThat(PictureSizes.of(new BundleDeployed("m@1", Instant.EPOCH, 64, List.of(64, 256))))
                .isEqualTo(new PictureSizes(List.of(64, 256)));
        assertThat(PictureSizes.of(new BundleDeployed("m@1", Instant.EPOCH, 0, List.of())))
                .isEqualTo(PictureSizes.UNKNOWN);
    }

    @Test
    void aLineIsHeldToTheSizeWhenItsFileComesInAndNotLater() throws IOException {
        String line = "{\"body\":{\"prompt\":\"a\",\"size\":\"256x256\"}}";
        assertThat(
                        JobParser.ofNewFile(
                                        new ByteArrayInputStream(line.getBytes()),
                                        "job-1",
                                        Instant.EPOCH,
                                        PICTURES)
                                .validate())
                .singleElement()
                .satisfies(one -> assertThat(one.param()).isEqualTo("body.size"));
        assertThat(
                        new JobParser(
                                        new ByteArrayInputStream(line.getBytes()),
                                        "job-1",
                                        Instant.EPOCH)
                                .validate())
                .isEmpty();
    }

    @Test
    void beforeAnEncoderHasSaidItsSizeOnlySizesWait() throws IOException {
        assertThat(wrong(",\"size\":\"auto\"", PictureSizes.UNKNOWN)).isEmpty();
        assertThatExceptionOfType(IngestException.class)
                .isThrownBy(() -> wrong(",\"size\":\"64x64\"", PictureSizes.UNKNOWN))
                .matches(e -> e.kind() == IngestException.Kind.UNAVAILABLE);
    }

    @Test
    void picturesComeBackAsProgramsForTheNamedModelReadThem() throws IOException {
        assertThat(format("")).isEqualTo(AnswerFormat.URL);
        assertThat(format(",\"model\":\"dall-e-3\"")).isEqualTo(AnswerFormat.URL);
        assertThat(format(",\"model\":\"gpt-image-1\"")).isEqualTo(AnswerFormat.B64_JSON);
        assertThat(format(",\"model\":\"gpt-image-2.5-flare-2026-09-08\""))
                .isEqualTo(AnswerFormat.B64_JSON);
        assertThat(format(",\"model\":\"gpt-image-1\",\"response_format\":\"url\""))
                .isEqualTo(AnswerFormat.URL);
    }

    private static AnswerFormat format(String parameters) throws IOException {
        return imageParameters(parameters, new ArrayList<>()).answerFormat();
    }
}
