package dev.nocturne.runtime;

import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.RequestRef;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.ReasonCodes;
import dev.nocturne.schemas.Topic;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** Sends every caption on as it is, and does what some captions say. */
class EchoStage implements Stage<CaptionSubmitted> {

    /** Rejected through the outbox. */
    static final String REJECT = "reject me";

    /** Makes the whole call fail. */
    static final String BUG = "bring a bug to light";

    /** Likewise, with an Error. */
    static final String OVERFLOW = "overflow the stack";

    private final Topic<CaptionSubmitted> input;
    private final Topic<CaptionSubmitted> output;
    final AtomicInteger calls = new AtomicInteger();

    EchoStage(Topic<CaptionSubmitted> input, Topic<CaptionSubmitted> output) {
        this.input = input;
        this.output = output;
    }

    @Override
    public String name() {
        return "echo-" + input.name();
    }

    @Override
    public Topic<CaptionSubmitted> input() {
        return input;
    }

    @Override
    public RequestRef request(CaptionSubmitted caption) {
        return new RequestRef(
                caption.getJobId(),
                Ids.requestId(caption.getJobId(), caption.getCustomId()),
                caption.getCustomId(),
                caption.getCaption());
    }

    @Override
    public int maxBatch() {
        return 100;
    }

    @Override
    public void process(List<CaptionSubmitted> batch, Outbox out) {
        calls.incrementAndGet();
        for (int i = 0; i < batch.size(); i++) {
            CaptionSubmitted caption = batch.get(i);
            switch (caption.getCaption()) {
                case REJECT ->
                        out.reject(
                                i,
                                new PermanentException(
                                        ReasonCodes.INVALID_CAPTION, "as it asked for"));
                case BUG -> throw new IllegalStateException("a bug");
                case OVERFLOW -> throw new StackOverflowError();
                default -> out.send(i, output, request(caption), caption);
            }
        }
    }
}
