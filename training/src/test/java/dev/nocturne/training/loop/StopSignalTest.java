package dev.nocturne.training.loop;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A real process, and a real SIGTERM. */
class StopSignalTest {

    /** Trains until it is told to stop, and then saves, or cannot. */
    static final class Program {
        public static void main(String[] outcome) {
            try (StopSignal signal = StopSignal.install()) {
                System.out.println("training");
                while (!signal.stopRequested()) {
                    LockSupport.parkNanos(1_000_000);
                }
                if (outcome[0].equals("fails")) {
                    throw new IllegalStateException("the disk is full");
                }
                signal.saved();
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"saves,0", "fails,1"})
    @Timeout(value = 5, unit = TimeUnit.MINUTES)
    void theExitCodeSaysWhetherTheStopSavedEverything(String outcome, int exitCode)
            throws Exception {
        Process process =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-cp",
                                System.getProperty("java.class.path"),
                                Program.class.getName(),
                                outcome)
                        .redirectErrorStream(true)
                        .start();
        try (BufferedReader output =
                new BufferedReader(
                        new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            assertThat(output.readLine()).isEqualTo("training");
            process.destroy(); // SIGTERM
            assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
            assertThat(process.exitValue()).isEqualTo(exitCode);
        } finally {
            process.destroyForcibly();
        }
    }
}
