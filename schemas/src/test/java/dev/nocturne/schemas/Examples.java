package dev.nocturne.schemas;

import dev.nocturne.events.BundleDeployed;
import dev.nocturne.events.CandidatesRanked;
import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.DrawingOptions;
import dev.nocturne.events.DrawnCandidates;
import dev.nocturne.events.DrawnGrid;
import dev.nocturne.events.Failure;
import dev.nocturne.events.GenerationRequested;
import dev.nocturne.events.GridPartlyDrawn;
import dev.nocturne.events.GridsDrawn;
import dev.nocturne.events.GridsScored;
import dev.nocturne.events.JobCreated;
import dev.nocturne.events.JobEvent;
import dev.nocturne.events.JobSubmitted;
import dev.nocturne.events.JobSummary;
import dev.nocturne.events.OtherCandidate;
import dev.nocturne.events.PartialImageRendered;
import dev.nocturne.events.RankedGrid;
import dev.nocturne.events.Replay;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.events.RequestRef;
import dev.nocturne.events.RequestStatus;
import dev.nocturne.events.ScoredGrid;
import dev.nocturne.events.StoredImage;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.apache.avro.specific.SpecificRecord;

/** One event of every record, each field with a value of its own. */
final class Examples {

    static final Instant NOON = Instant.parse("2026-03-01T12:00:00.123Z");

    private static final RequestRef REQUEST =
            new RequestRef("job-1", "0123456789abcdef", "line-1", "ein rotes Haus, 赤い家");

    private static final DrawingOptions OPTIONS =
            new DrawingOptions(17, 5, 0.9, 40, 0.95, 3.0, "webp", 80, "64x64", 1, 3, "00ff");

    static final List<SpecificRecord> EVENTS =
            List.of(
                    new JobSubmitted("job-1", 200, NOON, "a red house"),
                    new JobSummary(
                            "job-1",
                            NOON,
                            bytes(1, 2),
                            List.of(bytes(3), bytes(4, 5)),
                            bytes(6),
                            1,
                            2,
                            3,
                            4,
                            NOON.plusSeconds(3),
                            "a red house",
                            List.of("v1/images/job-1/0123456789abcdef/1.png"),
                            NOON.plusSeconds(5),
                            Map.of("jobs-0", 17L),
                            "key-1",
                            Map.of("results-5", 18L)),
                    new CaptionSubmitted(
                            "job-1",
                            "line-1",
                            "a red house",
                            -5L,
                            bytes(1, 2, 3),
                            2,
                            1,
                            NOON,
                            new DrawnCandidates(
                                    "emoji@1a2b3c4d",
                                    "dvae@5e6f7a8b",
                                    1,
                                    2,
                                    List.of(76L, 77L),
                                    List.of(-13.5, -12.5),
                                    bytes(120, 3)),
                            "token-1",
                            bytes(4, 5),
                            true,
                            OPTIONS),
                    new BundleDeployed("emoji@1a2b3c4d", NOON, 64, List.of(64, 256)),
                    new GenerationRequested(
                            REQUEST,
                            List.of(3, 1, 2),
                            bytes(0, 0, 128, 63),
                            bytes(7, 0),
                            -5L,
                            NOON,
                            "emoji@1a2b3c4d",
                            OPTIONS),
                    new GridPartlyDrawn(
                            REQUEST,
                            1,
                            77L,
                            "emoji@1a2b3c4d",
                            1,
                            2,
                            bytes(7, 0, 255, 255),
                            OPTIONS),
                    new PartialImageRendered(REQUEST, 1, 77L, 64, 64, "webp", bytes(1, 2)),
                    new GridsDrawn(
                            REQUEST,
                            bytes(0, 0, 128, 63),
                            "emoji@1a2b3c4d",
                            1,
                            2,
                            List.of(new DrawnGrid(3, 77L, -12.5, bytes(7, 0, 9, 0))),
                            OPTIONS),
                    new GridsScored(
                            REQUEST,
                            "emoji@1a2b3c4d",
                            1,
                            2,
                            List.of(new ScoredGrid(3, 77L, -12.5, 0.25f, bytes(7, 0, 9, 0))),
                            OPTIONS),
                    new CandidatesRanked(
                            REQUEST,
                            "emoji@1a2b3c4d",
                            1,
                            2,
                            List.of(new RankedGrid(1, 3, 77L, -12.5, 0.25f, bytes(7, 0, 9, 0))),
                            0.125,
                            List.of(new OtherCandidate(2, 76L, -13.5, 0.125f)),
                            bytes(120, 3),
                            OPTIONS),
                    new RequestFinished(
                            REQUEST,
                            RequestStatus.FAILED,
                            List.of(
                                    new StoredImage(
                                            1,
                                            "jobs/job-1/images/0123456789abcdef/1.png",
                                            "ab",
                                            1234L,
                                            3,
                                            77L,
                                            0.25f,
                                            -12.5)),
                            new Failure("model_error", "generator", "out of memory", "seed", 7),
                            NOON),
                    new JobEvent(
                            "batch_1",
                            NOON,
                            new JobCreated(
                                    "file-1",
                                    true,
                                    "24h",
                                    NOON.plusSeconds(86_400),
                                    Map.of("night", "1"),
                                    "http://localhost:8080/",
                                    "key-1",
                                    "00ff",
                                    NOON.plusSeconds(1),
                                    "22:00-06:00 Europe/Berlin",
                                    NOON.plusSeconds(2),
                                    new Replay("batch_0", 2, true),
                                    true,
                                    "token-1",
                                    2,
                                    3600L)));

    private Examples() {}

    private static ByteBuffer bytes(int... values) {
        ByteBuffer buffer = ByteBuffer.allocate(values.length);
        for (int value : values) {
            buffer.put((byte) value);
        }
        return buffer.flip();
    }
}
