package dev.nocturne.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** OpenAI's own client for JavaScript against the services; all that differs is the base URL. */
class OpenAiClientBrokerTest {
    private static final Path SCRIPT = Path.of("src/test/resources/openai-client.cjs");
    private static final String SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    private static final int MINUTES = 8;

    @TempDir Path folder;

    @Test
    void uploadsPollsReadsCancelsAndPaints() throws Exception {
        assumeTrue(
                node("-e", "0").equals(""), "skipped: there is no command 'node' on this machine");
        assumeTrue(
                node("-e", "require('openai')").equals(""),
                "skipped: Node does not find the package 'openai': install it, and name its"
                        + " node_modules folder in NODE_PATH");
        String port = Integer.toString(Ports.free());
        Map<String, String> environment =
                Map.of(
                        "NOCTURNE_GENERATOR_BATCH",
                        "4",
                        "OMP_NUM_THREADS",
                        "1",
                        "NOCTURNE_WEBHOOK_URL",
                        "http://localhost:%s/".formatted(port),
                        "NOCTURNE_WEBHOOK_SECRET",
                        SECRET);
        Path model = TinyModel.write(folder.resolve("model")).directory();
        try (Cluster cluster = new Cluster(folder, model, environment)) {
            cluster.startServices();

            assertThat(node(SCRIPT.toString(), cluster.url("ingest-service"), port, SECRET))
                    .isEmpty();
        }
    }

    /** What it printed, and that it failed if it did; empty if all went well. */
    private String node(String... arguments) throws IOException, InterruptedException {
        Path output = Files.createTempFile(folder, "node-", ".log");
        List<String> command = new ArrayList<>(List.of("node"));
        command.addAll(List.of(arguments));
        Process process;
        try {
            process =
                    new ProcessBuilder(command)
                            .redirectErrorStream(true)
                            .redirectOutput(output.toFile())
                            .start();
        } catch (IOException e) {
            return e.getMessage();
        }
        boolean ended = process.waitFor(MINUTES, TimeUnit.MINUTES);
        if (!ended) {
            process.destroyForcibly().waitFor();
        }
        String printed = Files.readString(output);
        return ended && process.exitValue() == 0 ? printed : "failed: " + printed;
    }
}
