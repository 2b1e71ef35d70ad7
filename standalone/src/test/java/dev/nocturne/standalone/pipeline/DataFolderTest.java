package dev.nocturne.standalone.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nocturne.standalone.terminal.CommandFailure;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataFolderTest {
    @TempDir Path folder;

    @Test
    void hasOneOwnerAtATime() throws Exception {
        try (DataFolder owner = DataFolder.open(folder)) {
            assertThatThrownBy(() -> DataFolder.open(folder))
                    .isInstanceOf(CommandFailure.class)
                    .hasMessageContaining(folder.toString())
                    .hasMessageContaining("process " + ProcessHandle.current().pid())
                    .hasMessageContaining("--data");
        }
        DataFolder.open(folder).close();
    }

    @Test
    void aNewOneIsItsOwnersAlone() throws Exception {
        Path data = folder.resolve("data");

        DataFolder.open(data).close();

        assertThat(mode(data)).isEqualTo("rwx------");
    }

    @Test
    void oneOfAnOlderVersionIsClosedToOthers() throws Exception {
        Path data = Files.createDirectory(folder.resolve("data"));
        Files.writeString(data.resolve("lock"), "4711");
        Files.setPosixFilePermissions(data, PosixFilePermissions.fromString("rwxr-xr-x"));

        DataFolder.open(data).close();

        assertThat(mode(data)).isEqualTo("rwx------");
    }

    @Test
    void aFolderForAllStaysOpen() throws Exception {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));

        DataFolder.open(folder).close();
        DataFolder.open(folder).close(); // now with our lock in it

        assertThat(mode(folder)).isEqualTo("rwxrwxrwx");
    }

    private static String mode(Path path) throws Exception {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }
}
