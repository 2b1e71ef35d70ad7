package dev.nocturne.ingest.rest;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nocturne.ingest.api.ChangeFeed;
import dev.nocturne.ingest.api.IngestApi;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.sse.Sse;
import jakarta.ws.rs.sse.SseEventSink;
import java.util.concurrent.atomic.AtomicInteger;

/** What changes, as server-sent events; no thread waits for the next one. */
@Path("/v1/events")
public class EventsResource {

    private final IngestApi api;
    private final ObjectMapper json;

    public EventsResource(IngestApi api, ObjectMapper json) {
        this.api = api;
        this.json = json;
    }

    @GET
    @Produces(MediaType.SERVER_SENT_EVENTS)
    public void follow(@Context SseEventSink sink, @Context Sse sse) {
        api.changes().add(new Stream(sink, sse));
    }

    private final class Stream implements ChangeFeed.Subscriber {

        private final SseEventSink sink;
        private final Sse sse;
        private final AtomicInteger unsent = new AtomicInteger();

        Stream(SseEventSink sink, Sse sse) {
            this.sink = sink;
            this.sse = sse;
        }

        @Override
        public boolean isOpen() {
            return !sink.isClosed();
        }

        @Override
        public boolean isReady() {
            return unsent.get() == 0;
        }

        @Override
        public void send(String event, Object data) {
            String text;
            try {
                text = json.writeValueAsString(data);
            } catch (JsonProcessingException e) {
                throw new IllegalStateException(e);
            }
            unsent.incrementAndGet();
            sink.send(sse.newEventBuilder().name(event).data(text).build())
                    .whenComplete((done, error) -> unsent.decrementAndGet());
        }

        @Override
        public void close() {
            sink.close();
        }
    }
}
