package dev.nocturne.standalone;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Against a server that answers as ingest-service does. */
class DownloadCommandTest {

    private static final String FILES = "/v1/jobs/job-1/files/";

    @TempDir Path folder;

    private final Map<String, String> answers = new ConcurrentHashMap<>();
    private final List<String> asked = new CopyOnWriteArrayList<>();
    private final List<String> ranges = new CopyOnWriteArrayList<>();
    private volatile boolean knowsRanges = true;
    private volatile int breaksOffAfter = Integer.MAX_VALUE; // bytes of an answer
    private final AtomicLong sent = new AtomicLong();
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private HttpServer server;

    @BeforeEach
    void start() throws Exception {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::answer);
        server.start();
        job("completed");
        answers.put(FILES + "index.html", "<html>");
        answers.put(FILES + "images/00ff/1.png", "a picture");
        manifest("index.html", "images/00ff/1.png");
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private void answer(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        asked.add(path);
        String answer = answers.get(path);
        byte[] body =
                (answer == null ? "{\"errors\":[{\"message\":\"no such file\"}]}" : answer)
                        .getBytes(UTF_8);
        int start = start(exchange, body.length);
        if (start > body.length) {
            exchange.sendResponseHeaders(416, -1);
            exchange.close();
            return;
        }
        exchange.sendResponseHeaders(
                answer == null ? 404 : start > 0 ? 206 : 200, body.length - start);
        boolean isCut = path.startsWith(FILES) && !path.endsWith("manifest.json");
        int end = start + Math.min(body.length - start, isCut ? breaksOffAfter : body.length);
        for (int from = start; from < end; from += 1 << 16) {
            int bytes = Math.min(1 << 16, end - from);
            exchange.getResponseBody().write(body, from, bytes);
            sent.addAndGet(bytes);
        }
        exchange.close();
    }

    private int start(HttpExchange exchange, int bytes) {
        String range = exchange.getRequestHeaders().getFirst("Range");
        if (range == null) {
            return 0;
        }
        ranges.add(range);
        int start = Integer.parseInt(range.replaceAll("\\D", ""));
        exchange.getResponseHeaders()
                .add("Content-Range", "bytes %d-%d/%d".formatted(start, bytes - 1, bytes));
        return knowsRanges ? start : 0;
    }

    private void job(String status) {
        answers.put(
                "/v1/jobs/job-1",
                """
                {"id":"job-1","status":"%s","counts":{"total":2,"in_progress":1}}\
                """
                        .formatted(status));
    }

    private void manifest(String... names) throws Exception {
        StringBuilder entries = new StringBuilder();
        for (String name : names) {
            byte[] bytes = answers.getOrDefault(FILES + name, "").getBytes(UTF_8);
            String sha256 =
                    HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
            entries.append(entries.isEmpty() ? "" : ",")
                    .append(
                            "{\"name\":\"%s\",\"bytes\":%d,\"sha256\":\"%s\"}"
                                    .formatted(name, bytes.length, sha256));
        }
        answers.put(FILES + "manifest.json", "{\"files\":[%s]}".formatted(entries));
    }

    private int download(String... more) {
        String url = "http://localhost:%d".formatted(server.getAddress().getPort());
        String[] args = new String[5 + more.length];
        List.of("download", "job-1", folder.toString(), "--url", url).toArray(args);
        System.arraycopy(more, 0, args, 5, more.length);
        return NocturneCommand.commandLine(new PrintWriter(out, true), new PrintWriter(err, true))
                .execute(args);
    }

    @Test
    void everythingIsDownloadedOnceAndDamageIsRepaired() throws Exception {
        assertThat(download()).as(err.toString()).isZero();
        assertThat(folder.resolve("images/00ff/1.png")).hasContent("a picture");
        assertThat(folder.resolve("manifest.json")).exists();
        assertThat(out.toString()).contains("3 files", "0 were there already");

        asked.clear();
        Files.writeString(folder.resolve("images/00ff/1.png"), "b picture");
        Files.writeString(folder.resolve("index.html.part"), "<ht");
        assertThat(download("--json")).isZero();
        assertThat(asked)
                .containsExactly(
                        "/v1/jobs/job-1", FILES + "manifest.json", FILES + "images/00ff/1.png");
        assertThat(folder.resolve("images/00ff/1.png")).hasContent("a picture");
        assertThat(out.toString()).contains("\"downloaded\" : 1", "\"kept\" : 1");
    }

