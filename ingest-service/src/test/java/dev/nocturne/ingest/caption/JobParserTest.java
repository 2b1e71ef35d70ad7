package dev.nocturne.ingest.caption;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.tuple;

import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.DrawingOptions;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.Problem;
import dev.nocturne.ingest.caption.CaptionJson.AnswerFormat;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.io.UncheckedIOException;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JobParserTest {

    private static final Instant NOW = Instant.parse("2026-01-01T20:00:00Z");

    @Test
    void candidatesThatNobodyNamesCountAsManyAsAreDrawn() throws IOException {
        InputStream two =
                new ByteArrayInputStream(
                        "{\"prompt\":\"a\"}\n{\"prompt\":\"b\",\"candidates\":8}".getBytes(UTF_8));
        JobParser parser = new JobParser(two, "job-1", NOW);
        parser.validate();
        assertThat(parser.candidates()).isEqualTo(16 + 8);
    }

    @Test
    void readsEveryField() throws IOException {
        CaptionSubmitted caption =
                parse(
                                """
                                {"custom_id":"a","prompt":"a red heart","candidates":64,"top":8,"seed":-5,\
                                "temperature":0.9,"top_k":128,"top_p":0.95,\
                                "image_prompt":"iVBORw==","image_prompt_rows":2,\
                                "output_format":"jpeg","output_compression":80}
                                """)
                        .get(0);

        assertThat(caption)
                .isEqualTo(
                        CaptionSubmitted.newBuilder()
                                .setJobId("job-1")
                                .setCustomId("a")
                                .setCaption("a red heart")
                                .setSeed(-5L)
                                .setImagePrompt(
                                        ByteBuffer.wrap(new byte[] {(byte) 0x89, 'P', 'N', 'G'}))
                                .setImagePromptRows(2)
                                .setSubmittedAt(NOW)
                                .setOptions(
                                        DrawingOptions.newBuilder()
                                                .setCandidates(64)
                                                .setTop(8)
                                                .setTemperature(0.9)
                                                .setTopK(128)
                                                .setTopP(0.95)
                                                .setOutputFormat("jpeg")
                                                .setOutputCompression(80)
                                                .build())
                                .build());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"prompt\":\"a\",\"candidates\":2}                 |  2 |  2",
                "{\"prompt\":\"a\",\"candidates\":20}                | 20 |  4",
                "{\"prompt\":\"a\",\"top\":20}                       | 20 | 20",
                "{\"prompt\":\"a\",\"top\":2}                        | 16 |  2",
                "{\"body\":{\"prompt\":\"a\",\"candidates\":1}}      |  1 |  1",
                "{\"body\":{\"prompt\":\"a\",\"n\":20}}              | 20 | 20",
            })
    void aDefaultGivesWayToWhatIsGiven(String line, int candidates, int top) throws IOException {
        CaptionSubmitted caption = parse(line).get(0);

        assertThat(caption.getOptions().getCandidates()).isEqualTo(candidates);
        assertThat(caption.getOptions().getTop()).isEqualTo(top);
    }

    @Test
    void wholeNumbersAreIntegersHoweverTheyAreWritten() throws IOException {
        CaptionSubmitted caption =
                parse(
                                """
                                {"prompt":"a","candidates":2.0,"top":1e0,"seed":42.0,"top_k":1e3,\
                                "output_format":"webp","output_compression":-0.0}""")
                        .get(0);

        assertThat(caption.getOptions().getCandidates()).isEqualTo(2);
        assertThat(caption.getOptions().getTop()).isEqualTo(1);
        assertThat(caption.getSeed()).isEqualTo(42);
        assertThat(caption.getOptions().getTopK()).isEqualTo(1000);
        assertThat(caption.getOptions().getOutputCompression()).isZero();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "2.5                  | seed is 2.5: must be an integer of 64 bits, as a number or a string",
                "\"2.0\"            | seed is \"2.0\": must be an integer of 64 bits, as a number or a string",
                "\"9223372036854775808\" | seed is \"9223372036854775808\": must be an integer of 64 bits, as a number or a string",
                "9007199254740992.0   | seed is 9.007199254740992E15: must be sent as an integer or a string, it may be rounded",
                "-1e300               | seed is -1.0E300: must be sent as an integer or a string, it may be rounded",
            })
    void aSeedThatMayBeAnotherIsRefused(String seed, String message) {
        assertThat(problems("{\"prompt\":\"a\",\"seed\":%s}".formatted(seed)))
                .extracting(Problem::message)
                .containsExactly(message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"9223372036854775807", "-5", "9007199254740993"})
    void aSeedIsANumberOrAString(String seed) throws IOException {
        List<CaptionSubmitted> captions =
                parse(
                        "{\"prompt\":\"a\",\"seed\":%1$s}\n{\"prompt\":\"a\",\"seed\":\"%1$s\"}"
                                .formatted(seed));

        assertThat(captions)
                .extracting(CaptionSubmitted::getSeed)
                .containsOnly(Long.parseLong(seed));
    }

    @Test
    void whiteSpaceOfAnyKindInACaptionIsOneBlank() throws IOException {
        String caption = "\\u3000a\\tred\\r\\n \\u2028apple\\u00a0\\u0085\\n";

        assertThat(parse("{\"prompt\":\"%s\"}".formatted(caption)))
                .extracting(CaptionSubmitted::getCaption)
                .containsExactly("a red apple");
    }

    @Test
    void otherControlsInACaptionAreRefusedByName() {
        assertThat(problems("{\"prompt\":\"a\\u0000b\"}\n{\"prompt\":\"a\\u009bb\"}"))
                .extracting(Problem::message)
                .containsExactly(
                        "the caption 'a\\u0000b' holds U+0000 (NULL): send plain UTF-8 text",
                        "the caption 'a\\u009bb' holds U+009B (CONTROL SEQUENCE INTRODUCER): send plain UTF-8 text");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"prompt\":\"a\",\"temperature\":NaN}       | NaN is no JSON number",
                "{\"prompt\":\"a\",\"temperature\":-Infinity} | -Infinity is no JSON number",
                "{\"prompt\":\"a\",\"top_p\":+1}               | JSON spec does not allow numbers",
                "{\"prompt\":\"a\",/* b */\"top\":1}           | maybe a (non-standard) comment?",
            })
    void brokenJsonIsToldInTheWordsOfJson(String line, String message) {
        assertThat(problems(line))
                .singleElement()
                .extracting(Problem::message)
                .asString()
                .contains(message)
                .doesNotContain("enable", "Feature", "`");
    }

    /** What a line was refused for is not kept beyond it. */
    @ParameterizedTest
    @ValueSource(strings = {"a\\u0000b", "\\u001b[2J", "\\u009bm", "\\ud800", " "})
    void aLineWhoseCustomIdIsRefusedIsCalledByItsNumber(String customId) throws IOException {
        String line = "{\"custom_id\":\"%s\",\"prompt\":\"a\",\"nonsense\":1}".formatted(customId);
        JobParser.Line bad =
                new JobParser(new ByteArrayInputStream(line.getBytes(UTF_8)), "job-1", NOW).next();

        assertThat(bad.customId()).isEqualTo("line-1");
        assertThat(bad.problems())
                .allSatisfy(
                        problem ->
                                assertThat(problem.message().codePoints())
                                        .noneMatch(Character::isISOControl));
    }

    @Test
    void aByteOrderMarkBeforeAnyLineIsDropped() throws IOException {
        assertThat(parse("\uFEFF{\"prompt\":\"a\"}\n\uFEFF{\"prompt\":\"b\"}\n\uFEFF\n"))
                .extracting(CaptionSubmitted::getCaption)
                .containsExactly("a", "b");
    }

    @Test
    void onlyThePromptIsRequired() throws IOException {
        CaptionSubmitted caption =
                parse("\n{\"prompt\":\"pizza\",\"seed\":null,\"top\":null}").get(0);

        assertThat(caption.getCustomId()).isEqualTo("line-2");
        assertThat(caption.getOptions().getCandidates()).isEqualTo(16);
        assertThat(caption.getOptions().getTop()).isEqualTo(4);
        assertThat(caption.getSeed()).isNull();
        assertThat(caption.getOptions().getTemperature()).isNull();
        assertThat(caption.getOptions().getTopK()).isZero();
        assertThat(caption.getOptions().getTopP()).isNull();
        assertThat(caption.getImagePrompt()).isNull();
    }

    @Test
    void toleratesByteOrderMarkBlankLinesCrLfAndAMissingLastLineFeed() throws IOException {
        List<CaptionSubmitted> captions =
                parse("\uFEFF{\"prompt\":\"a\"}\r\n\r\n  \n{\"prompt\":\"ü 🍕\"}");

        assertThat(captions).extracting(CaptionSubmitted::getCaption).containsExactly("a", "ü 🍕");
        assertThat(captions)
                .extracting(CaptionSubmitted::getCustomId)
                .containsExactly("line-1", "line-4");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"prompt\":                                   |                 | invalid_json",
                "{\"prompt\":\"a\"} {}                          |                 | invalid_json",
                "{\"prompt\":\"a\",\"prompt\":\"b\"}            |                 | invalid_json",
                "[\"a\"]                                        |                 | invalid_json",
                "\"a\"                                          |                 | invalid_json",
                "{}                                             | prompt          | invalid_caption",
                "{\"prompt\":null}                              | prompt          | invalid_caption",
                "{\"prompt\":\" \"}                             | prompt          | invalid_caption",
                "{\"prompt\":7}                                 | prompt          | invalid_option",
                "{\"prompt\":\"a\",\"output_format\":\"JPEG\"}  | output_format   | invalid_option",
                "{\"prompt\":\"a\",\"output_format\":1}       | output_format   | invalid_option",
                "{\"prompt\":\"a\",\"output_compression\":80} | output_compression | invalid_option",
                "{\"prompt\":\"a\",\"output_compression\":\"80\"} | output_compression | invalid_option",
                "{\"prompt\":\"a\",\"size\":\"large\"}          | size            | invalid_option",
                "{\"prompt\":\"a\",\"custom_id\":1}             | custom_id       | invalid_option",
                "{\"prompt\":\"a\",\"candidates\":513}          | candidates      | invalid_option",
                "{\"prompt\":\"a\",\"candidates\":\"many\"}     | candidates      | invalid_option",
                "{\"prompt\":\"a\",\"candidates\":1.5}          | candidates      | invalid_option",
                "{\"prompt\":\"a\",\"top\":17,\"candidates\":16} | top            | invalid_option",
                "{\"prompt\":\"a\",\"top\":65}                  | top             | invalid_option",
                "{\"prompt\":\"a\",\"seed\":0.5}                | seed            | invalid_option",
                "{\"prompt\":\"a\",\"seed\":9223372036854775808} | seed           | invalid_option",
                "{\"prompt\":\"a\",\"temperature\":0}           | temperature     | invalid_option",
                "{\"prompt\":\"a\",\"temperature\":true}        | temperature     | invalid_option",
                "{\"prompt\":\"a\",\"top_k\":-1}                | top_k           | invalid_option",
                "{\"prompt\":\"a\",\"top_p\":1.1}               | top_p           | invalid_option",
                "{\"prompt\":\"a\",\"image_prompt\":\"%%\",\"image_prompt_rows\":1} | image_prompt | invalid_option",
                "{\"prompt\":\"a\",\"image_prompt_rows\":1}     | image_prompt_rows | invalid_option",
            })
    void namesLineFieldAndCode(String line, String param, String code) {
        List<Problem> problems = problems("{\"prompt\":\"good\"}\n" + line + "\n");

        assertThat(problems).hasSize(1);
        Problem problem = problems.get(0);
        assertThat(problem.line()).isEqualTo(2);
        assertThat(problem.param()).isEqualTo(param);
        assertThat(problem.code()).isEqualTo(code);
        assertThat(problem.message()).hasLineCount(1).isNotBlank();
    }

    @Test
    void readsOpenAisLine() throws IOException {
        CaptionSubmitted caption =
                parse(
                                """
                                {"custom_id":"a","method":"POST","url":"/v1/images/generations",\
                                "body":{"model":"dall-e-2","prompt":"a red heart","n":20,"size":"256x256",\
                                "quality":"standard","user":"me","response_format":"url","seed":7,"guidance":3,\
                                "output_format":"webp"}}
                                """)
                        .get(0);

        assertThat(caption)
                .isEqualTo(
                        CaptionSubmitted.newBuilder()
                                .setJobId("job-1")
                                .setCustomId("a")
                                .setCaption("a red heart")
                                .setSeed(7L)
                                .setSubmittedAt(NOW)
                                .setOptions(
                                        DrawingOptions.newBuilder()
                                                .setCandidates(20)
                                                .setTop(20)
                                                .setGuidance(3.0)
                                                .setOutputFormat("webp")
                                                .setSize("256x256")
                                                .build())
                                .build());
    }

    @Test
    void ofOpenAisLineOnePictureIsPublishedUnlessItSaysMore() throws IOException {
        CaptionSubmitted caption = parse("{\"body\":{\"prompt\":\"pizza\"}}").get(0);

        assertThat(caption.getOptions().getTop()).isEqualTo(1);
        assertThat(caption.getOptions().getCandidates()).isEqualTo(16);
    }

    @Test
    void aLineMayAskForPartialImagesInEitherFormAndHasAsManyCandidatesAsEver() throws IOException {
        List<CaptionSubmitted> captions =
                parse(
                        "{\"prompt\":\"a\",\"partial_images\":3}\n"
                                + "{\"body\":{\"prompt\":\"b\",\"partial_images\":1,\"stream\":false}}\n"
                                + "{\"prompt\":\"c\"}");

        assertThat(captions)
                .extracting(caption -> caption.getOptions().getPartialImages())
                .containsExactly(3, 1, 0);
        assertThat(captions)
                .extracting(caption -> caption.getOptions().getCandidates())
                .containsOnly(16);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"method\":\"GET\",\"body\":{\"prompt\":\"a\"}}        | method       | invalid_option",
                "{\"url\":\"/v1/embeddings\",\"body\":{}}              | url          | invalid_option",
                "{\"url\":\"/v1/images/generations\"}                  | body         | invalid_option",
                "{\"body\":\"a red heart\"}                            | body         | invalid_option",
                "{\"body\":{}}                                         | body.prompt  | invalid_caption",
                "{\"body\":{\"prompt\":\"a\"},\"seed\":1}              | seed         | unknown_field",
                "{\"body\":{\"prompt\":\"a\",\"model\":\"gpt-4\"}}       | body.model   | model_not_found",
                "{\"body\":{\"prompt\":\"a\",\"n\":65}}                | body.n       | invalid_option",
                "{\"body\":{\"prompt\":\"a\",\"stream\":true}}         | body.stream  | invalid_option",
                "{\"body\":{\"prompt\":\"a\",\"partial_images\":4}}    | body.partial_images | invalid_option",
                "{\"custom_id\":\" \",\"body\":{\"prompt\":\"a\"}}      | custom_id    | invalid_option",
                "{\"body\":{\"prompt\":\"a\",\"response_format\":\"jpg\"}} | body.response_format | invalid_option",
                "{\"body\":{\"prompt\":\"a\",\"output_format\":\"gif\"}}  | body.output_format | invalid_option",
            })
    void namesWhatIsWrongInOpenAisLine(String line, String param, String code) {
        assertThat(problems(line))
                .extracting(Problem::line, Problem::param, Problem::code)
                .containsExactly(tuple(1, param, code));
    }

    @Test
    void aLineSaysHowItsPicturesComeBack() throws IOException {
        byte[] file =
                """
                {"prompt":"a"}
                {"body":{"prompt":"a"}}
                {"body":{"prompt":"a","response_format":"url"}}
                {"body":{"prompt":"a","response_format":"b64_json"}}
                """
                        .getBytes(UTF_8);
        JobParser parser = new JobParser(new ByteArrayInputStream(file), "job-1", NOW);
        List<AnswerFormat> formats = new ArrayList<>();
        for (JobParser.Line line = parser.next(); line != null; line = parser.next()) {
            assertThat(line.problems()).isEmpty();
            formats.add(line.format());
        }
        assertThat(formats)
                .containsExactly(
                        AnswerFormat.URL,
                        AnswerFormat.URL,
                        AnswerFormat.URL,
                        AnswerFormat.B64_JSON);
    }

    @Test
    void readsGzip() throws IOException {
        byte[] file = gzip("{\"prompt\":\"a\"}\n{\"prompt\":\"b\"}");

        assertThat(parse(new ByteArrayInputStream(file)))
                .extracting(CaptionSubmitted::getCaption)
                .containsExactly("a", "b");
    }

    @Test
    void readsEveryMemberOfGzipThatComesOverANetwork() throws IOException {
        byte[] file =
                gzip("{\"prompt\":\"a\"}\n", "", "{\"prompt\":\"b\"}\n{\"pro", "mpt\":\"c\"}");

        assertThat(parse(new Network(file)))
                .extracting(CaptionSubmitted::getCaption)
                .containsExactly("a", "b", "c");
    }

    @Test
    void saysThatALaterMemberOfGzipIsBroken() throws IOException {
        byte[] second = gzip("{\"prompt\":\"b\"}");
        second[0] = 'x';
        byte[] truncated = Arrays.copyOf(gzip("{\"prompt\":\"c\"}"), 12);

        for (byte[] broken : List.of(second, truncated, "trailing".getBytes(UTF_8))) {
            InputStream file =
                    new SequenceInputStream(
                            new ByteArrayInputStream(gzip("{\"prompt\":\"a\"}\n")),
                            new ByteArrayInputStream(broken));
            assertThatThrownBy(() -> parse(file)).isInstanceOf(ZipException.class);
        }
    }

    @Test
    void troubleWithTheStreamOfAGzipFileIsNoBrokenGzip() throws IOException {
        InputStream away =
                new InputStream() {
                    @Override
                    public int read() throws IOException {
                        throw new SocketException("Connection reset");
                    }
                };
        InputStream file =
                new SequenceInputStream(new ByteArrayInputStream(gzip("{\"prompt\":\"a\"}")), away);

        assertThatThrownBy(() -> parse(file)).isInstanceOf(SocketException.class);
    }

    /** Its parts compressed one by one, as log shippers and pigz write them. */
    private static byte[] gzip(String... members) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (String member : members) {
            try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
                gzip.write(member.getBytes(UTF_8));
            }
        }
        return bytes.toByteArray();
    }

    /** Never knows whether more bytes will come, and brings few at a time. */
    private static final class Network extends ByteArrayInputStream {

        Network(byte[] bytes) {
            super(bytes);
        }

        @Override
        public synchronized int read(byte[] bytes, int offset, int length) {
            return super.read(bytes, offset, Math.min(length, 7));
        }

        @Override
        public synchronized int available() {
            return 0;
        }
    }

    @Test
    void aBadLineHasARequestIdOfItsOwn() throws IOException {
        byte[] file =
                "{\"prompt\":\"a\",\"custom_id\":\"x\"}\n{\"prompt\":\"b\",\"custom_id\":\"x\"}\nnonsense"
                        .getBytes(UTF_8);
        JobParser parser = new JobParser(new ByteArrayInputStream(file), "job-1", NOW);
        JobParser.Line good = parser.next();
        JobParser.Line duplicate = parser.next();
        JobParser.Line nonsense = parser.next();

        assertThat(good.isGood()).isTrue();
        assertThat(duplicate.isGood()).isFalse();
        assertThat(List.of(good.customId(), duplicate.customId(), nonsense.customId()))
                .containsExactly("x", "x", "line-3");
        assertThat(List.of(good.requestId(), duplicate.requestId(), nonsense.requestId()))
                .doesNotHaveDuplicates();
        assertThat(parser.next()).isNull();
    }

    @Test
    void reportsAllBadLinesAtOnce() {
        List<Problem> problems =
                problems(
                        """
                        {"prompt":"a","custom_id":"x"}
                        nonsense
                        {"prompt":"b","custom_id":"x","top":99,"candidates":-1}
                        """);

        assertThat(problems)
                .extracting(Problem::line, Problem::param, Problem::code)
                .containsExactly(
                        tuple(2, null, "invalid_json"),
                        tuple(3, "candidates", "invalid_option"),
                        tuple(3, "top", "invalid_option"),
                        tuple(3, "custom_id", "duplicate_custom_id"));
        assertThat(problems.get(3).message())
                .isEqualTo("custom_id 'x' is already on line 1: make it unique");
    }

    @Test
    void stopsReportingAtALimit() {
        assertThat(problems("{}\n".repeat(5_000))).hasSize(JobParser.MAX_PROBLEMS);
    }

    @Test
    void refusesBytesThatAreNotUtf8() {
        byte[] latin1 = "{\"prompt\":\"a\"}\n{\"prompt\":\"caf\u00e9\"}".getBytes(ISO_8859_1);

        assertThat(problems(new ByteArrayInputStream(latin1)))
                .extracting(Problem::line, Problem::code)
                .containsExactly(tuple(2, "invalid_utf8"));
    }

    @ParameterizedTest
    @CsvSource({"''", "'\n \r\n'", "'\uFEFF'"})
    void refusesAFileWithoutCaptions(String jsonl) {
        assertThat(problems(jsonl))
                .extracting(Problem::line, Problem::code)
                .containsExactly(tuple(null, "empty_job"));
    }

    @Test
    void refusesTooManyCaptions() {
        byte[] file = "{\"prompt\":\"a\"}\n".repeat(JobParser.MAX_CAPTIONS + 1).getBytes(UTF_8);

        IngestException refusal = refusal(new ByteArrayInputStream(file));

        assertThat(refusal.kind()).isEqualTo(IngestException.Kind.TOO_LARGE);
        assertThat(refusal.problems().get(0).line()).isEqualTo(JobParser.MAX_CAPTIONS + 1);
    }

    @Test
    void refusesAnEndlessLineWithoutReadingItAll() {
        InputStream endless =
                new InputStream() {
                    @Override
                    public int read() {
                        return 'a';
                    }
                };

        assertThat(refusal(endless).kind()).isEqualTo(IngestException.Kind.TOO_LARGE);
    }

    @Test
    void refusesAnEndlessFile() {
        byte[] blankLine = (" ".repeat((1 << 16) - 1) + "\n").getBytes(UTF_8);
        InputStream endless =
                new InputStream() {
                    @Override
                    public int read() {
                        throw new UnsupportedOperationException();
                    }

                    @Override
                    public int read(byte[] buffer, int offset, int length) {
                        System.arraycopy(blankLine, 0, buffer, offset, length);
                        return length;
                    }
                };

        IngestException refusal = refusal(endless);

        assertThat(refusal.kind()).isEqualTo(IngestException.Kind.TOO_LARGE);
        assertThat(refusal.problems().get(0).line()).isNull();
    }

    private static List<CaptionSubmitted> parse(String jsonl) throws IOException {
        return parse(new ByteArrayInputStream(jsonl.getBytes(UTF_8)));
    }

    private static List<CaptionSubmitted> parse(InputStream jsonl) throws IOException {
        JobParser parser = new JobParser(jsonl, "job-1", NOW);
        List<CaptionSubmitted> captions = new ArrayList<>();
        for (JobParser.Line line = parser.next(); line != null; line = parser.next()) {
            assertThat(line.problems()).isEmpty();
            captions.add(line.caption());
        }
        return captions;
    }

    private static List<Problem> problems(String jsonl) {
        return problems(new ByteArrayInputStream(jsonl.getBytes(UTF_8)));
    }

    private static List<Problem> problems(InputStream jsonl) {
        try {
            return new JobParser(jsonl, "job-1", NOW).validate();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static IngestException refusal(InputStream jsonl) {
        return catchThrowableOfType(IngestException.class, () -> problems(jsonl));
    }
}
