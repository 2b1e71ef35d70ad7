package dev.nocturne.cluster;

import static dev.nocturne.cluster.Night.ENCODER;
import static dev.nocturne.cluster.Night.GENERATOR;

import dev.nocturne.cluster.FaultyProxy.Fault;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Three brokers, of which one dies, hangs, or cannot be reached by some of the services. */
@Tag("faults")
class NetworkFaultIT {
    @TempDir static Path folder;
    private static Night night;

    @BeforeAll
    static void start() throws Exception {
        night = Night.onThreeBrokers(folder, new FaultReport(), Set.of(ENCODER, GENERATOR));
    }

    @AfterAll
    static void end() throws Exception {
        night.close();
    }

    @Test
    void aBrokerOfThreeKilled() throws Exception {
        night.survives(
                "one of three brokers killed (-9) and started again",
                job -> {
                    night.cluster().broker(0).process().kill();
                    night.passes(Duration.ofSeconds(10));
                    night.cluster().broker(0).restart();
                });
    }

    @Test
    void aBrokerOfThreeHangs() throws Exception {
        night.survives(
                "one of three brokers hangs for 20 s",
                job -> {
                    night.cluster().broker(1).process().suspend();
                    night.passes(Duration.ofSeconds(20));
                    night.cluster().broker(1).process().resume();
                });
    }

    /** The other services and brokers see it, so nobody takes its place. */
    @Test
    void twoServicesCannotReachABroker() throws Exception {
        night.survives(
                "encoder and generator cut off from one of three brokers for 30 s",
                job -> {
                    night.cluster().brokerProxy(2).fault(new Fault.Hang());
                    night.passes(Duration.ofSeconds(30));
                    night.cluster().brokerProxy(2).fault(new Fault.None());
                });
    }
}
