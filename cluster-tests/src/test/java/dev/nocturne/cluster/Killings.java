package dev.nocturne.cluster;

import static dev.nocturne.cluster.Night.DECODER;
import static dev.nocturne.cluster.Night.ENCODER;
import static dev.nocturne.cluster.Night.GENERATOR;
import static dev.nocturne.cluster.Night.INGEST;
import static dev.nocturne.cluster.Night.RERANK;

import dev.nocturne.cluster.Growth.Value;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.ToLongFunction;

/**
 * Kills every service once in a period (SIGKILL), one after the other at even distances, and looks
 * at the memory of each right before. So a service is looked at when it is one period old, whenever
 * that is in the run, and its figures at different times are of equal ages; the broker and the
 * store, which live on, are looked at whenever a service is killed.
 */
final class Killings implements AutoCloseable {
    private static final List<String> SERVICES =
            List.of(ENCODER, GENERATOR, DECODER, RERANK, INGEST);
    private static final String BROKER = "broker";
    private static final String STORE = "store";

    /** What is younger still warms up. */
    private static final Duration LEAST = Duration.ofMinutes(5);

    /** What work is in flight moves a figure; the median of a few does not follow it. */
    private static final int LOOKS = 5;

    private static final Duration BETWEEN_LOOKS = Duration.ofSeconds(2);

    private record Look(String process, double seconds, ProcessMemory memory) {
        Value value(ToLongFunction<ProcessMemory> figure) {
            return new Value(seconds, figure.applyAsLong(memory));
        }
    }

    private final Night night;
    private final Duration period;
    private final long startNanos = System.nanoTime();
    private final List<Look> looks = new CopyOnWriteArrayList<>();
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread thread = new Thread(this::run, "killings");
    private volatile int killed;
    private volatile IOException failure; // null while all is well

    /** The first dies after a period, so that all first lives are that long, too. */
    Killings(Night night, Duration period) {
        this.night = night;
        this.period = period;
        thread.setDaemon(true);
        thread.start();
    }

    private void run() {
        Map<String, JavaProcess> servers =
                Map.of(
                        BROKER, night.cluster().broker().process(),
                        STORE, night.cluster().objectStoreServer().process());
        try {
            for (int i = 0; !closed.await(untilKilling(i), TimeUnit.NANOSECONDS); i++) {
                String service = SERVICES.get(i % SERVICES.size());
                look(service, night.cluster().service(service), LOOKS);
                for (Map.Entry<String, JavaProcess> server : servers.entrySet()) {
                    look(server.getKey(), server.getValue(), 1);
                }
                night.kill(service);
                killed++;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            failure = e;
        }
    }

    private long untilKilling(int number) {
        long at = period.toNanos() + number * period.toNanos() / SERVICES.size();
        return startNanos + at - System.nanoTime();
    }

    /** Takes the median of so many looks; what has died by itself meanwhile is left out. */
    private void look(String process, JavaProcess running, int times)
            throws IOException, InterruptedException {
        List<ProcessMemory> seen = new ArrayList<>();
        for (int i = 0; i < times; i++) {
            if (i > 0) {
                night.passes(BETWEEN_LOOKS);
            }
            running.memory().ifPresent(seen::add);
        }
        if (!seen.isEmpty()) {
            remember(process, running, ProcessMemory.median(seen));
        }
    }

    private void remember(String process, JavaProcess running, ProcessMemory memory) {
        double seconds = seconds();
        looks.add(new Look(process, seconds, memory));
        System.out.printf(
                Locale.ROOT,
                "%6.0f s  %-16s %5.0f s old: resident %6.1f MB, heap %6.2f MB%n",
                seconds,
                process,
                running.age().toMillis() / 1e3,
                memory.residentBytes() / 1e6,
                memory.heapBytes() / 1e6);
    }

    /** Since the beginning. */
    double seconds() {
        return (System.nanoTime() - startNanos) / 1e9;
    }

    int killed() {
        return killed;
    }

    /**
     * Prints how the memory of every process grew from {@code from} to {@code to}, in seconds.
     *
     * @param limit as a share; what cannot be told of too few figures is within it
     * @return what grew more; nothing if the time was too short to tell
     */
    List<String> grownBy(double limit, double from, double to) {
        List<String> grown = new ArrayList<>();
        for (String process : looks.stream().map(Look::process).distinct().toList()) {
            List<Look> second =
                    looks.stream()
                            .filter(look -> look.process.equals(process))
                            .filter(look -> look.seconds >= from && look.seconds <= to)
                            .toList();
            Map.<String, ToLongFunction<ProcessMemory>>of(
                            "resident", ProcessMemory::residentBytes,
                            "heap", ProcessMemory::heapBytes)
                    .forEach(
                            (name, figure) -> {
                                OptionalDouble share =
                                        Growth.between(
                                                from,
                                                to,
                                                second.stream()
                                                        .map(look -> look.value(figure))
                                                        .toList());
                                String row =
                                        "%s, %s: %s"
                                                .formatted(
                                                        process,
                                                        name,
                                                        share.isPresent()
                                                                ? percent(share.getAsDouble())
                                                                : "too few figures");
                                System.out.println(row);
                                if (share.orElse(0) >= limit) {
                                    grown.add(row);
                                }
                            });
        }
        return to - from < LEAST.toSeconds() ? List.of() : grown;
    }

    private static String percent(double share) {
        return String.format(Locale.ROOT, "%+.1f %%", 100 * share);
    }

    /**
     * Kills nothing any more.
     *
     * @throws IOException if it has had to stop before
     */
    void stop() throws IOException, InterruptedException {
        close();
        if (failure != null) {
            throw failure;
        }
    }

    @Override
    public void close() throws InterruptedException {
        closed.countDown();
        thread.join();
    }
}
