package dev.nocturne.ingest.archive;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import com.fasterxml.jackson.databind.annotation.JsonSerialize;
import dev.nocturne.runtime.ResultFile;
import dev.nocturne.runtime.SeedJson;
import java.io.IOException;
import java.io.OutputStream;

/** {@code candidates.jsonl}: every candidate of every painted request, a line each. */
public final class CandidateLines {

    @JsonNaming(SnakeCaseStrategy.class)
    private record Line(
            String requestId,
            String customId,
            int rank,
            int candidate,
            @JsonSerialize(using = SeedJson.class) long seed,
            @JsonInclude(JsonInclude.Include.NON_NULL) Float score,
            double logProbability,
            int gridHeight,
            int gridWidth,
            byte[] tokens) {}

    private CandidateLines() {}

    /** Of a request. */
    public static void write(ResultFile result, OutputStream lines) throws IOException {
        for (ResultFile.Candidate candidate : result.ranking()) {
            ArchiveJson.writeLine(
                    lines,
                    new Line(
                            result.requestId(),
                            result.customId(),
                            candidate.rank(),
                            candidate.candidate(),
                            candidate.seed(),
                            candidate.score(),
                            candidate.logProbability(),
                            result.gridHeight(),
                            result.gridWidth(),
                            candidate.tokens()));
        }
    }
}
