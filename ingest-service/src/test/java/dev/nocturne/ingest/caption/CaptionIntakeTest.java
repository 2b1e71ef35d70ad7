package dev.nocturne.ingest.caption;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_16LE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.nocturne.ingest.Problem;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files as people have them become JSON lines; faults are told by the line an editor shows. */
class CaptionIntakeTest {

    @TempDir Path folder;

    private CaptionIntake.Read readAll(String filename, byte[] content, String... parameters)
            throws IOException {
        Map<String, String> defaults = new TreeMap<>();
        for (int i = 0; i < parameters.length; i += 2) {
            defaults.put(parameters[i], parameters[i + 1]);
        }
        Path file = Files.write(folder.resolve("file"), content);
        return CaptionIntake.read(
                file,
                filename,
                null,
                CaptionDefaults.of(defaults),
                PictureSizes.UNKNOWN,
                folder.resolve("lines"));
    }

    private CaptionCheck read(String filename, byte[] content, String... parameters)
            throws IOException {
        return readAll(filename, content, parameters).check();
    }

    private CaptionCheck read(String filename, String content, String... parameters)
            throws IOException {
        return read(filename, content.getBytes(UTF_8), parameters);
    }

    private List<String> lines(String filename, String content, String... parameters)
            throws IOException {
        assertThat(read(filename, content, parameters).errors()).isEmpty();
        return Files.readAllLines(folder.resolve("lines"));
    }

    private List<String> errors(String filename, String content) throws IOException {
        return read(filename, content).errors().stream()
                .map(problem -> "%s: %s".formatted(problem.line(), problem.message()))
                .toList();
    }

    // ---- text

    @Test
    void aTextFileIsACaptionALine() throws IOException {
        assertThat(lines("captions.txt", "\ufeffa red apple\r\n\r\n  a cat, a \"dog\"\t\nc"))
                .containsExactly(
                        "{\"prompt\":\"a red apple\",\"custom_id\":\"line-1\"}",
                        "{\"prompt\":\"  a cat, a \\\"dog\\\"\\t\",\"custom_id\":\"line-3\"}",
                        "{\"prompt\":\"c\",\"custom_id\":\"line-4\"}");
    }

    @Test
    void aBadLineOfTextIsToldByItsNumber() throws IOException {
        assertThat(errors("captions.txt", "a\n\n" + "b".repeat(401)))
                .containsExactly("3: the caption has 401 characters: at most 400");
        byte[] latin = "a\ncaf\u00e9".getBytes(ISO_8859_1);
        assertThat(read("captions.txt", latin).errors())
                .extracting(Problem::line, Problem::message)
                .containsExactly(
                        tuple(
                                2,
                                "the caption 'caf\ufffd' holds U+FFFD (REPLACEMENT CHARACTER): send plain UTF-8 text"));
    }

    // ---- CSV

