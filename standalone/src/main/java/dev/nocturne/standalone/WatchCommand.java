package dev.nocturne.standalone;

import dev.nocturne.ingest.Job;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "watch",
        description = "Follows a job until it is complete; fails if a caption of it failed.")
final class WatchCommand implements Callable<Integer> {
    private static final long INTERVAL_MILLIS = 1_000;

    @Parameters(paramLabel = "JOB", description = "Id of the job.")
    String jobId;

    @Mixin RestClient rest;
    @Mixin JsonOption json;
    @Spec CommandSpec command;

    @Override
    public Integer call() throws IOException, InterruptedException {
        LiveText live = new LiveText(command.commandLine().getOut());
        Job job = rest.get("/v1/jobs/" + jobId, Job.class);
        while (!job.status().isTerminal()) {
            if (!json.enabled) {
                live.show(JobLine.of(job));
            }
            Thread.sleep(INTERVAL_MILLIS);
            job = rest.get("/v1/jobs/" + jobId, Job.class);
        }
        if (json.enabled) {
            json.print(command, job);
        } else {
            live.last(JobLine.of(job));
        }
        boolean allCompleted =
                job.status() == Job.Status.COMPLETED
                        && job.counts().completed() == job.counts().total();
        return allCompleted ? 0 : 1;
    }
}
