package dev.nocturne.standalone.plan;

import dev.nocturne.standalone.plan.PlanReport.Bytes;
import dev.nocturne.standalone.plan.PlanReport.BytesLine;
import dev.nocturne.standalone.plan.PlanReport.Finish;
import dev.nocturne.standalone.plan.PlanReport.StageLine;
import dev.nocturne.standalone.simulation.Forecast;
import dev.nocturne.standalone.simulation.Scenario;
import dev.nocturne.standalone.simulation.Stage;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * The parts of a report.
 *
 * @param deadline null: there is none
 */
record PlanWriter(Rates rates, JobHours hours, Instant deadline) {
    private static final String RERANK = "rerank";
    private static final double BYTES_OF_A_GIGABYTE = 1e9;
    private static final double DAYS_OF_A_MONTH = 30;

    private record Place(String stage, String service) {}

    /** In the order in which a caption passes through them. */
    private static final List<Place> PLACES =
            List.of(
                    new Place(Rates.ENCODER, LossOption.ENCODER),
                    new Place(Rates.GENERATOR, LossOption.GENERATOR),
                    new Place(Rates.SCORER, LossOption.DECODER),
                    new Place(RERANK, RERANK),
                    new Place(Rates.PUBLISHER, LossOption.DECODER));

    /** Of a service; one of what was not measured. */
    static int workers(Scenario scenario, String service) {
        return PLACES.stream()
                .filter(place -> place.service.equals(service))
                .flatMap(
                        place ->
                                scenario.stages().stream()
                                        .filter(stage -> stage.name().equals(place.stage)))
                .mapToInt(Stage::workers)
                .findFirst()
                .orElse(1);
    }

    List<StageLine> stages(Scenario scenario, Forecast forecast) {
        List<StageLine> lines = new ArrayList<>();
        for (Place place : PLACES) {
            int workers = workers(scenario, place.service);
            String service =
                    place.service.equals(RERANK) ? "rerank-service" : place.service + "-worker";
            if (!rates.has(place.stage)) {
                lines.add(
                        new StageLine(place.stage, service, workers, null, null, null, null, null));
                continue;
            }
            Rates.Rate rate = rates.of(place.stage);
            double busy =
                    forecast.stages().stream()
                            .filter(stage -> stage.name().equals(place.stage))
                            .mapToDouble(Forecast.StageUse::busyShare)
                            .findFirst()
                            .orElseThrow();
            lines.add(
                    new StageLine(
                            place.stage,
                            service,
                            workers,
                            1 / rate.secondsPerCaption(),
                            rate.spread(),
                            Math.max(1, rate.runs()),
                            rate.runs() == 0,
                            busy));
        }
        return lines;
    }

    Finish finish(Forecast forecast) {
        return new Finish(
                instant(forecast.earliestSeconds()),
                instant(forecast.medianSeconds()),
                instant(forecast.latestSeconds()),
                deadline == null ? null : forecast.finishedBy(hours.seconds(deadline)),
                forecast.finishes().size());
    }

    private Instant instant(double seconds) {
        return Double.isFinite(seconds) ? hours.instant(seconds) : null;
    }

    static Bytes kafka(List<RecordSizes.Size> sizes, long captions, Duration logRetention) {
        long kept =
                sizes.stream()
                        .filter(size -> size.kept().equals(RecordSizes.LOG_RETENTION))
                        .mapToLong(RecordSizes.Size::perCaption)
                        .sum();
        return bytes(sizes, captions, kept * captions, logRetention);
    }

    static Bytes bucket(List<RecordSizes.Size> sizes, long captions, Duration jobRetention) {
        long all = sizes.stream().mapToLong(RecordSizes.Size::perCaption).sum();
        return bytes(sizes, captions, all * captions, jobRetention);
    }

    private static Bytes bytes(
            List<RecordSizes.Size> sizes, long captions, long kept, Duration retention) {
        List<BytesLine> lines =
                sizes.stream()
                        .map(
                                size ->
                                        new BytesLine(
                                                size.name(),
                                                size.perCaption() * captions,
                                                size.kept()))
                        .toList();
        return new Bytes(
                lines.stream().mapToLong(BytesLine::bytes).sum(),
                kept,
                retention == null
                        ? null
                        : kept / BYTES_OF_A_GIGABYTE * days(retention) / DAYS_OF_A_MONTH,
                lines);
    }

    static double days(Duration duration) {
        return duration.toMinutes() / (24.0 * 60);
    }
}
