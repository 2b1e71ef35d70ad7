package dev.nocturne.training.loop;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LossFileTest {
    @TempDir Path folder;

    @Test
    void stepsBehindTheCheckpointAreTakenBackAndSoIsALineThatWasCut() throws IOException {
        List<String> names = List.of("loss", "gradient");
        try (LossFile file = LossFile.from(folder, 0)) {
            file.add(1, names, new float[] {0.1f, 2});
            file.heldOut(1, Map.of("image", 2.5));
            file.add(2, names, new float[] {0.2f, 2});
            file.add(3, names, new float[] {0.3f, 2});
        }
        Path lines = folder.resolve("losses.jsonl");
        Files.writeString(lines, Files.readString(lines) + "{\"step\":4,\"lo");
        try (LossFile file = LossFile.from(folder, 2)) {
            file.add(3, names, new float[] {0.25f, 1});
        }
        assertThat(lines)
                .content()
                .isEqualToIgnoringNewLines(
                        """
                        {"step":1,"loss":0.1,"gradient":2.0}
                        {"step":1,"held_out":{"image":2.5}}
                        {"step":2,"loss":0.2,"gradient":2.0}
                        {"step":3,"loss":0.25,"gradient":1.0}
                        """);
    }
}
