package dev.nocturne.ingest.archive;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.events.RequestFinished;
import dev.nocturne.ingest.job.JobStateTest;
import dev.nocturne.runtime.RequestResult;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResultLinesTest {

    @TempDir Path folder;

    @Test
    void everyResultIsReadAsItWasTheLatestFirst() throws IOException {
        RequestFinished early = JobStateTest.completed("job-1", "early", 1);
        RequestFinished middle = JobStateTest.failed("job-1", "middle", 2);
        RequestFinished late = JobStateTest.completed("job-1", "late", 3);
        byte[] lines = lines(middle, late, early);

        assertThat(read(lines, 9))
                .containsExactly(
                        RequestResult.of(late), RequestResult.of(middle), RequestResult.of(early));
        assertThat(lines).asString().hasLineCount(3);
    }

    @Test
    void readingEndsWhereItIsEnough() throws IOException {
        byte[] lines =
                lines(
                        JobStateTest.completed("job-1", "a", 1),
                        JobStateTest.completed("job-1", "b", 2));
        assertThat(read(lines, 1)).extracting(RequestResult::customId).containsExactly("b");
        assertThat(read(lines(), 1)).isEmpty();
    }

    private byte[] lines(RequestFinished... results) throws IOException {
        ByteArrayOutputStream lines = new ByteArrayOutputStream();
        try (ResultSpool spool = new ResultSpool(folder.resolve("spool"))) {
            for (RequestFinished result : results) {
                spool.add(result);
            }
            ResultLines.write(spool, lines);
        }
        return lines.toByteArray();
    }

    private static List<RequestResult> read(byte[] lines, int enough) throws IOException {
        List<RequestResult> results = new ArrayList<>();
        ResultLines.read(
                new ByteArrayInputStream(lines),
                result -> {
                    results.add(result);
                    return results.size() < enough;
                });
        return results;
    }
}
