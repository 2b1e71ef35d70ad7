package dev.nocturne.standalone.demo;

import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.JobSubmitted;
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
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
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

    @Mixin CaptionOptions options;
    @Mixin ModelOptions model;
    @Mixin JsonOption json;
    @Spec CommandSpec command;

    /** Pictures are candidates: drawn, scored, ranked, and the winners written as files. */
    private record Report(
            int captions,
            int pictures,
            int batch,
            double paintPicturesPerSecond,
            double pipelinePicturesPerSecond,
            double ratio) {}

    @Override
    public Integer call() throws IOException {
        int pictures = captions * options.candidatesOrDefault();
        double paint = pictures / paintSeconds();
        double pipeline = pictures / pipelineSeconds();
        Report report =
                new Report(captions, pictures, model.batch, paint, pipeline, pipeline / paint);
        if (json.enabled) {
            json.print(command, report);
        } else {
            PrintWriter out = command.commandLine().getOut();
            out.printf("%d captions, %d pictures, batch %d%n", captions, pictures, model.batch);
            out.printf("paint     %8.2f pictures/s%n", paint);
            out.printf("pipeline  %8.2f pictures/s%n", pipeline);
            out.printf("ratio     %8.2f%n", report.ratio);
        }
        return 0;
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

    private double pipelineSeconds() throws IOException {
        Path data = Files.createTempDirectory("nocturne-bench");
        Pipeline.Settings settings = Pipeline.Settings.unheard(data, model.directory, model.batch);
        try (Pipeline pipeline = Pipeline.start(settings, new SimpleMeterRegistry())) {
            seconds(pipeline, "warm-up", 1);
            return seconds(pipeline, "bench", captions);
        } finally {
            try (Stream<Path> files = Files.walk(data)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }

    /** From before the captions are published until the last result is read. */
    private double seconds(Pipeline pipeline, String jobId, int count) {
        Instant now = Instant.now();
        long start = System.nanoTime();
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
        }
        return (System.nanoTime() - start) / 1e9;
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
