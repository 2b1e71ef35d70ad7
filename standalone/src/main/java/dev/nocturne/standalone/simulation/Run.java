package dev.nocturne.standalone.simulation;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.random.RandomGenerator;

/** One run of a scenario: its luck is drawn first, then events happen in the order of time. */
final class Run {
    /** Of about so many portions a job is made, if it has captions for them. */
    private static final int PORTIONS = 4_000;

    /** Of a partition, however many there are. */
    private static final int LEAST_PORTIONS = 8;

    /** No portion is larger than this part of what is before it, or behind. */
    private static final double SLOPE = 4;

    /** A quarter of the turns stays with the jobs, however much the interactive lane has. */
    private static final double MOST_INTERACTIVE = 0.75;

    private record Event(double at, long number, Runnable what) {}

    private final Scenario scenario;
    private final int stages;
    private final int bottleneck;
    private final double[] secondsPerCaption; // of this run, by stage
    private final double[] busySeconds; // by stage
    private final List<List<Worker>> workers = new ArrayList<>(); // by stage
    private final Worker[][] owners; // by stage and partition
    private final PriorityQueue<Event> events =
            new PriorityQueue<>(Comparator.comparingDouble(Event::at).thenComparing(Event::number));
    private long number; // of the last event or arrival
    private double now;
    private int portionsLeft;

    private Run(Scenario scenario, RandomGenerator random) {
        this.scenario = scenario;
        stages = scenario.stages().size();
        bottleneck = scenario.bottleneck();
        secondsPerCaption = new double[stages];
        busySeconds = new double[stages];
        owners = new Worker[stages][scenario.partitions()];
        for (int i = 0; i < stages; i++) {
            Stage stage = scenario.stages().get(i);
            double seconds = stage.secondsPerCaption() * Luck.factor(stage, random);
            double interactive = scenario.interactivePerSecond() * seconds / stage.workers();
            secondsPerCaption[i] = seconds / (1 - Math.min(MOST_INTERACTIVE, interactive));
            start(i, stage);
        }
        long[] captions = Luck.captions(scenario.captions(), scenario.partitions(), random);
        for (Portion portion : portions(captions)) {
            portionsLeft++;
            arrive(0, portion);
        }
        scenario.losses().forEach(loss -> schedule(loss.atSeconds(), () -> lose(loss)));
    }

    /** What came of a run; infinite if it never ends. */
    record Outcome(double finishSeconds, double[] busySeconds) {}

    static Outcome of(Scenario scenario, RandomGenerator random) {
        return new Run(scenario, random).play();
    }

    private Outcome play() {
        while (portionsLeft > 0 && !events.isEmpty()) {
            Event event = events.poll();
            now = event.at;
            event.what.run();
        }
        return new Outcome(portionsLeft > 0 ? Double.POSITIVE_INFINITY : now, busySeconds);
    }

    private void schedule(double at, Runnable what) {
        events.add(new Event(at, number++, what));
    }

    private void start(int index, Stage stage) {
        List<Worker> started = new ArrayList<>();
        for (int i = 0; i < stage.workers(); i++) {
            Worker worker = new Worker(index);
            started.add(worker);
            schedule(
                    stage.startUpSeconds(),
                    () -> {
                        worker.isUp = true;
                        begin(worker);
                    });
        }
        workers.add(started);
        for (int partition = 0; partition < scenario.partitions(); partition++) {
            own(index, partition, started.get(partition % started.size()));
        }
    }

    private void own(int stage, int partition, Worker owner) {
        owners[stage][partition] = owner;
        owner.partitions++;
    }

    /** Those of all partitions in turn, as captions come. */
    private List<Portion> portions(long[] captions) {
        List<List<Portion>> byPartition = new ArrayList<>();
        for (int partition = 0; partition < captions.length; partition++) {
            byPartition.add(portions(partition, captions[partition]));
        }
        int most = byPartition.stream().mapToInt(List::size).max().orElse(0);
        List<Portion> portions = new ArrayList<>();
        for (int turn = 0; turn < most; turn++) {
            for (List<Portion> some : byPartition) {
                if (turn < some.size()) {
                    portions.add(some.get(turn));
                }
            }
        }
        return portions;
    }

