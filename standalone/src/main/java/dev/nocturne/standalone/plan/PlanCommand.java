package dev.nocturne.standalone.plan;

import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.IngestLimits;
import dev.nocturne.ingest.job.Schedule;
import dev.nocturne.runtime.FatalException;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.schemas.Counts;
import dev.nocturne.schemas.Limits;
import dev.nocturne.schemas.Topics;
import dev.nocturne.standalone.option.JsonOption;
import dev.nocturne.standalone.simulation.Forecast;
import dev.nocturne.standalone.simulation.Loss;
import dev.nocturne.standalone.simulation.Scenario;
import dev.nocturne.standalone.simulation.Simulation;
import dev.nocturne.standalone.simulation.Sizing;
import dev.nocturne.standalone.terminal.CommandFailure;
import java.io.IOException;
import java.time.Instant;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(
        name = "plan",
        description = {
            "Says what a job needs before it is submitted: workers, partitions, bytes, and when it",
            "will be finished, simulated with rates that were measured. Without --workers, so many",
            "workers that nine of ten runs keep the deadline, or else the end of the window."
        })
public final class PlanCommand implements Callable<Integer> {
    /** As generator-worker has it, where rates do not say it. */
    private static final int DEFAULT_BATCH = 32;

    /** Of simulated portions times stages: some seconds. */
    private static final long EVENTS = 2_000_000;

    private static final long PORTIONS = 6_000;
    private static final long PORTIONS_OF_A_PARTITION = 25;
    private static final int MOST_RUNS = 200;
    private static final int LEAST_RUNS = 20;
    private static final double SECONDS_OF_AN_HOUR = 3600;

    @Option(
            names = "--captions",
            paramLabel = "N",
            required = true,
            description = "Captions of the job.")
    long captions;

    @Option(
            names = "--candidates",
            paramLabel = "N",
            description = "Pictures drawn and ranked per caption (default: 16, or --top if more).")
    Integer candidates;

    @Option(
            names = "--top",
            paramLabel = "K",
            description = "Best pictures kept (default: 4, or --candidates if fewer).")
    Integer top;

    @Option(
            names = "--model",
            paramLabel = "DIR",
            defaultValue = "${sys:nocturne.home:-.}/model-zoo/default",
            description = {
                "Directory of the model, of which only model.json is read,",
                "or \"paper\": the published models (default: model-zoo/default)."
            })
    String model;

    @Option(
            names = "--rates",
            paramLabel = "FILE|URL",
            required = true,
            description = {
                "What 'nocturne bench --json' or 'nocturne bench models --json' wrote, or the",
                "address of a running worker, or of 'nocturne up', whose captions have as many",
                "candidates; may be given several times."
            })
    List<String> sources;

    @Option(
            names = "--workers",
            paramLabel = "N",
            description = "generator-workers; of the others so many that they are not the slowest.")
    Integer workers;

    @Option(
            names = "--partitions",
            paramLabel = "N",
            description = {
                "Of every topic; several for a worker, and the work of one that dies is shared by",
                "many (default: one for each worker, at least the 6 that there are)."
            })
    Integer partitions;

    @Option(
            names = "--start-after",
            paramLabel = "TIME",
            description = "Paint nothing before; like 2026-11-26T22:00:00+01:00 (default: now).")
    String startAfter;

    @Option(
            names = "--window",
            paramLabel = "HOURS",
            description = "Run in these hours of the day only; like '22:00-06:00 Europe/Berlin'.")
    String window;

    @Option(names = "--deadline", paramLabel = "TIME", description = "When it should be finished.")
    String deadline;

    @Option(
            names = "--lose",
            paramLabel = "N@HH:MM",
            converter = LossOption.Converter.class,
            description = {
                "So many generator-workers die then and stay away; decoder=1@03:30 for another",
                "service. May be given several times."
            })
    List<LossOption> losses = List.of();

    @Option(
            names = "--interactive",
            paramLabel = "N",
            defaultValue = "0",
            description =
                    "Captions of the interactive lane an hour meanwhile, of as many candidates.")
    double interactive;

    @Option(
            names = "--webdataset",
            description = "Pack the pictures into WebDataset archives, too.")
    boolean webdataset;

