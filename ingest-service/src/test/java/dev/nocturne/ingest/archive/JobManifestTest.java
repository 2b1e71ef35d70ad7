package dev.nocturne.ingest.archive;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class JobManifestTest {

    @Test
    void theFilesAreReadInTheirOrder() throws IOException {
        String manifest =
                """
                {"id": "job-1", "total": 1, "files": [
                  {"name": "output.jsonl", "bytes": 5000000000, "sha256": "00ff"},
                  {"name": "webdataset/00000.tar", "bytes": 7, "sha256": "ab"}]}""";
        List<JobFile> files = new ArrayList<>();
        JobManifest.read(
                new ByteArrayInputStream(manifest.getBytes(StandardCharsets.UTF_8)), files::add);
        assertThat(files)
                .containsExactly(
                        new JobFile("output.jsonl", 5_000_000_000L, "00ff"),
                        new JobFile("webdataset/00000.tar", 7, "ab"));
    }
}
