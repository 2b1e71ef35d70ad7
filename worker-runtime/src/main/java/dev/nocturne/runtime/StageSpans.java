package dev.nocturne.runtime;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.RequestRef;
import dev.nocturne.runtime.Batch.Input;
import dev.nocturne.runtime.Batch.Processed;
import dev.nocturne.runtime.telemetry.Tracing;
import dev.nocturne.schemas.Topics;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.TextMapGetter;
import java.time.Duration;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;

/**
 * The spans of a batch at work: one of its own, which is linked with the requests' first spans, and
 * one in each request's trace, which is linked with the batch's. Attributes are named as in
 * OpenTelemetry's conventions for messaging. Nothing at all if tracing is off.
 */
final class StageSpans<I extends SpecificRecord> {

    /** The header, in W3C's Trace Context, by which a client says which span of its own sent it. */
    private static final String CLIENT = "traceparent";

    private static final TextMapGetter<Headers> HEADERS =
            new TextMapGetter<>() {
                @Override
                public Iterable<String> keys(Headers headers) {
                    return List.of(CLIENT);
                }

                @Override
                public String get(Headers headers, String key) {
                    Header header = headers == null ? null : headers.lastHeader(key);
                    return header == null || header.value() == null
                            ? null
                            : new String(header.value(), UTF_8);
                }
            };

    private final Span batch;
    private final Map<Input<I>, Span> spans = new IdentityHashMap<>();

    /**
     * @param inputs readable ones, whose work begins now
     */
    StageSpans(Stage<I> stage, List<Input<I>> inputs) {
        List<Input<I>> traced =
                Tracing.isOn()
                        ? inputs.stream().filter(input -> input.request() != null).toList()
                        : List.of();
        if (traced.isEmpty()) {
            batch = Span.getInvalid();
            return;
        }
        List<RequestRef> requests = traced.stream().map(Input::request).toList();
        batch = Tracing.batch(stage.name() + " batch", requests);
        batch.setAttribute("messaging.batch.message_count", traced.size());
        for (Input<I> input : traced) {
            if (stage.input().equals(Topics.CAPTIONS)
                    && input.event() instanceof CaptionSubmitted caption) {
                SpanContext client = client(input.record().headers());
                Tracing.submitted(input.request(), caption.getSubmittedAt(), client);
            }
            spans.put(input, begin(stage, input));
        }
    }

    private Span begin(Stage<I> stage, Input<I> input) {
        ConsumerRecord<?, ?> record = input.record();
        Duration waited = Duration.ofMillis(System.currentTimeMillis() - record.timestamp());
        return Tracing.of(input.request(), stage.name())
                .addLink(batch.getSpanContext())
                .setAttribute("messaging.system", "kafka")
                .setAttribute("messaging.operation.type", "process")
                .setAttribute("messaging.consumer.group.name", stage.name())
                .setAttribute("messaging.destination.name", record.topic())
                .setAttribute(
                        "messaging.destination.partition.id", Integer.toString(record.partition()))
                .setAttribute("messaging.kafka.offset", record.offset())
                .setAttribute("nocturne.queue.seconds", waited.toMillis() / 1e3);
    }

    private static SpanContext client(Headers headers) {
        Context context =
                W3CTraceContextPropagator.getInstance().extract(Context.root(), headers, HEADERS);
        return Span.fromContext(context).getSpanContext();
    }

    /** The client's span goes with what follows from its record. */
    static void forward(ConsumerRecord<?, ?> from, ProducerRecord<?, ?> to) {
        Header client = Tracing.isOn() ? from.headers().lastHeader(CLIENT) : null;
        if (client != null) {
            to.headers().add(client);
        }
    }

    /** The work has ended. */
    void end(List<Processed<I>> outcomes) {
        for (Processed<I> outcome : outcomes) {
            Span span = spans.getOrDefault(outcome.input(), Span.getInvalid());
            outcome.rejection()
                    .ifPresent(
                            cause -> {
                                span.setStatus(StatusCode.ERROR, cause.getMessage());
                                span.setAttribute("error.type", cause.reasonCode());
                            });
        }
        endAll();
    }

    /** The batch comes again, or nobody wants it any more. */
    void fail(Throwable e) {
        batch.setStatus(StatusCode.ERROR, StageException.oneLine(e));
        spans.values().forEach(span -> span.setStatus(StatusCode.ERROR, "the batch has failed"));
        endAll();
    }

    private void endAll() {
        spans.values().forEach(Span::end);
        batch.end();
    }
}