    @Option(
            names = "--job-retention",
            paramLabel = "TIME",
            description = "How long the job is kept, as NOCTURNE_JOB_RETENTION; like 30d.")
    String jobRetention;

    @Option(
            names = "--seed",
            paramLabel = "SEED",
            defaultValue = "1",
            description = "The same seed gives the same plan (default: ${DEFAULT-VALUE}).")
    long seed;

    @Mixin JsonOption json;
    @Spec CommandSpec command;

    @Override
    public Integer call() throws IOException, InterruptedException {
        PlanReport report = report();
        if (json.enabled) {
            json.print(command, report);
        } else {
            new PlanText(report, zone(schedule())).print(command.commandLine().getOut());
        }
        return 0;
    }

    private PlanReport report() throws IOException, InterruptedException {
        Counts counts = counts();
        IngestLimits limits = limits();
        ModelShape shape = ModelShape.of(model);
        Rates rates = rates(counts);
        Schedule schedule = schedule();
        Instant now = Instant.now().truncatedTo(ChronoUnit.MILLIS);
        JobHours hours = new JobHours(schedule, schedule.opening(now));
        Instant deadline = deadline(schedule, hours);
        int batch = rates.batch() > 0 ? rates.batch() : DEFAULT_BATCH;
        Workers pipeline =
                new Workers(
                        rates,
                        captions,
                        counts.candidates(),
                        batch,
                        interactive / SECONDS_OF_AN_HOUR,
                        hours,
                        KafkaSettings.SESSION_TIMEOUT_MILLIS / 1000.0,
                        partitions);
        int least = least(pipeline, deadline);
        int runs = runs(pipeline.with(least)); // the same luck for all that follows
        Scenario scenario = pipeline.with(generators(pipeline, least, deadline, runs));
        requireWorkersToLose(scenario);
        Forecast forecast = Simulation.forecast(scenario, runs, seed);
        PlanWriter writer = new PlanWriter(rates, hours, deadline);
        long pictureBytes = rates.pictureBytes() > 0 ? rates.pictureBytes() : shape.pixelBytes();
        RecordSizes sizes =
                new RecordSizes(
                        new SampleRequest(
                                shape,
                                SampleRequest.CAPTION,
                                counts.candidates(),
                                counts.top(),
                                batch,
                                pictureBytes));
        return new PlanReport(
                captions,
                counts.candidates(),
                counts.top(),
                shape.id(),
                sources,
                rates.modelsAlone(),
                rates.startUpSeconds(),
                seed,
                hours.start(),
                schedule.window() == null ? null : schedule.window().toString(),
                deadline,
                scenario.partitions(),
                writer.stages(scenario, forecast),
                writer.finish(forecast),
                losses.isEmpty() ? null : loss(writer, scenario, runs, hours, zone(schedule)),
                PlanWriter.kafka(sizes.kafka(), captions, limits.logRetention()),
                PlanWriter.bucket(sizes.bucket(webdataset), captions, limits.jobRetention()),
                limits.jobRetention() == null ? null : PlanWriter.days(limits.jobRetention()),
                PlanWriter.days(limits.logRetention()));
    }

    private Counts counts() {
        if (captions < 1) {
            throw wrong("--captions is %d: must be 1 or more".formatted(captions));
        }
        if (workers != null && workers < 1) {
            throw wrong("--workers is %d: must be 1 or more".formatted(workers));
        }
        if (partitions != null && partitions < Topics.CAPTIONS.partitions()) {
            throw wrong(
                    "--partitions is %d: the topics have %d, which only grow"
                            .formatted(partitions, Topics.CAPTIONS.partitions()));
        }
        if (!(interactive >= 0)) {
            throw wrong("--interactive is %s: must be 0 or more".formatted(interactive));
        }
        Counts counts = Counts.of(candidates, top, Counts.DEFAULT_TOP);
        if (counts.candidates() < 1 || counts.candidates() > Limits.MAX_CANDIDATES) {
            throw wrong(
                    "--candidates is %d: must be 1 to %d"
                            .formatted(counts.candidates(), Limits.MAX_CANDIDATES));
        }
        int mostKept = Math.min(Limits.MAX_TOP, counts.candidates());
        if (counts.top() < 1 || counts.top() > mostKept) {
            throw wrong("--top is %d: must be 1 to %d".formatted(counts.top(), mostKept));
        }
        return counts;
    }

