package dev.nocturne.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class NocturneCommandTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String... args) {
        return NocturneCommand.commandLine(new PrintWriter(out), new PrintWriter(err))
                .execute(args);
    }

    static Stream<String> commands() {
        return NocturneCommand.commandLine(
                new PrintWriter(new StringWriter()), new PrintWriter(new StringWriter()))
                .getSubcommands()
                .keySet()
                .stream();
    }

    @ParameterizedTest
    @MethodSource("commands")
    void everyCommandHasHelp(String command) {
        assertThat(run(command, "--help")).isZero();
        assertThat(out.toString()).startsWith("Usage: nocturne " + command);
        assertThat(err.toString()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "bogus",
                "paint",
                "paint|",
                "paint|a star|--candidates|0",
                "paint|a star|--candidates|many",
                "paint|a star|--top|5|--candidates|4",
                "paint|a star|--top-p|2",
                "paint|a star|--output-format|gif",
                "paint|a star|--output-format|jpeg|--output-compression|101",
                "paint|a star|--output-compression|80",
                "paint|a star|--batch|65",
                "train|transformer|--model|m|--from|b|--layers|2",
                "train|transformer|--model|m|--from|b|--adapters|0",
                "train|transformer|--model|m|--from|b|--only|eyes",
                "train|transformer|--model|m|--only|attention",
                "train|clip|--model|m|--adapters|8",
                "train|dvae|--model|m|--data|d|--crop|SIDE",
                "import|openai-dvae|encoder.pkl|--model|m",
                "import|clip|--bpe|b.txt|--model|m",
                "import|kakao|1.3B|--activation|gelu|--model|m",
                "bench|models|--only|transformer drew",
                "publish",
                "publish|a\u0007bell",
                "status",
                "status|job-1|--url|ht:tp",
                "rerank|job-1",
                "rerank|job-1|--top|many",
                "dead-letters",
                "dead-letters|show",
                "dead-letters|replay",
                "completion",
                "completion|fish"
            })
    void wrongUsageIsOneLineAndTwo(String args) {
        assertThat(run(args.isEmpty() ? new String[0] : args.split("\\|", -1))).isEqualTo(2);
        assertThat(err.toString().lines()).singleElement().asString().contains("--help");
        assertThat(out.toString()).isEmpty();
    }

    @Test
    void whatFailsSaysWhyInOneLine(@TempDir Path folder) {
        assertThat(run("paint", "a star", "--model", folder.toString(), "--out", folder.toString()))
                .isEqualTo(1);
        assertThat(err.toString().lines())
                .singleElement()
                .asString()
                .contains("no model at " + folder);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "openai-dvae|FILE|none.pkl",
                "clip|FILE|--bpe|FILE",
                "hf-clip|none.safetensors",
                "kakao|none|--clip|FILE",
                "dalle-mini|none|--clip|FILE|--bpe|FILE|--activation|gelu",
                "dalle-pytorch|none.pt|--bpe|FILE|--clip|FILE",
                "upscaler|none.pth",
            })
    void whatIsNoWeightsIsRefusedInOneLine(String args, @TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("page.html"), "<html>Not found</html>");
        Path model = folder.resolve("model");
        String line = "import|" + args.replace("FILE", file.toString()) + "|--model|" + model;
        assertThat(run(line.split("\\|"))).isEqualTo(1);
        assertThat(err.toString().lines()).singleElement().asString().contains("; ");
        assertThat(model).doesNotExist();
    }

    @ParameterizedTest
    @ValueSource(strings = {"bash", "zsh"})
    void completionKnowsEveryCommand(String shell) {
        assertThat(run("completion", shell)).isZero();
        assertThat(out.toString())
                .contains(commands().toList())
                .contains("complete -F _complete_nocturne -o default nocturne ");
    }

    @Test
    void aServiceThatDoesNotAnswerIsNamedWithTheRemedy() {
        assertThat(run("lag", "--url", "http://localhost:1")).isEqualTo(1);
        assertThat(err.toString().lines())
                .singleElement()
                .asString()
                .contains("http://localhost:1", "nocturne up", "--url");
    }

    @Test
    void aFileThatCannotBeReadIsNamed(@TempDir Path folder) {
        Path missing = folder.resolve("captions.jsonl");
        assertThat(run("submit", missing.toString())).isEqualTo(1);
        assertThat(err.toString().lines())
                .singleElement()
                .asString()
                .startsWith(missing + " cannot be read");
    }

    @Test
    void aFolderThatIsAFileIsNamed(@TempDir Path folder) throws Exception {
        Path file = Files.createFile(folder.resolve("file"));
        assertThat(run("paint", "a star", "--out", file.toString())).isEqualTo(1);
        assertThat(err.toString().lines()).singleElement().asString().contains(file.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"/nowhere", "s3://pictures/all", "shards/{0..3}.tar"})
    void picturesThatAreNotThereAreToldInOneLine(String place, @TempDir Path folder) {
        assertThat(
                        run(
                                "train",
                                "tokenizer",
                                "--model",
                                folder.resolve("m").toString(),
                                "--data",
                                place))
                .isEqualTo(1);
        assertThat(err.toString().lines())
                .singleElement()
                .asString()
                .doesNotContain("internal error")
                .containsAnyOf("correct --data", "set NOCTURNE_S3_ENDPOINT");
    }
}
