package dev.nocturne.runtime;

import dev.nocturne.events.BundleDeployed;
import dev.nocturne.events.RequestRef;
import dev.nocturne.schemas.MalformedEventException;
import dev.nocturne.schemas.ReasonCodes;
import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Topics;
import dev.nocturne.schemas.Violation;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets a stage work only while its model bundle is the deployed one. With another it is out of its
 * group and waits. Events that another bundle made are not taken for its own: the caption of their
 * request is sent again, as it came, to be encoded with the deployed bundle; where there is none,
 * they are rejected as {@code other_model}.
 *
 * <p>Deployed is what the encoders have: an encoder with another bundle takes over once none of
 * theirs is left in the group, and says so in {@link Topics#DEPLOYMENTS}.
 */
public final class BundleGuard<I extends SpecificRecord> implements Stage<I> {

    private static final Logger LOG = LoggerFactory.getLogger(BundleGuard.class);

    /** Longer than the encoders' restart, so that it is none. */
    private static final Duration TAKE_OVER = Duration.ofSeconds(3);

    private static final int NAMED_JOBS = 3;

    private final BundleStage<I> stage;
    private final boolean isEncoder;
    private final KafkaSettings kafka;
    private final Clock clock;

    // of the work thread
    private final DeployedBundle deployed;
    private final CaptionLog captions;
    private boolean isOpen;
    private String met = ""; // names jobs of other bundles: only a deployment clears it
    private Long aloneSinceNanos; // of an encoder that waits; null while there are others

    private BundleGuard(BundleStage<I> stage, boolean isEncoder, KafkaSettings kafka, Clock clock) {
        this.stage = stage;
        this.isEncoder = isEncoder;
        this.kafka = kafka;
        this.clock = clock;
        deployed = new DeployedBundle(kafka);
        captions = new CaptionLog(kafka);
    }

    /** Of the stage whose workers say which bundle is deployed. */
    public static <I extends SpecificRecord> BundleGuard<I> ofEncoder(
            BundleStage<I> stage, KafkaSettings kafka, Clock clock) {
        return new BundleGuard<>(stage, true, kafka, clock);
    }

    /** Of any other stage. */
    public static <I extends SpecificRecord> BundleGuard<I> of(
            BundleStage<I> stage, KafkaSettings kafka, Clock clock) {
        return new BundleGuard<>(stage, false, kafka, clock);
    }

    /**
     * Also waits for its turn.
     *
     * @throws TransientException while another bundle is deployed
     */
    @Override
    public void open() {
        if (!isOpen) {
            stage.open();
            isOpen = true;
        }
        TopicAdmin.createMissing(kafka);
        Optional<String> model = deployed.latest();
        if (model.isPresent() ? model.get().equals(stage.bundle()) : !isEncoder && met.isEmpty()) {
            met = "";
            if (isEncoder && !deployed.sizes().equals(stage.sizes())) {
                announce(); // it was a version that did not say so much
            }
            return;
        }
        if (!isEncoder || model.isPresent() && !haveOthersGone()) {
            throw new TransientException(waits(model), null);
        }
        announce();
        LOG.info("STG-20 {}: model {} is deployed{}", name(), stage.bundle(), instead(model));
    }

    private void announce() {
        List<Integer> sizes = stage.sizes();
        int own = sizes.isEmpty() ? 0 : sizes.get(0);
        deployed.announce(new BundleDeployed(stage.bundle(), clock.instant(), own, sizes));
    }

    private static String instead(Optional<String> before) {
        return before.map(
                        model ->
                                " instead of %s: what that one has begun is drawn again"
                                        .formatted(model))
                .orElse("");
    }

    private boolean haveOthersGone() {
        if (hasMembers()) {
            aloneSinceNanos = null;
            return false;
        }
        if (aloneSinceNanos == null) {
            aloneSinceNanos = System.nanoTime();
        }
        return System.nanoTime() - aloneSinceNanos >= TAKE_OVER.toNanos();
    }

    private boolean hasMembers() {
        try (Admin admin = Admin.create(kafka.admin())) {
            return !admin.describeConsumerGroups(List.of(name()))
                    .describedGroups()
                    .get(name())
                    .get()
                    .members()
                    .isEmpty();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof GroupIdNotFoundException) {
                return false;
            }
            throw new TransientException(
                    "whether encoders are at work is not known: " + e.getCause().getMessage(), e);
        } catch (KafkaException e) {
            throw new TransientException(
                    "whether encoders are at work is not known: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TransientException("interrupted", e);
        }
    }

    /** The same line as long as it waits for the same. */
    private String waits(Optional<String> model) {
        return model.map(
                                other ->
                                        "this worker has model %s, deployed is %s: it takes nothing and waits; start it with %2$s, or stop the encoders that have %2$s, and what is unfinished is drawn again with the model of those that come next"
                                                .formatted(stage.bundle(), other))
                        .orElseGet(
                                () ->
                                        "this worker has model %s and met work of another, and no encoder has said which one is deployed: it waits; start the encoders of this version"
                                                .formatted(stage.bundle()))
                + met;
    }

    @Override
    public void process(List<I> batch, Outbox out) {
        Optional<String> model = deployed.current();
        if (model.isPresent() && !model.get().equals(stage.bundle())) {
            throw leave(model, batch);
        }
        List<Integer> ours = new ArrayList<>();
        List<Integer> others = new ArrayList<>();
        for (int i = 0; i < batch.size(); i++) {
            (isOurs(batch.get(i), model) ? ours : others).add(i);
        }
        if (others.isEmpty()) {
            captions.forget();
            stage.process(batch, out);
            return;
        }
        model = deployed.latest();
        if (!model.equals(Optional.of(stage.bundle()))) {
            throw leave(model, others.stream().map(batch::get).toList());
        }
        captions.readOn();
        for (int i : others) {
            if (!sendAgain(i, batch.get(i), out)) {
                ours.add(i);
            }
        }
        Outbox inner = new Outbox(out::keepGoing);
        if (!ours.isEmpty()) {
            stage.process(ours.stream().map(batch::get).toList(), inner);
        }
        for (Outbox.Output output : inner.outputs()) {
            out.add(
                    new Outbox.Output(
                            ours.get(output.index()),
                            output.topic(),
                            output.key(),
                            output.event()));
        }
        inner.rejections().forEach((index, cause) -> out.reject(ours.get(index), cause));
    }

    /** An event of unknown origin may be ours only where no encoder says which bundle it has. */
    private boolean isOurs(I event, Optional<String> model) {
        String madeBy = stage.madeBy(event);
        return madeBy == null ? model.isEmpty() : madeBy.equals(stage.bundle());
    }

    private WrongBundleException leave(Optional<String> model, List<I> events) {
        List<String> ids =
                events.stream().map(event -> stage.request(event).getJobId()).distinct().toList();
        met =
                " (met work of job %s%s; nocturne cancel JOB ends one)"
                        .formatted(
                                ids.stream().limit(NAMED_JOBS).collect(Collectors.joining(", ")),
                                ids.size() > NAMED_JOBS ? " and others" : "");
        aloneSinceNanos = null;
        return new WrongBundleException(waits(model));
    }

    /**
     * @return false if nothing says that it is not ours, and nothing else can be done with it
     */
    private boolean sendAgain(int index, I event, Outbox out) {
        RequestRef request = stage.request(event);
        String madeBy = stage.madeBy(event);
        var caption = captions.find(request);
        if (caption.isEmpty() && madeBy == null) {
            return false;
        }
        if (caption.isEmpty()) {
            out.reject(
                    index,
                    new PermanentException(
                            ReasonCodes.OTHER_MODEL,
                            "made by model %s, this worker has %s, and its caption is not in %s: start the workers with the first, or paint the caption again"
                                    .formatted(madeBy, stage.bundle(), Topics.CAPTIONS.name())));
        } else if (stage.isLastOfRequest(event)) {
            out.send(index, Topics.CAPTIONS, request, caption.get());
            LOG.info(
                    "STG-21 {}: {}/{} was made by model {}: its caption goes to the encoders with {}",
                    name(),
                    request.getJobId(),
                    request.getRequestId(),
                    madeBy == null ? "unknown" : madeBy,
                    stage.bundle());
        }
        return true;
    }

    // ---- the stage's own

    @Override
    public String name() {
        return stage.name();
    }

    @Override
    public Topic<I> input() {
        return stage.input();
    }

    @Override
    public I decode(ConsumerRecord<byte[], byte[]> record) throws MalformedEventException {
        return stage.decode(record);
    }

    @Override
    public List<ProducerRecord<byte[], byte[]>> encode(
            Topic<?> topic, String key, SpecificRecord event) {
        return stage.encode(topic, key, event);
    }

    @Override
    public RequestRef request(I event) {
        return stage.request(event);
    }

    @Override
    public Optional<Violation> validate(I event) {
        return stage.validate(event);
    }

    @Override
    public int maxBatch() {
        return stage.maxBatch();
    }

    @Override
    public int take(List<I> waiting) {
        return stage.take(waiting);
    }

    @Override
    public int fill(List<I> taken, List<I> waiting) {
        return stage.fill(taken, waiting);
    }

    @Override
    public void selfTest() {
        stage.selfTest();
    }

    @Override
    public void close() {
        deployed.close();
        captions.close();
        stage.close();
    }
}
