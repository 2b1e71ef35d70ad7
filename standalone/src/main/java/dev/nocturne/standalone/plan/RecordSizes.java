package dev.nocturne.standalone.plan;

import dev.nocturne.events.RequestFinished;
import dev.nocturne.ingest.archive.CandidateLines;
import dev.nocturne.ingest.archive.ResultLines;
import dev.nocturne.runtime.EventRecords;
import dev.nocturne.runtime.ResultFile;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Topics;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * Bytes of a caption in Kafka and in the bucket: those of its records, encoded as they are
 * published, and of its lines and objects, written as they are stored.
 */
final class RecordSizes {

    /** Space comes back with the file: of many partitions with little in each, in a week. */
    static final String UNTIL_READ = "until read, in whole files of the log";

    static final String UNTIL_CLOSED = "until the job ends";
    static final String LOG_RETENTION = "NOCTURNE_LOG_RETENTION";
    static final String COMPACTED = "until it is compacted";
    static final String JOB_RETENTION = "NOCTURNE_JOB_RETENTION";

    /**
     * The most that frames a record on the log, if it is alone in its batch: 61 bytes of the batch,
     * 27 of the record.
     */
    static final int FRAME_BYTES = 88;

    /** A timestamp stands before each value of the store. */
    private static final int STORE_FRAME_BYTES = FRAME_BYTES + Long.BYTES;

    private static final int TAR_BLOCK = 512;

    /**
     * @param name of the topic, or of what is stored
     * @param perCaption before compression, of one replica
     * @param kept how long
     */
    record Size(String name, long perCaption, String kept) {}

    private final SampleRequest sample;
    private final long keyBytes;

    RecordSizes(SampleRequest sample) {
        this.sample = sample;
        keyBytes = sample.key().length();
    }

    List<Size> kafka() {
        List<Size> sizes = new ArrayList<>();
        sizes.add(size(Topics.CAPTIONS.name(), record(sample.submitted()), UNTIL_CLOSED));
        sizes.add(size(Topics.GENERATION_TASKS.name(), record(sample.task()), UNTIL_READ));
        long drawn = 0;
        long scored = 0;
        for (int part : sample.parts()) {
            drawn += record(sample.drawn(part));
            scored += record(sample.scored(part));
        }
        sizes.add(size(Topics.TOKEN_GRIDS.name(), drawn, UNTIL_READ));
        sizes.add(size(Topics.SCORED_GRIDS.name(), scored, UNTIL_READ));
        sizes.add(size("rerank's changelogs", changelogs(), COMPACTED));
        sizes.add(size(Topics.SELECTIONS.name(), record(sample.ranked()), UNTIL_READ));
        List<ProducerRecord<byte[], byte[]>> results = EventRecords.of(sample.finished());
        for (ProducerRecord<byte[], byte[]> result : results) {
            sizes.add(
                    size(
                            result.topic(),
                            FRAME_BYTES + keyBytes + result.value().length,
                            LOG_RETENTION));
        }
        return sizes;
    }

    /**
     * Candidates that wait for others, one by one, and that they wait no more; those that complete
     * the request are not written.
     */
    private long changelogs() {
        List<Integer> parts = sample.parts();
        int waiting = sample.candidates() - parts.get(parts.size() - 1);
        long key = keyBytes + "/000/".length() + sample.model().id().length();
        long value = EventCodec.encode(sample.scored(1)).length;
        long decided = STORE_FRAME_BYTES + keyBytes + sample.model().id().length() + 12;
        return waiting * (STORE_FRAME_BYTES + key + value + FRAME_BYTES + key) + decided;
    }

    /**
     * @param webdataset whether the pictures are packed into shards, too
     */
    List<Size> bucket(boolean webdataset) throws IOException {
        ResultFile result = sample.resultFile();
        RequestFinished finished = sample.finished();
        ByteArrayOutputStream candidates = new ByteArrayOutputStream();
        CandidateLines.write(result, candidates);
        ByteArrayOutputStream results = new ByteArrayOutputStream();
        ResultLines.write(finished, results);
        long answer = EventRecords.of(finished).get(1).value().length + 1;
        List<Size> sizes = new ArrayList<>();
        sizes.add(size("pictures", sample.top() * sample.pictureBytes(), JOB_RETENTION));
        sizes.add(size("result.json", result.toJson().length, JOB_RETENTION));
        sizes.add(size("candidates.jsonl", candidates.size(), JOB_RETENTION));
        sizes.add(size("results.jsonl", results.size(), JOB_RETENTION));
        sizes.add(size("output.jsonl", answer, JOB_RETENTION));
        if (webdataset) {
            sizes.add(size("shards", sample.top() * shardBytes(), JOB_RETENTION));
        }
        return sizes;
    }

    /** Picture, caption and what is known of it, each behind a header, in whole blocks. */
    long shardBytes() {
        long caption = sample.caption().length();
        long known = caption + sample.model().id().length() + 300;
        return 3 * TAR_BLOCK + blocks(sample.pictureBytes()) + blocks(caption) + blocks(known);
    }

    private static long blocks(long bytes) {
        return (bytes + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
    }

    private static Size size(String name, long perCaption, String kept) {
        return new Size(name, perCaption, kept);
    }

    private long record(SpecificRecord event) {
        return FRAME_BYTES + keyBytes + EventCodec.encode(event).length;
    }
}
