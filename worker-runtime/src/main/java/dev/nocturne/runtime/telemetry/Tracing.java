package dev.nocturne.runtime.telemetry;

import dev.nocturne.events.RequestRef;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.sdk.autoconfigure.AutoConfiguredOpenTelemetrySdk;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Spans of the pipeline, for a collector that speaks OTLP. A request is one trace: its first span
 * lasts from its submission until an encoder takes it, and the spans of the stages are its
 * children. No record carries this, for the ids follow from the request, see {@link RequestIds}.
 *
 * <p>Off until a collector is named as the OpenTelemetry specification has it, by {@code
 * OTEL_EXPORTER_OTLP_ENDPOINT} or {@code OTEL_EXPORTER_OTLP_TRACES_ENDPOINT}; its other variables
 * work, too. Spans that cannot be sent are dropped: nothing waits for a collector.
 */
public final class Tracing {

    private static final String SCOPE = "dev.nocturne";
    private static final List<String> ENDPOINTS =
            List.of("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
    private static final String DISABLED = "OTEL_SDK_DISABLED";

    private static volatile Tracing current; // null: off

    private final RequestIds ids = new RequestIds();
    private final SdkTracerProvider provider;
    private final Tracer tracer;

    private Tracing(String service) {
        // only traces are sent: metrics are scraped, logs are read where they are written
        Map<String, String> defaults =
                Map.of(
                        "otel.service.name", service,
                        "otel.metrics.exporter", "none",
                        "otel.logs.exporter", "none");
        provider =
                AutoConfiguredOpenTelemetrySdk.builder()
                        .addPropertiesSupplier(() -> defaults)
                        .addTracerProviderCustomizer(
                                (builder, config) -> builder.setIdGenerator(ids))
                        .disableShutdownHook()
                        .build()
                        .getOpenTelemetrySdk()
                        .getSdkTracerProvider();
        tracer = provider.get(SCOPE);
    }

    /**
     * Of this process, until {@link #stop}. Does nothing if no collector is named.
     *
     * @param service its name there, unless {@code OTEL_SERVICE_NAME} gives another
     */
    static void start(String service) {
        boolean isDisabled = setting(DISABLED).map(Boolean::parseBoolean).orElse(false);
        if (!isDisabled && ENDPOINTS.stream().anyMatch(name -> setting(name).isPresent())) {
            current = new Tracing(service);
        }
    }

    /** Sends what is left, for as long as the exporter's timeout at most. */
    static void stop() {
        Tracing stopped = current;
        current = null;
        if (stopped != null) {
            stopped.provider.close();
        }
    }

    /** From the environment, or from the system property that stands for it in Java. */
    private static Optional<String> setting(String variable) {
        String property = variable.toLowerCase(Locale.ROOT).replace('_', '.');
        return Stream.of(System.getProperty(property), System.getenv(variable))
                .filter(value -> value != null && !value.isBlank())
                .findFirst();
    }

    public static boolean isOn() {
        return current != null;
    }

    /**
     * A span that is a trace of its own; one that does nothing if tracing is off. To be ended.
     *
     * @param requests what it works on, as its links
     */
    public static Span batch(String name, List<RequestRef> requests) {
        Tracing on = current;
        if (on == null) {
            return Span.getInvalid();
        }
        SpanBuilder span = on.tracer.spanBuilder(name).setSpanKind(SpanKind.CONSUMER).setNoParent();
        requests.forEach(request -> span.addLink(RequestIds.first(request)));
        return span.startSpan();
    }

    /** A span of the request's trace; one that does nothing if tracing is off. To be ended. */
    public static Span of(RequestRef request, String name) {
        Tracing on = current;
        if (on == null) {
            return Span.getInvalid();
        }
        Context parent = Context.root().with(Span.wrap(RequestIds.first(request)));
        return named(on.tracer.spanBuilder(name).setParent(parent), request).startSpan();
    }

    /**
     * The request's first span, which ends now. Does nothing if tracing is off.
     *
     * @param client the submitter's own span; invalid if there is none
     */
    public static void submitted(RequestRef request, Instant submittedAt, SpanContext client) {
        Tracing on = current;
        if (on == null) {
            return;
        }
        SpanBuilder span =
                named(on.tracer.spanBuilder("request").setNoParent(), request)
                        .setStartTimestamp(submittedAt);
        if (client.isValid()) {
            span.addLink(client);
        }
        on.ids.with(RequestIds.first(request), span::startSpan).end();
    }

    private static SpanBuilder named(SpanBuilder span, RequestRef request) {
        return span.setSpanKind(SpanKind.CONSUMER)
                .setAttribute("nocturne.job", request.getJobId())
                .setAttribute("nocturne.request", request.getRequestId());
    }
}
