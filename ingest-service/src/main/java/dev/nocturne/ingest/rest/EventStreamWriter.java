package dev.nocturne.ingest.rest;

import io.vertx.core.Vertx;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.MultivaluedMap;
import jakarta.ws.rs.ext.Provider;
import java.io.OutputStream;
import java.lang.annotation.Annotation;
import java.lang.reflect.Type;
import java.time.Duration;
import org.jboss.resteasy.reactive.server.core.ResteasyReactiveRequestContext;
import org.jboss.resteasy.reactive.server.spi.ResteasyReactiveResourceInfo;
import org.jboss.resteasy.reactive.server.spi.ServerHttpResponse;
import org.jboss.resteasy.reactive.server.spi.ServerMessageBodyWriter;
import org.jboss.resteasy.reactive.server.spi.ServerRequestContext;

/** Writes {@link EventStream}s: the request is put aside until they are over. */
@Provider
public class EventStreamWriter implements ServerMessageBodyWriter<EventStream> {

    /** Proxies give up a silent connection after a minute, some after half of one. */
    private static final Duration KEEP_ALIVE = Duration.ofSeconds(15);

    private final Vertx vertx;

    public EventStreamWriter(Vertx vertx) {
        this.vertx = vertx;
    }

    @Override
    public boolean isWriteable(
            Class<?> type, Type generic, ResteasyReactiveResourceInfo target, MediaType mediaType) {
        return EventStream.class == type;
    }

    @Override
    public boolean isWriteable(
            Class<?> type, Type generic, Annotation[] annotations, MediaType mediaType) {
        return EventStream.class == type;
    }

    @Override
    public void writeResponse(EventStream events, Type generic, ServerRequestContext context) {
        ResteasyReactiveRequestContext request = (ResteasyReactiveRequestContext) context;
        request.suspend();
        ServerHttpResponse response = context.serverResponse();
        response.setChunked(true);
        long timer = vertx.setPeriodic(KEEP_ALIVE.toMillis(), id -> events.keepAlive());
        events.begin(
                response,
                () -> {
                    vertx.cancelTimer(timer);
                    request.resume();
                });
    }

    @Override
    public void writeTo(
            EventStream events,
            Class<?> type,
            Type generic,
            Annotation[] annotations,
            MediaType mediaType,
            MultivaluedMap<String, Object> headers,
            OutputStream out) {
        throw new UnsupportedOperationException("events are written as they come");
    }
}
