package dev.nocturne.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

class OpenFilesTest {

    /** As the services do. */
    public static final class Program {
        public static void main(String[] args) {
            OpenFiles.require(OpenFiles.OF_A_SERVICE);
            System.out.println("started");
        }
    }

    @Test
    @EnabledOnOs({OS.LINUX, OS.MAC})
    void tooSmallALimitIsNamedInOneLineAtTheStart() throws Exception {
        assertThat(outputWithLimit(64))
                .isEqualTo(
                        "this process may open 64 files (ulimit -n): at least 256 are needed, raise the limit\n");
        assertThat(outputWithLimit(256)).isEqualTo("started\n");
    }

    private static String outputWithLimit(int files) throws Exception {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        Process process =
                new ProcessBuilder(
                                "sh",
                                "-c",
                                "ulimit -n " + files + " && exec \"$0\" \"$@\"",
                                java,
                                "-cp",
                                System.getProperty("java.class.path"),
                                Program.class.getName())
                        .redirectErrorStream(true)
                        .start();
        String output = new String(process.getInputStream().readAllBytes());
        assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
        return output;
    }
}
