package dev.nocturne.standalone.plan;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.nocturne.standalone.option.JsonOption;
import dev.nocturne.standalone.terminal.CommandFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Reads rates from what {@code nocturne bench --json} and {@code nocturne bench models --json} say,
 * or from the metrics of a running service.
 */
final class RatesReader {
    /** A larger decode batch no generator-worker has; the scorer takes half as many at a time. */
    private static final int MOST_DRAWN = 64;

    private static final int MOST_SCORED = 32;

    private final Rates rates;
    private final Rates.Work planned;

    RatesReader(Rates rates, Rates.Work planned) {
        this.rates = rates;
        this.planned = planned;
    }

    /**
     * @param source file or http address
     * @throws CommandFailure if it has no rates
     */
    void read(String source) throws IOException, InterruptedException {
        if (source.startsWith("http://") || source.startsWith("https://")) {
            MetricsPage.fetch(source).addTo(rates, source);
            return;
        }
        JsonNode report = json(source);
        if (report.path("runs").isArray()) {
            readPipeline(report);
        } else if (report.path("rows").isArray()) {
            readModels(report.path("rows"), source);
        } else {
            throw none(source);
        }
    }

    private static JsonNode json(String source) throws IOException {
        Path file = Path.of(source);
        if (!Files.isReadable(file) || Files.isDirectory(file)) {
            throw new CommandFailure(
                    "%s cannot be read: name a file that 'nocturne bench --json' wrote, or the address of a service"
                            .formatted(source));
        }
        try {
            return JsonOption.MAPPER.readTree(file.toFile());
        } catch (JsonProcessingException e) {
            throw none(source);
        }
    }

    private static CommandFailure none(String source) {
        return new CommandFailure(
                "%s has no rates of stages: write it with 'nocturne bench --json' of this version"
                        .formatted(source));
    }

    private void readPipeline(JsonNode report) {
        Rates.Work measured =
                new Rates.Work(report.path("candidates").asInt(), report.path("top").asInt());
        for (JsonNode run : report.path("runs")) {
            for (JsonNode stage : run.path("stages")) {
                rates.add(
                        stage.path("stage").asText(),
                        1 / stage.path("captions_per_second").asDouble(),
                        measured);
            }
        }
        rates.addStartUp(report.path("start_up_seconds").asDouble());
        rates.setPictureBytes(report.path("picture_bytes").asLong());
        rates.setBatch(report.path("batch").asInt());
    }

    /** Each model alone: the best of the batches that a worker can have. */
    private void readModels(JsonNode rows, String source) {
        double drawn = best(rows, "transformer draw", MOST_DRAWN);
        double decoded = best(rows, "dVAE decode", MOST_SCORED);
        double compared = best(rows, "CLIP pictures", MOST_SCORED);
        double embedded = best(rows, "CLIP captions", MOST_SCORED);
        if (drawn > 0) {
            rates.add(Rates.GENERATOR, planned.candidates() / drawn, planned);
        }
        if (decoded > 0 && compared > 0) {
            rates.add(Rates.SCORER, planned.candidates() * (1 / decoded + 1 / compared), planned);
        }
        if (decoded > 0) {
            rates.add(Rates.PUBLISHER, planned.top() / decoded, planned);
        }
        if (embedded > 0) {
            rates.add(Rates.ENCODER, 1 / embedded, planned);
        }
        if (drawn <= 0 && decoded <= 0 && embedded <= 0) {
            throw none(source);
        }
        rates.setModelsAlone();
    }

    /** Items a second; 0: not measured. */
    private static double best(JsonNode rows, String work, int mostBatch) {
        double best = 0;
        for (JsonNode row : rows) {
            if (row.path("work").asText().equals(work) && row.path("batch").asInt() <= mostBatch) {
                best = Math.max(best, row.path("per_second").asDouble());
            }
        }
        return best;
    }
}
