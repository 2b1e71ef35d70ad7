package dev.nocturne.standalone.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.nocturne.events.GridsDrawn;
import dev.nocturne.events.GridsScored;
import dev.nocturne.events.RequestFinished;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.TopicReader;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Topics;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToIntFunction;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Counts what every stage has published of one job, by reading along. For one thread. */
public final class JobFollower implements AutoCloseable {
    /** A stage, as seen in the topic it writes to. */
    private record Output(StageProgress progress, ToIntFunction<byte[]> count) {}

    private final byte[] keyPrefix;
    private final Map<String, Output> outputs = new LinkedHashMap<>(); // by topic
    private final Map<String, RequestFinished> results = new LinkedHashMap<>(); // by request id
    private final TopicReader reader;

    /**
     * @param since when the job was submitted, or before
     * @param captions of the job
     * @param candidates of all its captions together
     */
    public JobFollower(
            KafkaSettings kafka, String jobId, Instant since, int captions, int candidates) {
        keyPrefix = (jobId + '/').getBytes(UTF_8);
        follow("encode", Topics.GENERATION_TASKS, captions, value -> 1);
        follow(
                "draw",
                Topics.TOKEN_GRIDS,
                candidates,
                value -> EventCodec.decode(GridsDrawn.class, value).getGrids().size());
        follow(
                "score",
                Topics.SCORED_GRIDS,
                candidates,
                value -> EventCodec.decode(GridsScored.class, value).getGrids().size());
        follow("rank", Topics.SELECTIONS, captions, value -> 1);
        follow("finish", Topics.RESULTS, captions, this::addResult);
        reader =
                new TopicReader(
                        kafka.consumer(),
                        "the log of the pipeline",
                        outputs.keySet(),
                        TopicReader.Start.since(since));
    }

    private void follow(String name, Topic<?> topic, int total, ToIntFunction<byte[]> count) {
        outputs.put(
                topic.name(), new Output(new StageProgress(name, total, System.nanoTime()), count));
    }

    /** Takes in what the stages have published, waiting a moment if there is nothing new. */
    public void poll(Duration wait) {
        reader.poll(wait, this::read);
    }

    private void read(ConsumerRecord<byte[], byte[]> record) {
        if (isOfJob(record.key())) {
            Output output = outputs.get(record.topic());
            output.progress.add(output.count.applyAsInt(record.value()), System.nanoTime());
        }
    }

    private boolean isOfJob(byte[] key) {
        return key != null
                && key.length > keyPrefix.length
                && Arrays.equals(key, 0, keyPrefix.length, keyPrefix, 0, keyPrefix.length);
    }

    /** A request counts once, by its first result. */
    private int addResult(byte[] value) {
        RequestFinished result = EventCodec.decode(RequestFinished.class, value);
        return results.putIfAbsent(result.getRequest().getRequestId(), result) == null ? 1 : 0;
    }

    /** In the order in which a request passes through them; the last one is of results. */
    public List<StageProgress> stages() {
        return outputs.values().stream().map(Output::progress).toList();
    }

    /** So far, in the order they came in. */
    public List<RequestFinished> results() {
        return List.copyOf(results.values());
    }

    public boolean allFinished() {
        StageProgress finish = outputs.get(Topics.RESULTS.name()).progress;
        return finish.done() >= finish.total();
    }

    @Override
    public void close() {
        reader.close();
    }
}
