package dev.nocturne.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.cluster.FaultyProxy.Fault;
import dev.nocturne.schemas.Topics;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** An object store that is away, sick, full or strange for a while. */
@Tag("faults")
class StoreFaultIT {
    private static final Duration OUTAGE = Duration.ofSeconds(10);

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

    static Stream<Arguments> outages() {
        String hourAgo =
                DateTimeFormatter.RFC_1123_DATE_TIME.format(
                        ZonedDateTime.now(ZoneOffset.UTC).minusHours(1));
        return Stream.of(
                Arguments.of("refuses connections", new Fault.Refuse()),
                Arguments.of("hangs", new Fault.Hang()),
                Arguments.of("cuts connections", new Fault.Cut()),
                Arguments.of("answers 503", error(503, "ServiceUnavailable", "")),
                Arguments.of("answers 403", error(403, "AccessDenied", "")),
                Arguments.of("answers 507, full", error(507, "XMinioStorageFull", "")),
                Arguments.of(
                        "says that the clock is an hour wrong",
                        error(403, "RequestTimeTooSkewed", "Date: " + hourAgo + "\r\n")));
    }

    private static Fault error(int status, String code, String headers) {
        String body =
                "<?xml version=\"1.0\"?><Error><Code>%s</Code><Message>planned</Message></Error>";
        return new Fault.Answer(status, headers, String.format(Locale.ROOT, body, code));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("outages")
    void outage(String what, Fault fault) throws Exception {
        night.survives(
                "the store %s for %d s".formatted(what, OUTAGE.toSeconds()),
                job -> {
                    night.store().fault(fault);
                    try {
                        night.passes(OUTAGE);
                    } finally {
                        night.store().fault(new Fault.None());
                    }
                });
    }

    @Test
    void killedAndStartedAgain() throws Exception {
        night.survives(
                "the store killed (-9) and started again",
                job -> {
                    night.cluster().objectStoreServer().process().kill();
                    night.passes(Duration.ofSeconds(3));
                    night.cluster().objectStoreServer().restart();
                });
    }

    /** By hand, or by a lifecycle rule. */
    @Test
    void inputFileGone() throws Exception {
        try (JobRun job = night.submit()) {
            job.awaitEnded(3);
            night.objects().list("files/").forEach(night.objects()::delete);
            night.kill(Night.INGEST); // what it had read of the file is gone, too
            job.awaitEnd(Duration.ofMinutes(3));
            night.awaitHealthy();
            assertThat(job.last().path("status").asText()).isIn("completed", "failed");
            assertThat(job.last().path("counts").path("in_progress").asInt()).isZero();
            night.report("the input file of a job deleted, ingest killed", job);
        }
        night.survives("the next job after a deleted input file", job -> {});
    }

    @Test
    void bucketGone() throws Exception {
        try (JobRun job = night.submit()) {
            job.awaitEnded(3);
            night.deleteBucket();
            job.awaitEnd(Duration.ofMinutes(3));
            assertThat(job.last().path("status").asText()).isEqualTo("failed");
            assertThat(TopicReader.events(night.kafka(), Topics.RESULTS)).isNotEmpty();
            night.createBucket();
            night.awaitHealthy();
            night.report("the bucket deleted in the middle of a job, made again by hand", job);
        }
        night.survives("the next job after a deleted bucket", job -> {});
    }
}
