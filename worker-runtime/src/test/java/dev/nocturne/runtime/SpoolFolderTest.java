package dev.nocturne.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class SpoolFolderTest {

    private static final int STARTS = 500;

    @TempDir Path temporary;

    /** Spools a file and waits to be killed. */
    static final class Program {
        public static void main(String[] base) throws Exception {
            SpoolFolder spool = SpoolFolder.open(Path.of(base[0]));
            System.out.println(Files.writeString(spool.newFile(".jsonl"), "half an upload"));
            Thread.sleep(Long.MAX_VALUE);
        }
    }

    @Test
    @Timeout(value = 5, unit = TimeUnit.MINUTES)
    void whatAKilledProcessHasLeftGoesAtTheNextStartAndWhatOthersUseStays() throws Exception {
        Path base = temporary.resolve("spool");
        Process process = start(Program.class, base);
        try (BufferedReader output = output(process)) {
            Path half = Path.of(output.readLine());
            SpoolFolder beside = SpoolFolder.open(base);
            assertThat(half).as("its process lives").hasContent("half an upload");
            Path own = beside.newFile(".jsonl");

            process.destroyForcibly();
            assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
            SpoolFolder next = SpoolFolder.open(base);

            assertThat(half.getParent()).doesNotExist();
            assertThat(own).as("this process has it").exists();
            next.close();
            beside.close();
            assertThat(base.toFile().list()).containsExactly("lock");
        } finally {
            process.destroyForcibly();
        }
    }

    /** Where locks belong to processes, whoever closes a lock file gives up the lock. */
    @Test
    @Timeout(value = 5, unit = TimeUnit.MINUTES)
    void aSecondFolderOfAProcessLeavesTheFirstOneLocked() throws Exception {
        Path base = temporary.resolve("spool");
        try (SpoolFolder first = SpoolFolder.open(base);
                SpoolFolder second = SpoolFolder.open(base)) {
            Process other = start(Program.class, base);
            try (BufferedReader output = output(other)) {
                assertThat(output.readLine()).isNotNull();
                assertThat(first.path()).exists();
                assertThat(second.path()).exists();
            } finally {
                other.destroyForcibly();
            }
        }
    }

    /** Starts and ends as a service does, again and again. */
    static final class Restarted {
        public static void main(String[] base) throws Exception {
            for (int i = 0; i < STARTS; i++) {
                try (SpoolFolder spool = SpoolFolder.open(Path.of(base[0]))) {
                    spool.newFile(".jsonl");
                }
            }
        }
    }

    @Test
    @Timeout(value = 5, unit = TimeUnit.MINUTES)
    void processesStartWhileOthersEnd() throws Exception {
        Path base = temporary.resolve("spool");
        Process other = start(Restarted.class, base);
        try {
            Restarted.main(new String[] {base.toString()});
            assertThat(other.waitFor(2, TimeUnit.MINUTES)).isTrue();
            assertThat(other.exitValue()).isZero();
        } finally {
            other.destroyForcibly();
        }
        assertThat(base.toFile().list()).containsExactly("lock");
    }

    /** As where a service is started anew in one process. */
    @Test
    void aFolderOfAnotherClassLoaderIsInUse() throws Exception {
        Path base = temporary.resolve("spool");
        URL classes = SpoolFolder.class.getProtectionDomain().getCodeSource().getLocation();
        try (URLClassLoader loader =
                        new URLClassLoader(
                                new URL[] {classes}, ClassLoader.getPlatformClassLoader());
                AutoCloseable other =
                        (AutoCloseable)
                                loader.loadClass(SpoolFolder.class.getName())
                                        .getMethod("open", Path.class)
                                        .invoke(null, base);
                SpoolFolder own = SpoolFolder.open(base)) {
            assertThat(other).isNotInstanceOf(SpoolFolder.class);
            assertThat(own.path()).exists();
            assertThat(base.toFile().list()).as("both, and the lock").hasSize(3);
        }
        assertThat(base.toFile().list()).containsExactly("lock");
    }

    private static Process start(Class<?> program, Path base) throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        program.getName(),
                        base.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    private static BufferedReader output(Process process) {
        return new BufferedReader(
                new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    }

    @Test
    void nobodyElseReadsIt() throws Exception {
        Path base = Files.createDirectory(temporary.resolve("spool"));
        Files.setPosixFilePermissions(base, PosixFilePermissions.fromString("rwxrwxrwx"));

        try (SpoolFolder spool = SpoolFolder.open(base)) {
            assertThat(mode(base)).isEqualTo("rwx------");
            assertThat(mode(spool.path())).isEqualTo("rwx------");
            assertThat(mode(spool.newFile(".jsonl"))).isEqualTo("rw-------");
            assertThat(mode(spool.newFolder())).isEqualTo("rwx------");
        }
    }

    private static String mode(Path path) throws Exception {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }

    @Test
    void aLinkInItsPlaceIsRefused() throws Exception {
        Path elsewhere = Files.createDirectory(temporary.resolve("elsewhere"));
        Path link = Files.createSymbolicLink(temporary.resolve("spool"), elsewhere);

        assertThatExceptionOfType(FatalException.class)
                .isThrownBy(() -> SpoolFolder.open(link))
                .withMessageContaining("spool")
                .withMessageContaining("NOCTURNE_SPOOL_DIR");
        assertThat(elsewhere).isEmptyDirectory();
    }
}