    /** Small ones at both ends, so that no stage waits long for its first or its last. */
    private List<Portion> portions(int partition, long captions) {
        double most =
                captions / (double) Math.max(LEAST_PORTIONS, PORTIONS / scenario.partitions());
        List<Portion> portions = new ArrayList<>();
        for (double left = captions; left > 0; ) {
            double share = Math.min(most, Math.min(left, captions - left) / SLOPE);
            double size = Math.max(scenario.leastPortion(), share);
            size = left - size < scenario.leastPortion() ? left : size;
            portions.add(new Portion(partition, size));
            left -= size;
        }
        return portions;
    }

    private void arrive(int stage, Portion portion) {
        portion.arrive(number++);
        Worker owner = owners[stage][portion.partition];
        owner.waiting.add(portion);
        begin(owner);
    }

    private void begin(Worker worker) {
        if (!worker.isUp || worker.isLost || worker.current != null || worker.waiting.isEmpty()) {
            return;
        }
        Portion portion = worker.waiting.poll();
        if (portion.secondsLeft < 0) {
            portion.secondsLeft = portion.captions * secondsPerCaption[worker.stage];
        }
        worker.current = portion;
        worker.begunAt = now;
        double end =
                rests(worker.stage)
                        ? scenario.hours().end(now, portion.secondsLeft)
                        : now + portion.secondsLeft;
        schedule(
                end,
                () -> {
                    if (worker.current == portion) { // else it died
                        finish(worker);
                    }
                });
    }

    /** Whether the stage works in the hours of the job alone: what is drawn then is finished. */
    private boolean rests(int stage) {
        return stage <= bottleneck;
    }

    private void finish(Worker worker) {
        Portion portion = worker.current;
        worker.current = null;
        busySeconds[worker.stage] += portion.secondsLeft;
        if (worker.stage + 1 < stages) {
            arrive(worker.stage + 1, portion);
        } else {
            portionsLeft--;
        }
        begin(worker);
    }

    private void lose(Loss loss) {
        for (int i = 0; i < stages; i++) {
            if (scenario.stages().get(i).name().equals(loss.stage())) {
                workers.get(i).stream()
                        .filter(worker -> !worker.isLost)
                        .limit(loss.workers())
                        .forEach(this::lose);
            }
        }
    }

    /** What it had finished of its portion is committed; the rest waits for another. */
    private void lose(Worker worker) {
        worker.isLost = true;
        Portion portion = worker.current;
        if (portion != null) {
            worker.current = null;
            double done =
                    rests(worker.stage)
                            ? scenario.hours().openSeconds(worker.begunAt, now)
                            : now - worker.begunAt;
            busySeconds[worker.stage] += done;
            portion.secondsLeft = Math.max(0, portion.secondsLeft - done);
            worker.waiting.add(portion);
        }
        schedule(now + scenario.takeoverSeconds(), () -> takeOver(worker));
    }

    /** Its partitions go one by one to who has the fewest; the others keep theirs. */
    private void takeOver(Worker lost) {
        PriorityQueue<Worker> heirs =
                new PriorityQueue<>(Comparator.comparingInt((Worker worker) -> worker.partitions));
        workers.get(lost.stage).stream().filter(worker -> !worker.isLost).forEach(heirs::add);
        if (heirs.isEmpty()) {
            return;
        }
        Worker[] stageOwners = owners[lost.stage];
        for (int partition = 0; partition < stageOwners.length; partition++) {
            if (stageOwners[partition] == lost) {
                Worker heir = heirs.poll();
                own(lost.stage, partition, heir);
                heirs.add(heir);
            }
        }
        for (Portion portion : lost.waiting) {
            stageOwners[portion.partition].waiting.add(portion);
        }
        lost.waiting.clear();
        workers.get(lost.stage).stream().filter(worker -> !worker.isLost).forEach(this::begin);
    }
}
