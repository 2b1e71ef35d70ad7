package dev.nocturne.ingest.scale;

import dev.nocturne.ingest.job.FinishEstimate;
import dev.nocturne.ingest.job.FinishEstimate.Work;
import dev.nocturne.ingest.job.Schedule;
import dev.nocturne.ingest.job.WorkLeft;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** How many workers a service should have, as pure functions of what is left to do. */
final class ScaleRules {

    /** In which work is to be done that has no deadline, or as much of it as there are workers. */
    static final Duration SOON = Duration.ofMinutes(10);

    /** A worker is worth its start, which takes about as long. */
    static final Duration WORTHWHILE = Duration.ofMinutes(1);

    /** A quarter more than is needed, as plans have it: partitions are uneven, and workers die. */
    static final double RESERVE = 1.25;

    private ScaleRules() {}

    /**
     * What there is for a service to do, and until when.
     *
     * @param work whose schedules say when it may be done
     */
    record Due(Work work, Instant until) {}

    /**
     * Rule 1: what a job has in flight is work while something waits for the service, or for a
     * stage before it; what it holds back is work while the job may run. A deadline holds with the
     * job's window; what has none is to be done soon, at any hour.
     *
     * @param hasLag whether something waits for the service, or for a stage before it
     */
    static List<Due> due(List<WorkLeft> jobs, boolean hasLag, Instant now) {
        List<Due> all = new ArrayList<>();
        for (WorkLeft job : jobs) {
            boolean isHeld = job.held() > 0 && job.schedule().mayRun(now);
            long candidates = (hasLag ? job.inFlight() : 0) + (isHeld ? job.held() : 0);
            Instant deadline = job.schedule().deadline();
            if (candidates > 0) {
                all.add(
                        new Due(
                                new Work(
                                        job.job(),
                                        candidates,
                                        isHeld && deadline != null
                                                ? job.schedule()
                                                : Schedule.AT_ONCE),
                                deadline == null ? now.plus(SOON) : deadline));
            }
        }
        return all;
    }

    /**
     * Rule 2: none where there is nothing to do. Rule 3: one where it is not known how fast a
     * worker is, or of what candidates the lag is. Rule 4: otherwise the fewest that keep every
     * deadline, if all jobs share them equally, with a reserve. Rule 5: no more than have a minute
     * of work each, and no more than there are partitions.
     *
     * @param perSecond candidates of one worker; NaN if it is not known
     * @param partitions 1 at least
     */
    static int workers(
            List<Due> due, boolean hasLag, double perSecond, int partitions, Instant now) {
        if (due.isEmpty()) {
            return hasLag ? 1 : 0;
        }
        if (Double.isNaN(perSecond)) {
            return 1;
        }
        double candidates = due.stream().mapToDouble(one -> one.work().candidates()).sum();
        double worthwhile = Math.ceil(candidates / (perSecond * WORTHWHILE.toSeconds()));
        int most = (int) Math.max(1, Math.min(worthwhile, partitions));
        int fewest = 1;
        while (fewest < most) {
            int middle = (fewest + most) / 2;
            if (areInTime(due, middle * perSecond / RESERVE, now)) {
                most = middle;
            } else {
                fewest = middle + 1;
            }
        }
        return fewest;
    }

    private static boolean areInTime(List<Due> due, double perSecond, Instant now) {
        Map<String, Instant> finishes =
                FinishEstimate.finishes(due.stream().map(Due::work).toList(), perSecond, now);
        return due.stream()
                .allMatch(
                        one -> {
                            Instant finish = finishes.get(one.work().job());
                            return finish != null && !finish.isAfter(one.until());
                        });
    }
}
