package dev.nocturne.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A JVM of its own, its output in a file. Whatever the test does, {@link #close} ends it, and so
 * does the end of this JVM.
 */
final class JavaProcess implements AutoCloseable {
    private static final Duration START_TIMEOUT = Duration.ofMinutes(2);
    private static final Duration STOP_TIMEOUT = Duration.ofMinutes(1);
    private static final int SIGTERM_EXIT_CODE = 128 + 15;

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(JavaProcess::killAll));
    }

    private final String name;
    private final Process process;
    private final Path output;
    private final long startNanos = System.nanoTime();

    private JavaProcess(String name, Process process, Path output) {
        this.name = name;
        this.process = process;
        this.output = output;
    }

    private static void killAll() {
        ProcessHandle.current().descendants().forEach(ProcessHandle::destroyForcibly);
    }

    /** Starts {@code java} with the arguments; the environment is added to this process's own. */
    static JavaProcess start(
            String name, Path outputFolder, Map<String, String> environment, List<String> arguments)
            throws IOException {
        Path output = Files.createTempFile(outputFolder, name + "-", ".log");
        ProcessBuilder builder = builder(output, arguments);
        builder.environment().putAll(environment);
        return new JavaProcess(name, builder.start(), output);
    }

    /** As the other one, in a folder of its own, with that environment and nothing else. */
    static JavaProcess startAlone(
            String name,
            Path outputFolder,
            Path workingFolder,
            Map<String, String> environment,
            List<String> arguments)
            throws IOException {
        Path output = Files.createTempFile(outputFolder, name + "-", ".log");
        ProcessBuilder builder = builder(output, arguments).directory(workingFolder.toFile());
        builder.environment().clear();
        builder.environment().putAll(environment);
        return new JavaProcess(name, builder.start(), output);
    }

    private static ProcessBuilder builder(Path output, List<String> arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
        command.add("-Djava.util.logging.manager=org.jboss.logmanager.LogManager");
        command.addAll(arguments);
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile());
    }

    long pid() {
        return process.pid();
    }

    /** Waits for a line of output with the text, and returns what follows the text in that line. */
    String awaitOutput(String text) throws IOException {
        await(name + " prints '" + text + "'")
                .atMost(START_TIMEOUT)
                .until(() -> !process.isAlive() || output().contains(text));
        assertThat(output()).as("output of %s", name).contains(text);
        return output().lines()
                .filter(line -> line.contains(text))
                .map(line -> line.substring(line.indexOf(text) + text.length()).strip())
                .findFirst()
                .orElseThrow();
    }

    /** Waits until the service on the port says that it is ready. */
    void awaitReady(int port) {
        HttpClient http = HttpClient.newHttpClient();
        HttpRequest ready =
                HttpRequest.newBuilder(URI.create("http://localhost:" + port + "/q/health/ready"))
                        .build();
        await(name + " is ready")
                .atMost(START_TIMEOUT)
                .pollInterval(Duration.ofMillis(500))
                .ignoreExceptionsInstanceOf(IOException.class)
                .until(
                        () -> {
                            assertThat(process.isAlive())
                                    .as("%s runs; its output: %s", name, output())
                                    .isTrue();
                            return http.send(ready, BodyHandlers.discarding()).statusCode() == 200;
                        });
    }

    String output() throws IOException {
        return Files.readString(output);
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** Since it was started. */
    Duration age() {
        return Duration.ofNanos(System.nanoTime() - startNanos);
    }

    /** Empty if it has ended. */
    Optional<ProcessMemory> memory() throws IOException, InterruptedException {
        return ProcessMemory.of(process.pid());
    }

    /** SIGSTOP: it stays as it is, and its connections open. */
    void suspend() throws IOException, InterruptedException {
        signal("STOP");
    }

    /** SIGCONT. */
    void resume() throws IOException, InterruptedException {
        signal("CONT");
    }

    private void signal(String signal) throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid())).start().waitFor();
    }

    /** SIGKILL. */
    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /** SIGTERM; the process must end in time and in order, whatever it said before. */
    void terminate() throws InterruptedException, IOException {
        int before = output().length();
        process.destroy();
        assertThat(process.waitFor(STOP_TIMEOUT.toSeconds(), TimeUnit.SECONDS))
                .as("%s ends on SIGTERM; its output: %s", name, output())
                .isTrue();
        assertThat(process.exitValue()).as("exit code of %s", name).isIn(0, SIGTERM_EXIT_CODE);
        assertThat(output().substring(before))
                .as("what %s says while it ends", name)
                .doesNotContain("ERROR", "Exception");
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