    @Test
    void columnsAreNamedAsTheOptions() throws IOException {
        String csv =
                """
                Prompt,custom_id,Candidates,top,seed,temperature,Top K,output-format,note
                "a red apple, ""ripe""\",apple,64,4,9223372036854775807,0.9,12,jpeg,mine
                a dog,,2.0,,42.0,,,,
                """;
        assertThat(lines("captions.csv", csv))
                .containsExactly(
                        "{\"prompt\":\"a red apple, \\\"ripe\\\"\",\"custom_id\":\"apple\",\"candidates\":64,\"top\":4,\"seed\":\"9223372036854775807\",\"temperature\":0.9,\"top_k\":12,\"output_format\":\"jpeg\"}",
                        "{\"prompt\":\"a dog\",\"candidates\":2.0,\"seed\":42.0,\"custom_id\":\"line-3\"}");
        CaptionCheck check = read("captions.csv", csv);
        assertThat(check.format()).isEqualTo(CaptionFormat.CSV);
        assertThat(check.unusedColumns()).containsExactly("note");
        assertThat(check.captions()).isEqualTo(2);
        assertThat(check.candidates()).isEqualTo(66);
        assertThat(check.rows())
                .containsExactly(
                        new CaptionCheck.Row(2, "apple", "a red apple, \"ripe\"", 64, 4, "jpeg"),
                        new CaptionCheck.Row(3, "line-3", "a dog", 2, 2, "png"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "prompt,top\na cat,2\n",
                "\ufeffprompt;top\r\na cat;2\r\n",
                "prompt\ttop\ra cat\t2\r",
                "prompt|top\na cat|2",
                "sep=;\nprompt;top\na cat;2",
                "\n\n\"top\", \"caption\"\n 2 , \"a cat\"\n,\n",
                "top,Text\n2,a cat\n\n",
            })
    void aTableIsReadHoweverASpreadsheetWritesIt(String csv) throws IOException {
        lines("captions.csv", csv);
        assertThat(read("captions.csv", csv).rows())
                .extracting(CaptionCheck.Row::prompt, CaptionCheck.Row::top)
                .containsExactly(tuple("a cat", 2));
    }

    @Test
    void aSpreadsheetMayWriteACommaInAFraction() throws IOException {
        assertThat(lines("captions.csv", "prompt;temperature;topP;guidance\na;0,9;,95;1.5"))
                .containsExactly(
                        "{\"prompt\":\"a\",\"temperature\":0.9,\"top_p\":0.95,\"guidance\":1.5,\"custom_id\":\"line-2\"}");
        assertThat(errors("captions.csv", "prompt;candidates\na;1,5"))
                .containsExactly("2: candidates is \"1,5\": must be an integer");
    }

    @Test
    void unicodeTextOfASpreadsheetIsATable() throws IOException {
        byte[] sheet = "\ufeffprompt\tcandidates\r\ncafé\t8\r\n".getBytes(UTF_16LE);
        CaptionCheck check = read("sheet.txt", sheet);
        assertThat(check.errors()).isEmpty();
        assertThat(check.format()).isEqualTo(CaptionFormat.CSV);
        assertThat(check.rows()).extracting(CaptionCheck.Row::prompt).containsExactly("café");
    }

    @Test
    void linesAreCountedAsAnEditorCountsThem() throws IOException {
        String csv =
                "prompt,candidates\r\n\"a\r\ncat\",8\r\n\r\n,,\r\na dog,many\r\nb,600\r\n\"c\nd\",1,2\r\ne";
        assertThat(errors("captions.csv", csv))
                .containsExactly(
                        "6: candidates is \"many\": must be an integer",
                        "7: candidates is 600: must be 1 to 512",
                        "8: the row has 3 cells, the header 2: put a cell that holds ',' in double quotes");
        CaptionCheck check = read("captions.csv", csv);
        assertThat(check.rows())
                .extracting(CaptionCheck.Row::line, CaptionCheck.Row::prompt)
                .containsExactly(tuple(2, "a cat"), tuple(10, "e"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            quoteCharacter = '`',
            value = {
                "a red apple\\na dog ~ 1: no column is named 'prompt': name the one with the captions so, in the first line",
                "prompt,prompt\\na,b ~ 1: column 'prompt' is there twice: rename one",
                "prompt,canditates\\na,64 ~ 1: column 'canditates' is no option: name it 'candidates' if it is meant so, or rename it",
                "prompt,seeds\\na,64 ~ 1: column 'seeds' is no option: name it 'seed' if it is meant so, or rename it",
                "prompt\\na\\n\"b\" c\\nd ~ 3: the quotes of this row do not match: put a cell that holds ',' or quotes in double quotes, and double those inside",
                "prompt\\na\\n\"b\\nc ~ 3: the quotes of this row do not match: put a cell that holds ',' or quotes in double quotes, and double those inside",
                "prompt,top\\n,2 ~ 2: prompt is missing: say what to paint",
                "prompt,top ~ null: no captions: the file says nothing to paint",
            })
    void whatIsWrongWithATableIsToldInItsWords(String csv, String error) throws IOException {
        assertThat(errors("captions.csv", csv.replace("\\n", "\n"))).containsExactly(error);
    }

    @Test
    void aQuoteThatIsNeverClosedTakesNoMemory() throws IOException {
        String open = "prompt\n\"a\n" + "b\n".repeat(2 << 20);
        CaptionCheck check = read("captions.csv", open);
        assertThat(check.errors()).extracting(Problem::code).containsExactly("too_large");
        assertThat(check.errors().get(0).line()).isEqualTo(2);
    }

    // ---- JSON

    @Test
    void anArrayHasObjectsOrCaptions() throws IOException {
        String array =
                """
                [
                  "a cat",
                  {"prompt": "a dog", "top": 2},
                  {"custom_id": "x", "method": "POST", "url": "/v1/images/generations",
                   "body": {"prompt": "a hen", "n": 1}}
                ]
                """;
        assertThat(lines("captions.json", array))
                .containsExactly(
                        "{\"prompt\":\"a cat\",\"custom_id\":\"item-1\"}",
                        "{\"prompt\":\"a dog\",\"top\":2,\"custom_id\":\"item-2\"}",
                        "{\"custom_id\":\"x\",\"method\":\"POST\",\"url\":\"/v1/images/generations\",\"body\":{\"prompt\":\"a hen\",\"n\":1}}");
        assertThat(lines("", array)).as("without a name").hasSize(3);
    }

    @Test
    void objectsOfSeveralLinesAreReadToo() throws IOException {
        assertThat(lines("", "{\n  \"prompt\": \"a cat\"\n}\n{\n  \"prompt\": \"a dog\"\n}\n"))
                .containsExactly(
                        "{\"prompt\":\"a cat\",\"custom_id\":\"item-1\"}",
                        "{\"prompt\":\"a dog\",\"custom_id\":\"item-2\"}");
    }

    @Test
    void anItemIsToldByItsLineAndItsNumber() throws IOException {
        assertThat(errors("", "[{\"prompt\":\"a\"},\n 5, {\"prompt\":\"b\",\"top\":0},\n\"\"]"))
                .containsExactly(
                        "2: item 2: it is no object and no caption: send {\"prompt\": \"...\"}",
                        "2: item 3: top is 0: must be 1 to 64",
                        "3: item 4: the caption is empty: say what to paint");
        assertThat(
                        errors(
                                "",
                                "[{\"custom_id\":\"x\",\"prompt\":\"a\"},{\"custom_id\":\"x\",\"prompt\":\"b\"}]"))
                .containsExactly("1: item 2: custom_id 'x' is already item 1: make it unique");
        assertThat(errors("", "[\n{\"prompt\":\"a\"},\n{\"prompt\" \"b\"}]"))
                .singleElement()
                .asString()
                .startsWith("3: broken JSON at column 11 (");
        assertThat(errors("", "[\"a\", \"b\""))
                .singleElement()
                .asString()
                .startsWith("1: broken JSON at column");
    }

    @Test
    void captionsOfCocoAreItsAnnotations() throws IOException {
        String coco =
                """
                {"info": {"year": 2017, "contributor": "annotations"}, "licenses": [{"id": 1}],
                 "images": [{"file_name": "000000179765.jpg", "id": 179765}],
                 "annotations": [{"image_id": 179765, "id": 38, "caption": "A black Honda motorcycle.\\n"},
                   {"image_id": 179765, "id": 47, "caption": "A bike"}], "type": "captions"}
                """;
        assertThat(lines("captions_val2017.json", coco, "candidates", "8"))
                .containsExactly(
                        "{\"custom_id\":\"179765-38\",\"prompt\":\"A black Honda motorcycle.\\n\",\"candidates\":8}",
                        "{\"custom_id\":\"179765-47\",\"prompt\":\"A bike\",\"candidates\":8}");
        assertThat(lines("", coco)).as("without a name").hasSize(2);
        assertThat(
                        lines(
                                "results.json",
                                "[{\"image_id\":1,\"caption\":\"a\"},{\"image_id\":2,\"caption\":\"b\"}]"))
                .as("its files of results")
                .first()
                .isEqualTo("{\"custom_id\":\"1\",\"prompt\":\"a\"}");
        assertThat(errors("instances.json", "{\"annotations\":[{\"image_id\":1,\"bbox\":[1]}]}"))
                .containsExactly(
                        "1: item 1: the annotation has no caption: send COCO's captions file");
    }

    // ---- what a file is

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "captions.jsonl     | {\"prompt\":\"a\"}           | JSON_LINES",
                "captions.txt       | {\"prompt\":\"a\"}           | JSON_LINES",
                "CAPTIONS.TXT.GZ    | a cat                        | TEXT",
                "captions.txt       | [a cat], in brackets         | TEXT",
                "captions.txt       | prompt                       | TEXT",
                "captions           | prompt                       | CSV",
                "captions           | caption,top                  | CSV",
                "captions.jsonl     | [{\"prompt\":\"a\"}]         | JSON",
                "captions           | [\"a\"]                      | JSON",
                "captions.json      | {\"prompt\":\"a\"}           | JSON_LINES",
                "captions           | {prompt:a}                   | JSON_LINES",
                "captions.jsonl     | a cat                        | JSON_LINES",
            })
    void contentThatLeavesNoDoubtCountsBeforeTheName(
            String filename, String content, CaptionFormat format) {
        assertThat(CaptionFormat.of(content.getBytes(UTF_8), filename, null)).contains(format);
    }

    @ParameterizedTest
    @CsvSource({
        "text/plain; charset=utf-8, TEXT",
        "text/csv, CSV",
        "application/vnd.ms-excel, CSV",
        "text/tab-separated-values, CSV",
        "application/jsonl, JSON_LINES",
    })
    void aMediaTypeCountsWhereThereIsNoName(String mediaType, CaptionFormat format) {
        assertThat(CaptionFormat.of("a cat".getBytes(UTF_8), null, mediaType)).contains(format);
    }

    @Test
    void whatCannotBeToldAsksForAName() throws IOException {
        for (String type : new String[] {null, "application/x-www-form-urlencoded"}) {
            assertThat(CaptionFormat.of("a cat\na dog".getBytes(UTF_8), "", type)).isEmpty();
        }
        assertThat(errors("captions", "a cat\na dog"))
                .singleElement()
                .asString()
                .contains("name it captions.txt or send the content type text/plain");
    }

    @Test
    void aFormatThatIsNotReadIsToldWithWhatToDo() throws IOException {
        assertThat(errors("train.parquet", "PAR1\u0000"))
                .singleElement()
                .asString()
                .contains("Parquet", "read_parquet('train.parquet')", "lines=True");
        assertThat(errors("captions.xlsx", "PK\u0003\u0004"))
                .asString()
                .contains("save the sheet as CSV");
        byte[] zstd = {0x28, (byte) 0xb5, 0x2f, (byte) 0xfd, 0};
        assertThat(read("captions.csv.zst", zstd).errors())
                .extracting(Problem::message)
                .containsExactly("the file is compressed with zstd: send it plain or gzipped");
    }

    @Test
    void everyFormatMayBeGzipped() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
            gzip.write("prompt,top\na cat,2\n".getBytes(UTF_8));
        }
        assertThat(read("captions.csv.gz", bytes.toByteArray()).captions()).isEqualTo(1);
        byte[] cut = Arrays.copyOf(bytes.toByteArray(), bytes.size() - 9);
        assertThat(read("captions.csv.gz", cut).errors())
                .extracting(Problem::code)
                .containsExactly("invalid_gzip");
    }

    // ---- defaults

    @Test
    void defaultsAreForWhatALineDoesNotSay() throws IOException {
        String[] defaults = {
            "candidates",
            "8",
            "top",
            "4",
            "seed",
            "9007199254740993",
            "output_format",
            "jpeg",
            "output_compression",
            "80"
        };
        assertThat(lines("captions.txt", "a cat", defaults))
                .containsExactly(
                        "{\"prompt\":\"a cat\",\"candidates\":8,\"top\":4,\"seed\":9007199254740993,\"output_format\":\"jpeg\",\"output_compression\":80,\"custom_id\":\"line-1\"}");
        assertThat(lines("captions.jsonl", "{\"body\":{\"prompt\":\"a\",\"seed\":7}}", defaults))
                .containsExactly(
                        "{\"body\":{\"prompt\":\"a\",\"seed\":7,\"candidates\":8,\"n\":4,\"output_format\":\"jpeg\",\"output_compression\":80},\"custom_id\":\"line-1\"}");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "candidates=64 | {\"top\":2}        | 64 | 2",
                "candidates=8  | {\"top\":20}       | 20 | 20",
                "top=8         | {\"candidates\":2} | 2  | 2",
                "top=8         | {}                 | 16 | 8",
                "candidates=2  | {}                 | 2  | 2",
                "top=8         | {\"candidates\":null} | 16 | 8",
            })
    void aDefaultGivesWayToWhatALineSays(String parameter, String line, int candidates, int top)
            throws IOException {
        String json =
                line.replaceFirst("\\{", "{\"prompt\":\"a\"" + (line.equals("{}") ? "" : ","));
        CaptionCheck check = read("", json, parameter.split("="));
        assertThat(check.errors()).isEmpty();
        assertThat(check.rows().get(0).candidates()).isEqualTo(candidates);
        assertThat(check.rows().get(0).top()).isEqualTo(top);
    }

    @Test
    void aDefaultThatALineHasNoUseForIsLeftOut() throws IOException {
        assertThat(
                        lines(
                                "captions.csv",
                                "prompt,output_format\na,png\nb,webp",
                                "output_compression",
                                "80",
                                "image_prompt_rows",
                                "2"))
                .containsExactly(
                        "{\"prompt\":\"a\",\"output_format\":\"png\",\"custom_id\":\"line-2\"}",
                        "{\"prompt\":\"b\",\"output_format\":\"webp\",\"output_compression\":80,\"custom_id\":\"line-3\"}");
    }

    // ---- once for all

    @ParameterizedTest
    @CsvSource({
        "captions.jsonl, '{\"prompt\":\"a\"}\n\n{\"prompt\":\"b\",\"custom_id\":\"line-7\"}', true",
        "captions.csv, 'prompt,candidates\na,8\nb,16', false",
        "captions.txt, 'a\n\nb', false",
        "captions.json, '[{\"prompt\":\"a\",\"seed\":\"9\"},{\"prompt\":\"b\"}]', false",
    })
    void whatWasReadIsWhatItsLinesHold(String filename, String content, boolean isAsItCame)
            throws IOException {
        CaptionIntake.Read read = readAll(filename, content.getBytes(UTF_8));

        assertThat(read.check().errors()).isEmpty();
        assertThat(read.lines()).isEqualTo(folder.resolve(isAsItCame ? "file" : "lines"));
        assertThat(read.survey()).contains(Survey.of(read.lines(), PictureSizes.UNKNOWN));
        assertThat(read.survey().orElseThrow().captions()).isEqualTo(2);
    }

    @Test
    void linesThatBecameTooLongAreReadAgain() throws IOException {
        String empty = "{\"body\":{\"prompt\":\"a\",\"user\":\"\"}}";
        String user = "u".repeat(JsonLines.MAX_LINE_BYTES - empty.length() - 10);
        String body = empty.replace("\"\"", "\"%s\"".formatted(user));
        CaptionIntake.Read read = readAll("captions.json", "[%s]".formatted(body).getBytes(UTF_8));

        assertThat(read.check().errors()).isEmpty();
        assertThat(read.survey()).isEmpty();
        assertThat(Survey.of(read.lines(), PictureSizes.UNKNOWN).isHopeless()).isTrue();
    }

    // ---- size

    @Test
    void moreCaptionsThanAJobHoldsAreToldAtTheFirstOneTooMany() throws IOException {
        CaptionCheck check = read("captions.txt", "a\n".repeat(100_001));
        assertThat(check.errors())
                .extracting(Problem::line, Problem::code)
                .containsExactly(tuple(100_001, "too_large"));
    }
}
