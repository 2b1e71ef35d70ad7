package dev.nocturne.cluster;

import static dev.nocturne.cluster.Night.DECODER;
import static dev.nocturne.cluster.Night.ENCODER;
import static dev.nocturne.cluster.Night.GENERATOR;
import static dev.nocturne.cluster.Night.INGEST;
import static dev.nocturne.cluster.Night.RERANK;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Services that die, end, hang, come and go. */
@Tag("faults")
class KilledServicesFaultIT {
    @TempDir static Path folder;
    private static Night night;

    @BeforeAll
    static void start() throws Exception {
        night = new Night(folder, new FaultReport());
    }

    @AfterAll
    static void end() throws Exception {
        night.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {INGEST, ENCODER, GENERATOR, DECODER, RERANK})
    void killed(String service) throws Exception {
        night.survivesDeath(service + " killed (-9)", List.of(service), job -> night.kill(service));
    }

    @ParameterizedTest
    @ValueSource(strings = {INGEST, ENCODER, GENERATOR, DECODER, RERANK})
    void ended(String service) throws Exception {
        night.survivesDeath(
                service + " ended (SIGTERM)", List.of(service), job -> night.terminate(service));
    }

    @Test
    void allKilledAtOnce() throws Exception {
        night.survivesDeath(
                "all services killed at once",
                Night.SERVICES,
                job -> {
                    for (String service : Night.SERVICES) {
                        night.kill(service);
                    }
                });
    }

    /** It hangs until its work is another's, then wakes and goes on as if nothing had been. */
    @ParameterizedTest
    @ValueSource(strings = {GENERATOR, DECODER, ENCODER})
    void zombie(String service) throws Exception {
        night.start("second", service, Map.of());
        night.awaitHealthy();
        try {
            night.survives(
                    service + " hangs until another has its work, then wakes",
                    job -> {
                        night.cluster().service(service).suspend();
                        night.awaitMembers(service, 1);
                        night.cluster().service(service).resume();
                    });
        } finally {
            night.stop("second");
        }
    }

    @Test
    void workersJoinAndLeave() throws Exception {
        night.survives(
                "generators join and leave",
                job -> {
                    for (int i = 0; i < 2; i++) {
                        night.start("second", GENERATOR, Map.of());
                        night.awaitHealthy();
                        night.stop("second");
                    }
                });
    }

    @Test
    void aSecondIngestServiceFencesTheFirst() throws Exception {
        try {
            night.survives(
                    "a second ingest-service beside the first",
                    job -> night.start("second", INGEST, Map.of()));
        } finally {
            night.stop("second");
        }
    }
}