    @Test
    void aSingleCaptionHasNoPageOfPictures() throws Exception {
        manifest("index.html", "images/00ff/1.png");
        assertThat(download()).isZero();
        assertThat(out.toString()).contains(folder.resolve("index.html").toString());

        out.getBuffer().setLength(0);
        manifest("images/00ff/1.png");
        assertThat(download()).isZero();
        assertThat(out.toString()).contains(folder.toString()).doesNotContain("index.html");
    }

    @Test
    void whatIsNotAsTheManifestSaysIsRefused() {
        answers.put(FILES + "index.html", "<HTML>");

        assertThat(download()).isEqualTo(1);
        assertThat(err.toString()).contains("index.html is not what the manifest says");
        assertThat(folder.resolve("manifest.json")).doesNotExist();
        assertThat(folder.resolve("index.html")).doesNotExist();
    }

    @Test
    void whatIsMissingIsNamedAndTheRestIsThere() throws Exception {
        answers.remove(FILES + "index.html");

        assertThat(download()).isEqualTo(1);
        assertThat(err.toString())
                .contains("index.html is missing")
                .contains("1 of 2 files of job job-1 could not be downloaded");
        assertThat(folder.resolve("images/00ff/1.png")).hasContent("a picture");
        assertThat(folder.resolve("manifest.json")).as("it says that all is there").doesNotExist();

        assertThat(download("--json")).isEqualTo(1);
        assertThat(out.toString()).contains("\"failed\" : [ \"index.html\" ]", "\"kept\" : 1");
    }

