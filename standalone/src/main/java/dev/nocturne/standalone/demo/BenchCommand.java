package dev.nocturne.standalone.demo;

import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.JobSubmitted;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.StoredImage;
import dev.nocturne.standalone.kafka.JobEvents;
import dev.nocturne.standalone.kafka.JobFollower;
import dev.nocturne.standalone.kafka.ProgressText;
import dev.nocturne.standalone.model.ModelBenchCommand;
import dev.nocturne.standalone.option.CaptionOptions;
import dev.nocturne.standalone.option.JsonOption;
import dev.nocturne.standalone.option.ModelOptions;
import dev.nocturne.standalone.paint.Painter;
import dev.nocturne.standalone.pipeline.Pipeline;
import dev.nocturne.standalone.terminal.LiveText;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(
        name = "bench",
        subcommands = ModelBenchCommand.class,
        description =
                "Paints the same captions without and with the pipeline, and compares pictures per"
                        + " second. Models are loaded and warm before the clock starts.")
public final class BenchCommand implements Callable<Integer> {
    private static final Duration TICK = Duration.ofMillis(100);

    @Option(
            names = "--captions",
            paramLabel = "N",
            defaultValue = "200",
            description = "Captions to paint (default: ${DEFAULT-VALUE}).")
    int captions;

    @Option(
            names = "--runs",
            paramLabel = "N",
            defaultValue = "1",
            description = {
                "How often the pipeline paints them (default: ${DEFAULT-VALUE}); of several,",
                "nocturne plan knows how much they differ."
            })
    int runs;

    @Mixin CaptionOptions options;
    @Mixin ModelOptions model;
    @Mixin JsonOption json;
    @Spec CommandSpec command;

    /**
     * Pictures are candidates: drawn, scored, ranked, and the winners written as files.
     *
     * @param candidates of a caption
     * @param top pictures of a caption that are kept
     * @param startUpSeconds from the start of the pipeline until it has painted one caption
     * @param pictureBytes of a picture's file, on average
     */
    private record Report(
            int captions,
            int pictures,
            int candidates,
            int top,
            int batch,
            double paintPicturesPerSecond,
            double pipelinePicturesPerSecond,
            double ratio,
            double startUpSeconds,
            long pictureBytes,
            List<Run> runs) {}

    /** One after the other in the same pipeline. */
    private record Run(double picturesPerSecond, List<StageWork.Rate> stages) {}

    /** What the pipeline did. */
    private record Measured(double startUpSeconds, long pictureBytes, List<Run> runs) {}

    @Override
    public Integer call() throws IOException {
        requirePositive("--captions", captions);
        requirePositive("--runs", runs);
        int candidates = options.candidatesOrDefault();
        int pictures = captions * candidates;
        double paint = pictures / paintSeconds();
        Measured measured = pipeline(pictures);
        // of all runs together
        double pipeline =
                runs / measured.runs.stream().mapToDouble(run -> 1 / run.picturesPerSecond).sum();
        Report report =
                new Report(
                        captions,
                        pictures,
                        candidates,
                        options.topOrDefault(),
                        model.batch,
                        paint,
                        pipeline,
                        pipeline / paint,
                        measured.startUpSeconds,
                        measured.pictureBytes,
                        measured.runs);
        if (json.enabled) {
            json.print(command, report);
        } else {
            print(report, command.commandLine().getOut());
        }
        return 0;
    }

    private void requirePositive(String option, int value) {
        if (value < 1) {
            throw new ParameterException(
                    command.commandLine(), "%s is %d: must be 1 or more".formatted(option, value));
        }
    }

    private void print(Report report, PrintWriter out) {
        out.printf("%d captions, %d pictures, batch %d%n", captions, report.pictures, model.batch);
        out.printf("paint     %8.2f pictures/s%n", report.paintPicturesPerSecond);
        out.printf("pipeline  %8.2f pictures/s%n", report.pipelinePicturesPerSecond);
        out.printf("ratio     %8.2f%n", report.ratio);
        out.printf("%n%-10s %12s %6s%n", "stage", "captions/s", "busy");
        for (StageWork.Rate stage : report.runs.get(runs - 1).stages) {
            out.printf(
                    "%-10s %12.2f %5.0f%%%n",
                    stage.stage(), stage.captionsPerSecond(), 100 * stage.busyShare());
        }
    }

    private double paintSeconds() {
        try (Painter painter = new Painter(model.directory, model.batch)) {
            painter.paint(samples("warm-up", 1), drawn -> {}, painting -> {});
            long start = System.nanoTime();
            LiveText live = new LiveText(command.commandLine().getErr());
            int[] done = {0};
            painter.paint(
                    samples("bench", captions),
                    drawn -> {
                        done[0] += drawn;
                        live.show("paint: drawn %d".formatted(done[0]));
                    },
                    painting -> {});
            return (System.nanoTime() - start) / 1e9;
        }
    }

    private Measured pipeline(int pictures) throws IOException {
        Path data = Files.createTempDirectory("nocturne-bench");
        Pipeline.Settings settings = Pipeline.Settings.unheard(data, model.directory, model.batch);
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        long start = System.nanoTime();
        try (Pipeline pipeline = Pipeline.start(settings, meters)) {
            results(pipeline, "warm-up", 1);
            double startUp = (System.nanoTime() - start) / 1e9;
            List<Run> measured = new ArrayList<>();
            List<StoredImage> images = new ArrayList<>();
            for (int run = 1; run <= runs; run++) {
                StageWork before = StageWork.of(meters);
                long begun = System.nanoTime();
                for (RequestFinished result : results(pipeline, "bench-" + run, captions)) {
                    images.addAll(result.getImages());
                }
                double seconds = (System.nanoTime() - begun) / 1e9;
                measured.add(
                        new Run(
                                pictures / seconds,
                                StageWork.of(meters).since(before).rates(captions, seconds)));
            }
            double bytes = images.stream().mapToLong(StoredImage::getBytes).average().orElseThrow();
            return new Measured(startUp, Math.round(bytes), measured);
        } finally {
            try (Stream<Path> files = Files.walk(data)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }

    /** Publishes captions, and waits until the last result is read. */
    private List<RequestFinished> results(Pipeline pipeline, String jobId, int count) {
        Instant now = Instant.now();
        LiveText live = new LiveText(command.commandLine().getErr());
        JobEvents.publish(
                pipeline.kafka(), new JobSubmitted(jobId, count, now, null), samples(jobId, count));
        try (JobFollower follower =
                new JobFollower(
                        pipeline.kafka(),
                        jobId,
                        now,
                        count,
                        count * options.candidatesOrDefault())) {
            while (!follower.allFinished()) {
                if (pipeline.failure().isDone()) {
                    throw pipeline.failure().join();
                }
                follower.poll(TICK);
                live.show(ProgressText.of(follower.stages(), System.nanoTime()));
            }
            return follower.results();
        }
    }

    private List<CaptionSubmitted> samples(String jobId, int count) {
        return IntStream.range(0, count)
                .mapToObj(
                        i ->
                                options.event(
                                        jobId,
                                        "caption-" + i,
                                        SampleCaptions.ALL.get(i % SampleCaptions.ALL.size())))
                .toList();
    }
}
