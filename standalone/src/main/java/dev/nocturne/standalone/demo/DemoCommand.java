package dev.nocturne.standalone.demo;

import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.DrawingOptions;
import dev.nocturne.events.JobSubmitted;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestStatus;
import dev.nocturne.events.StoredImage;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.job.Job;
import dev.nocturne.runtime.ObjectStore;
import dev.nocturne.runtime.ResultFile;
import dev.nocturne.schemas.IdSource;
import dev.nocturne.standalone.kafka.JobEvents;
import dev.nocturne.standalone.kafka.JobFollower;
import dev.nocturne.standalone.kafka.ProgressText;
import dev.nocturne.standalone.option.DataOption;
import dev.nocturne.standalone.option.ModelOptions;
import dev.nocturne.standalone.pipeline.Pipeline;
import dev.nocturne.standalone.pipeline.PipelineHost;
import dev.nocturne.standalone.terminal.LiveText;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

@Command(
        name = "demo",
        description =
                "Runs the whole pipeline in this process on a dozen sample captions,"
                        + " and shows where the pictures are.")
public final class DemoCommand implements Callable<Integer> {
    private static final int CANDIDATES = 16;
    private static final int TOP = 4;
    private static final String JOB_PREFIX = "demo-";
    private static final Duration TICK = Duration.ofMillis(250);

    @Mixin DataOption data;
    @Mixin ModelOptions model;
    @Spec CommandSpec command;

    @Override
    public Integer call() throws Exception {
        out().println("Starting the pipeline ...");
        return PipelineHost.run(
                Pipeline.Settings.unheard(data.folder, model.directory, model.batch),
                0,
                this::paintSamples);
    }

    private int paintSamples(Pipeline pipeline, String url)
            throws IOException, InterruptedException {
        out().printf("Kafka %s, REST %s%n", pipeline.kafka().bootstrapServers(), url);
        JobSubmitted job = unfinished(pipeline).orElseGet(() -> submit(pipeline));
        List<RequestFinished> results = follow(pipeline, job);
        printPictures(pipeline, results);
        return results.stream().allMatch(r -> r.getStatus() == RequestStatus.COMPLETED) ? 0 : 1;
    }

    /** The demo of an earlier run on the same data, if it was cut off. */
    private Optional<JobSubmitted> unfinished(Pipeline pipeline) throws InterruptedException {
        Optional<JobSubmitted> job =
                jobs(pipeline).stream()
                        .filter(known -> known.id().startsWith(JOB_PREFIX))
                        .filter(known -> known.status() != Job.Status.COMPLETED)
                        .findFirst()
                        .map(
                                known ->
                                        new JobSubmitted(
                                                known.id(),
                                                known.counts().total(),
                                                known.submittedAt(),
                                                known.caption()));
        job.ifPresent(known -> out().printf("Going on with job %s%n", known.getJobId()));
        return job;
    }

    private JobSubmitted submit(Pipeline pipeline) {
        String jobId = JOB_PREFIX + IdSource.system().newUlid();
        Instant now = Instant.now();
        DrawingOptions options =
                DrawingOptions.newBuilder().setCandidates(CANDIDATES).setTop(TOP).build();
        List<CaptionSubmitted> captions =
                IntStream.range(0, SampleCaptions.ALL.size())
                        .mapToObj(
                                i ->
                                        CaptionSubmitted.newBuilder()
                                                .setJobId(jobId)
                                                .setCustomId("caption-%02d".formatted(i + 1))
                                                .setCaption(SampleCaptions.ALL.get(i))
                                                .setSubmittedAt(now)
                                                .setOptions(options)
                                                .build())
                        .toList();
        JobSubmitted job = new JobSubmitted(jobId, captions.size(), now, SampleCaptions.ALL.get(0));
        JobEvents.publish(pipeline.kafka(), job, captions);
        out().printf("Published job %s: %d captions%n", jobId, captions.size());
        return job;
    }

    /** Until every caption has its result and the manifest is in the bucket. */
    private List<RequestFinished> follow(Pipeline pipeline, JobSubmitted job)
            throws InterruptedException {
        LiveText live = new LiveText(out());
        int captions = job.getTotal();
        try (JobFollower follower =
                new JobFollower(
                        pipeline.kafka(),
                        job.getJobId(),
                        job.getSubmittedAt(),
                        captions,
                        captions * CANDIDATES)) {
            while (!follower.allFinished() || !isComplete(pipeline, job.getJobId())) {
                if (pipeline.failure().isDone()) {
                    throw pipeline.failure().join();
                }
                follower.poll(TICK);
                live.show(ProgressText.of(follower.stages(), System.nanoTime()));
            }
            live.last(ProgressText.of(follower.stages(), System.nanoTime()));
            return follower.results().stream()
                    .sorted(Comparator.comparing(result -> result.getRequest().getCustomId()))
                    .toList();
        }
    }

    private static boolean isComplete(Pipeline pipeline, String jobId) throws InterruptedException {
        return jobs(pipeline).stream()
                .anyMatch(job -> job.id().equals(jobId) && job.status() == Job.Status.COMPLETED);
    }

    /** Waits until ingest has read the log. */
    private static List<Job> jobs(Pipeline pipeline) throws InterruptedException {
        while (true) {
            try {
                return pipeline.ingest().api().jobs().jobs();
            } catch (IngestException e) {
                if (pipeline.failure().isDone()) {
                    throw pipeline.failure().join();
                }
                Thread.sleep(TICK.toMillis());
            }
        }
    }

    private void printPictures(Pipeline pipeline, List<RequestFinished> results)
            throws IOException {
        ObjectStore store = ObjectStore.open(pipeline.objectStore());
        Path bucket = pipeline.data().objects().resolve(pipeline.objectStore().bucket());
        for (RequestFinished result : results) {
            out().printf("%n%s%n", result.getRequest().getCaption());
            if (result.getStatus() == RequestStatus.FAILED) {
                out().printf("  failed: %s%n", result.getFailure().getMessage());
                continue;
            }
            List<StoredImage> images = result.getImages();
            out().printf("  %s%n", bucket.resolve(images.get(0).getKey()).getParent());
            for (StoredImage image : images) {
                out().printf(
                                "  %s  %s  seed %d%n",
                                Path.of(image.getKey()).getFileName(),
                                ResultFile.Image.of(image).worth(),
                                image.getSeed());
            }
            List<byte[]> pngs = images.stream().map(image -> store.get(image.getKey())).toList();
            out().printf("  contact sheet %s%n", writeSheet(pipeline, result, pngs));
        }
        String jobId = results.get(0).getRequest().getJobId();
        out().printf(
                        "%n%d captions, %d pictures, manifest %s%n",
                        results.size(),
                        results.stream().mapToInt(result -> result.getImages().size()).sum(),
                        bucket.resolve("jobs").resolve(jobId).resolve("manifest.json"));
    }

    private static Path writeSheet(Pipeline pipeline, RequestFinished result, List<byte[]> pngs)
            throws IOException {
        String caption = result.getRequest().getCaption();
        Path sheet =
                pipeline.data()
                        .contactSheets()
                        .resolve(result.getRequest().getJobId())
                        .resolve(caption.replaceAll("[^A-Za-z0-9]+", "-") + ".png");
        Files.createDirectories(sheet.getParent());
        return Files.write(sheet, ContactSheet.of(pngs));
    }

    private PrintWriter out() {
        return command.commandLine().getOut();
    }
}
