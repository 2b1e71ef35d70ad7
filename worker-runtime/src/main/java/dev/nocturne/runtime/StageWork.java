package dev.nocturne.runtime;

import dev.nocturne.runtime.Batch.Input;
import dev.nocturne.runtime.Batch.Processed;
import dev.nocturne.schemas.ReasonCodes;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.stream.IntStream;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Does a stage's work on batches, and tells bad records from a worker at fault: whatever a record
 * throws, its neighbours are finished, and before it is given up for a reason that may lie with the
 * worker, the stage tests itself. Belongs to the work thread, except where another is named.
 */
final class StageWork<I extends SpecificRecord> {

    private static final Logger LOG = LoggerFactory.getLogger(StageWork.class);

    /** Reasons that may lie with the worker and not with the record. */
    private static final Set<String> FAULTS = Set.of(ReasonCodes.MODEL_ERROR, ReasonCodes.INTERNAL);

    private final Stage<I> stage;
    private final Clock clock;
    private final StageMetrics metrics;
    private final int maxRecordBytes;

    // read by the poll thread and by whoever asks for health
    private volatile long lastProgressNanos = System.nanoTime();
    private volatile boolean selfTestFailed;

    StageWork(Stage<I> stage, Clock clock, StageMetrics metrics, int maxRecordBytes) {
        this.stage = stage;
        this.clock = clock;
        this.metrics = metrics;
        this.maxRecordBytes = maxRecordBytes;
    }

    /** Of {@link System#nanoTime}, when it last began something or got on. From any thread. */
    long lastProgressNanos() {
        return lastProgressNanos;
    }

    /** From any thread. */
    boolean hasSelfTestFailed() {
        return selfTestFailed;
    }

    /** A batch is handed over: from now on it must get on. From any thread. */
    void begin() {
        lastProgressNanos = System.nanoTime();
    }

    /**
     * @throws TransientException if the batch must come again
     * @throws FatalException if the worker is at fault, or the stage says so
     * @throws WrongBundleException the stage's
     * @throws CancellationException if the batch is no longer wanted
     */
    List<Processed<I>> process(Batch<I> current) {
        long startNanos = System.nanoTime();
        List<Input<I>> inputs =
                current.inputs().stream()
                        .map(input -> input.isUnread() ? Input.of(stage, input.record()) : input)
                        .toList();
        List<Processed<I>> processed = new ArrayList<>();
        for (Input<I> input : inputs) {
            if (!input.isReadable()) {
                processed.add(rejected(input, List.of(), input.rejection()));
            }
        }
        List<Input<I>> readable = inputs.stream().filter(Input::isReadable).toList();
        if (!readable.isEmpty()) {
            processed.addAll(traced(readable, current));
            Duration time = Duration.ofNanos(System.nanoTime() - startNanos);
            metrics.worked(readable.size(), time);
            current.workedFor(time);
        }
        requireWell(processed);
        return processed;
    }

    private List<Processed<I>> traced(List<Input<I>> inputs, Batch<I> current) {
        StageSpans<I> spans = new StageSpans<>(stage, inputs);
        try {
            List<Processed<I>> processed = process(inputs, current);
            spans.end(processed);
            return processed;
        } catch (Throwable e) {
            spans.fail(e);
            throw e;
        }
    }

    private List<Processed<I>> process(List<Input<I>> inputs, Batch<I> current) {
        Outbox out = new Outbox(() -> progressAndKeepGoing(current));
        try {
            stage.process(inputs.stream().map(Input::event).toList(), out);
        } catch (TransientException | FatalException | WrongBundleException e) {
            throw e;
        } catch (Throwable e) {
            if (!current.keepGoing()) {
                throw new CancellationException("the batch is no longer wanted");
            }
            if (inputs.size() > 1) {
                // find the record at fault; its neighbours go on
                return inputs.stream()
                        .flatMap(input -> process(List.of(input), current).stream())
                        .toList();
            }
            out.reject(0, asPermanent(e));
        }
        return IntStream.range(0, inputs.size())
                .mapToObj(index -> processed(inputs.get(index), index, out))
                .toList();
    }

    private Processed<I> processed(Input<I> input, int index, Outbox out) {
        List<ProducerRecord<byte[], byte[]>> outputs = new ArrayList<>();
        PermanentException rejection = out.rejections().get(index);
        try {
            for (Outbox.Output output : out.outputs()) {
                if (output.index() == index) {
                    outputs.addAll(records(output, input));
                }
            }
        } catch (Throwable e) {
            outputs.clear();
            rejection = asPermanent(e);
        }
        return rejection == null
                ? new Processed<>(input, outputs, Optional.empty())
                : rejected(input, outputs, rejection);
    }

    private List<ProducerRecord<byte[], byte[]>> records(Outbox.Output output, Input<I> input) {
        List<ProducerRecord<byte[], byte[]>> records =
                stage.encode(output.topic().in(input.lane()), output.key(), output.event());
        for (ProducerRecord<byte[], byte[]> record : records) {
            StageSpans.forward(input.record(), record);
            int bytes = record.key().length + record.value().length;
            if (bytes > maxRecordBytes) {
                throw new PermanentException(
                        ReasonCodes.INVALID_OPTION,
                        "what follows from it is a record of %d bytes for %s: at most %d"
                                .formatted(bytes, record.topic(), maxRecordBytes));
            }
        }
        return output.topic().followsInput()
                ? records.stream()
                        .map(record -> Transactions.in(input.record().partition(), record))
                        .toList()
                : records;
    }

    /** What was sent for it stays, see {@link Outbox#reject}. */
    private Processed<I> rejected(
            Input<I> input,
            List<ProducerRecord<byte[], byte[]>> outputs,
            PermanentException cause) {
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>(outputs);
        records.add(DeadLetters.deadLetter(stage.name(), input.record(), cause));
        if (!cause.isAnswered()) {
            DeadLetters.failedResult(
                            stage.name(), input.record(), input.request(), cause, clock.instant())
                    .map(EventRecords::of)
                    .ifPresent(records::addAll);
        }
        return new Processed<>(input, records, Optional.of(cause));
    }

    /** Before a broken model or device turns good records into dead letters. */
    private void requireWell(List<Processed<I>> processed) {
        List<PermanentException> faults =
                processed.stream()
                        .flatMap(item -> item.rejection().stream())
                        .filter(cause -> FAULTS.contains(cause.reasonCode()))
                        .toList();
        if (!faults.isEmpty()) {
            LOG.info(
                    "STG-13 {}: self-test, for {} records failed: {}",
                    stage.name(),
                    faults.size(),
                    faults.get(0).getMessage());
            testWorker();
        }
    }

    /**
     * @throws FatalException if the stage fails at work that is known to be good
     */
    void testWorker() {
        lastProgressNanos = System.nanoTime();
        try {
            stage.selfTest();
        } catch (Throwable e) {
            selfTestFailed = true;
            throw new FatalException(
                    "the self-test failed (%s): check the model and the device; nothing is lost, start again when it is mended"
                            .formatted(StageException.oneLine(e)),
                    e);
        }
    }

    private boolean progressAndKeepGoing(Batch<I> current) {
        lastProgressNanos = System.nanoTime();
        return current.keepGoing();
    }

    private PermanentException asPermanent(Throwable e) {
        if (e instanceof PermanentException permanent) {
            return permanent;
        }
        LOG.debug("STG-08 {}: unexpected error", stage.name(), e);
        return PermanentException.unexpected(ReasonCodes.INTERNAL, e);
    }
}
