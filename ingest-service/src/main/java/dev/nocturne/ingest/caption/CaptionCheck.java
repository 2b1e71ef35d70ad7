package dev.nocturne.ingest.caption;

import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.nocturne.ingest.Problem;
import java.util.List;

/**
 * What a file of captions holds, and what is wrong with it; nothing is made of it.
 *
 * @param format null if it cannot be told; then an error says so
 * @param captions that are good
 * @param candidates of those
 * @param unusedColumns of a table: those that are no options
 * @param rows the first good ones
 * @param errors what is wrong, at most {@link JobParser#MAX_PROBLEMS}; empty if all is well
 */
@JsonNaming(SnakeCaseStrategy.class)
public record CaptionCheck(
        CaptionFormat format,
        int captions,
        long candidates,
        List<String> unusedColumns,
        List<Row> rows,
        List<Problem> errors) {

    /**
     * A caption as it would be painted.
     *
     * @param line where it stands, 1-based
     */
    @JsonNaming(SnakeCaseStrategy.class)
    public record Row(
            int line,
            String customId,
            String prompt,
            int candidates,
            int top,
            String outputFormat) {

        static Row of(JobParser.Line line) {
            return new Row(
                    line.number(),
                    line.customId(),
                    line.caption().getCaption(),
                    line.caption().getOptions().getCandidates(),
                    line.caption().getOptions().getTop(),
                    line.caption().getOptions().getOutputFormat());
        }
    }
}