    @Test
    void aDamagedFileKeepsNoOtherAway() {
        answers.put(FILES + "index.html", "<HTML>");

        assertThat(download()).isEqualTo(1);
        assertThat(folder.resolve("images/00ff/1.png")).hasContent("a picture");
        assertThat(folder.resolve("index.html")).doesNotExist();
        assertThat(folder.toFile().list()).containsExactly("images");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "../evil",
                "/etc/evil",
                "a/../../evil",
                "a//b",
                "a/",
                ".bashrc",
                "",
                "a\\u0000b",
                "a\\u001b[2J",
                "a\\\\b",
                "C:evil",
                "index.html"
            })
    void noOddNameIsAskedForOrWritten(String name) throws Exception {
        manifest("index.html", name);

        assertThat(download()).isEqualTo(1);
        assertThat(err.toString())
                .contains("which is no file of a job", "check --url")
                .doesNotContain("internal error", "\u001b", "\u0000");
        assertThat(asked).containsExactly("/v1/jobs/job-1", FILES + "manifest.json");
        assertThat(folder.resolve("index.html")).doesNotExist();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "null",
                "{}",
                "{\"name\":\"a\",\"bytes\":-1,\"sha256\":\"00\"}",
                "{\"name\":\"a\",\"bytes\":1,\"sha256\":null}"
            })
    void aManifestOfNoJobIsRefused(String entry) {
        answers.put(FILES + "manifest.json", "{\"files\":[%s]}".formatted(entry));

        assertThat(download()).isEqualTo(1);
        assertThat(err.toString()).contains("check --url").doesNotContain("internal error");
    }

    @Test
    void noLinkInTheFolderIsFollowed(@TempDir Path elsewhere) throws Exception {
        Files.createSymbolicLink(folder.resolve("images"), elsewhere);

        assertThat(download()).isEqualTo(1);
        assertThat(err.toString()).contains("images is a symbolic link, which is not followed");
        assertThat(elsewhere).isEmptyDirectory();

        Files.delete(folder.resolve("images"));
        Files.delete(folder.resolve("index.html"));
        Path file = Files.writeString(elsewhere.resolve("precious"), "precious");
        Files.createSymbolicLink(folder.resolve("index.html"), file);
        Files.createSymbolicLink(folder.resolve(".manifest.json.part"), file);
        assertThat(download()).isEqualTo(1);
        assertThat(err.toString()).contains("index.html is a symbolic link");
        assertThat(file).hasContent("precious");
        assertThat(folder.resolve("images/00ff/1.png")).hasContent("a picture");
    }

    @Test
    void anAnswerThatBreaksOffIsGoneOnWith() throws Exception {
        breaksOffAfter = 4;

        assertThat(download()).as(err.toString()).isZero();
        assertThat(folder.resolve("images/00ff/1.png")).hasContent("a picture");
        assertThat(ranges).contains("bytes=4-", "bytes=8-");
    }

    @Test
    void anAnswerThatBringsNothingEndsTheRunAndKeepsWhatCame() throws Exception {
        breaksOffAfter = 0;
        Files.createDirectories(folder.resolve("images/00ff"));
        Path part = Files.writeString(folder.resolve("images/00ff/.1.png.part"), "a pic");

        assertThat(download()).isEqualTo(1);
        assertThat(err.toString()).contains("broke off");
        assertThat(part).hasContent("a pic");
    }

    @Test
    void aRunGoesOnInTheMiddleOfAFile() throws Exception {
        Files.createDirectories(folder.resolve("images/00ff"));
        Files.writeString(folder.resolve("images/00ff/.1.png.part"), "a pic");

        assertThat(download()).as(err.toString()).isZero();
        assertThat(ranges).containsExactly("bytes=5-");
        assertThat(folder.resolve("images/00ff/1.png")).hasContent("a picture");
        assertThat(folder.resolve("images/00ff").toFile().list()).containsExactly("1.png");
    }

    @ParameterizedTest
    @ValueSource(strings = {"another", "another picture that is longer", "b picture"})
    void whatWasBegunOfAnotherFileIsFetchedAnew(String begun) throws Exception {
        Files.createDirectories(folder.resolve("images/00ff"));
        Files.writeString(folder.resolve("images/00ff/.1.png.part"), begun);

        assertThat(download()).as(err.toString()).isZero();
        assertThat(folder.resolve("images/00ff/1.png")).hasContent("a picture");
    }

    @Test
    void aServerThatKnowsNoRangesSendsAllAgain() throws Exception {
        knowsRanges = false;
        Files.createDirectories(folder.resolve("images/00ff"));
        Files.writeString(folder.resolve("images/00ff/.1.png.part"), "a pic");

        assertThat(download()).as(err.toString()).isZero();
        assertThat(folder.resolve("images/00ff/1.png")).hasContent("a picture");
    }

    @Test
    void noLinkIsFollowedToGoOn(@TempDir Path elsewhere) throws Exception {
        Path file = Files.writeString(elsewhere.resolve("precious"), "a pic");
        Files.createDirectories(folder.resolve("images/00ff"));
        Files.createSymbolicLink(folder.resolve("images/00ff/.1.png.part"), file);

        assertThat(download()).as(err.toString()).isZero();
        assertThat(file).hasContent("a pic");
        assertThat(folder.resolve("images/00ff/1.png")).hasContent("a picture");
    }

    @Test
    void noMoreThanTheManifestSaysIsRead() throws Exception {
        answers.put(FILES + "index.html", "x".repeat(50_000_000));

        assertThat(download()).isEqualTo(1);
        assertThat(err.toString()).contains("sends more than 6 bytes", "index.html");
        assertThat(sent.get()).as("bytes that were taken").isLessThan(40_000_000);
        assertThat(folder.toFile().list()).containsExactly("images");
    }

    /** The file is not there, so that nothing is left in the folder the test runs in. */
    @Test
    void theFolderMayBeTheOneThatOneIsIn() throws Exception {
        folder = Path.of(".");
        manifest("not-there.png");

        assertThat(download()).isEqualTo(1);
        assertThat(err.toString()).contains("not-there.png is missing");
        assertThat(Path.of(".manifest.json.part")).doesNotExist();
    }

    @Test
    void anUnfinishedJobIsWaitedFor() {
        job("in_progress");

        assertThat(download()).isEqualTo(1);
        assertThat(err.toString())
                .contains("is in_progress, 1 of 2 captions are left", "nocturne watch job-1");
    }
}