    private IngestLimits limits() {
        try {
            return IngestLimits.parse(null, null, null, jobRetention, null, List.of());
        } catch (FatalException e) {
            throw wrong(e.getMessage().replaceFirst("^NOCTURNE_JOB_RETENTION", "--job-retention"));
        }
    }

    private Rates rates(Counts counts) throws IOException, InterruptedException {
        Rates.Work planned = new Rates.Work(counts.candidates(), counts.top());
        Rates rates = new Rates(planned);
        RatesReader reader = new RatesReader(rates, planned);
        for (String source : sources) {
            reader.read(source);
        }
        if (!rates.has(Rates.GENERATOR)) {
            throw new CommandFailure(
                    "--rates say nothing of the generator: add a generator-worker, or a file of 'nocturne bench --json'");
        }
        return rates;
    }

    private Schedule schedule() {
        try {
            return Schedule.parse(startAfter, window, deadline);
        } catch (IngestException e) {
            throw wrong(e.getMessage());
        }
    }

    /** That of the window where there is no other; null: none. */
    private Instant deadline(Schedule schedule, JobHours hours) {
        try {
            schedule.check(hours.start(), Instant.MAX);
        } catch (IngestException e) {
            throw wrong(e.getMessage());
        }
        if (schedule.deadline() != null) {
            return schedule.deadline();
        }
        Instant closing = schedule.closing(hours.start());
        return closing.equals(Instant.MAX) ? null : closing;
    }

    private static ZoneId zone(Schedule schedule) {
        return schedule.window() == null ? ZoneId.systemDefault() : schedule.window().zone();
    }

    /** generator-workers that are there at least: all of them, if it was said how many. */
    private int least(Workers pipeline, Instant deadline) {
        if (workers != null || deadline == null) {
            return workers == null ? 1 : workers;
        }
        JobHours hours = pipeline.hours();
        double seconds = hours.seconds(deadline);
        double startUp = pipeline.rates().startUpSeconds();
        if (hours.openSeconds(0, seconds) <= startUp) {
            throw new CommandFailure(
                    "no number of workers keeps %s: they take %.0f s to start; choose a later deadline"
                            .formatted(deadline, startUp));
        }
        return pipeline.least(seconds);
    }

    private int generators(Workers pipeline, int least, Instant deadline, int runs) {
        if (workers != null || deadline == null) {
            return least;
        }
        double seconds = pipeline.hours().seconds(deadline);
        return Sizing.workers(pipeline::with, least, seconds, runs, seed)
                .orElseThrow(
                        () ->
                                new CommandFailure(
                                        "no number of workers keeps %s in nine of ten runs: choose a later deadline"
                                                .formatted(deadline)));
    }

    private static int runs(Scenario scenario) {
        long portions = Math.max(PORTIONS, PORTIONS_OF_A_PARTITION * scenario.partitions());
        long runs = EVENTS / (portions * scenario.stages().size());
        return (int) Math.max(LEAST_RUNS, Math.min(MOST_RUNS, runs));
    }

    private PlanReport.LossLine loss(
            PlanWriter writer, Scenario scenario, int runs, JobHours hours, ZoneId zone) {
        List<Loss> lost =
                losses.stream().flatMap(loss -> loss.losses(hours, zone).stream()).toList();
        return new PlanReport.LossLine(
                losses.stream().map(LossOption::toString).toList(),
                writer.finish(Simulation.forecast(scenario.with(lost), runs, seed)));
    }

    private void requireWorkersToLose(Scenario scenario) {
        for (LossOption loss : losses) {
            int there = PlanWriter.workers(scenario, loss.service());
            if (loss.workers() > there) {
                throw wrong(
                        "--lose is %s, but the plan has %d %s-worker%s"
                                .formatted(loss, there, loss.service(), there == 1 ? "" : "s"));
            }
        }
    }

    private ParameterException wrong(String message) {
        return new ParameterException(command.commandLine(), message);
    }
}
