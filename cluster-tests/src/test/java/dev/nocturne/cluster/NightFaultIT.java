package dev.nocturne.cluster;

import dev.nocturne.cluster.FaultyProxy.Fault;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The most telling scenarios of the fault suite, in every build, with one broker and a store as in
 * {@code deploy/kubernetes/examples/external}.
 */
class NightFaultIT {
    @TempDir static Path folder;
    private static Night night;

    @BeforeAll
    static void start() throws Exception {
        Map<String, String> oneBroker =
                Map.of(
                        "NOCTURNE_KAFKA_PARTITIONS", "6",
                        "NOCTURNE_KAFKA_REPLICATION", "1",
                        "NOCTURNE_KAFKA_MIN_INSYNC_REPLICAS", "1");
        night = Night.onExternal(folder, new FaultReport(), 1, oneBroker);
    }

    @AfterAll
    static void end() throws Exception {
        night.close();
    }

    @Test
    void rankingIsKilled() throws Exception {
        night.survivesDeath(
                "rerank-service killed (-9)",
                List.of(Night.RERANK),
                job -> night.kill(Night.RERANK));
    }

    @Test
    void theBrokerAndOneOfEachServiceAreKilled() throws Exception {
        night.survives(
                "the broker and all services killed (-9), with TLS and SCRAM",
                job -> {
                    night.cluster().broker().process().kill();
                    for (String service : Night.SERVICES) {
                        night.kill(service);
                    }
                    night.cluster().broker().restart();
                });
    }

    @Test
    void theStoreIsAway() throws Exception {
        night.survives(
                "the store answers 503 for 5 s",
                job -> {
                    night.store().fault(new Fault.Answer(503, "", ""));
                    night.passes(Duration.ofSeconds(5));
                    night.store().fault(new Fault.None());
                });
    }

    @Test
    void aWorkerHasAnotherBundle() throws Exception {
        Path other = folder.resolve("other");
        TinyModel.write(other, 43, 44);
        try {
            night.survives(
                    "a second decoder-worker with another bundle",
                    job ->
                            night.start(
                                    "second",
                                    Night.DECODER,
                                    Map.of("NOCTURNE_MODEL", other.toString())),
                    "second");
        } finally {
            night.remove("second");
        }
    }
}
