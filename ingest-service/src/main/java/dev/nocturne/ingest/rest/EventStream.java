package dev.nocturne.ingest.rest;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayDeque;
import java.util.Queue;
import org.jboss.resteasy.reactive.server.spi.ServerHttpResponse;

/**
 * The body of an answer: server-sent events (WHATWG HTML, section 9.2), each written when it comes.
 * An event that comes before the head of the answer is written after it; one that comes when the
 * caller has gone, or after the end, is dropped. Used by any thread; none waits.
 */
final class EventStream {

    private static final byte[] COMMENT = ":\n\n".getBytes(UTF_8);

    private final ObjectMapper json;
    private final Queue<byte[]> early = new ArrayDeque<>();

    // guarded by this, as the one above
    private ServerHttpResponse response; // null until the head is written
    private Runnable whenOver;
    private boolean ended; // by us
    private boolean over; // and the answer, too

    EventStream(ObjectMapper json) {
        this.json = json;
    }

    /** One line of JSON holds no line break, so it is one line of data. */
    synchronized void send(String event, Object data) {
        if (ended) {
            return;
        }
        try {
            write("event: %s\ndata: %s\n\n".formatted(event, json.writeValueAsString(data)));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private void write(String text) {
        early.add(text.getBytes(UTF_8));
        flush();
    }

    synchronized void end() {
        ended = true;
        flush();
    }

    /** For whoever takes silence for a dead connection. */
    synchronized void keepAlive() {
        early.add(COMMENT);
        flush();
    }

    /**
     * Writes what there is, and from now on what comes.
     *
     * @param whenOver is called once: the answer has ended, or the caller has gone
     */
    synchronized void begin(ServerHttpResponse response, Runnable whenOver) {
        this.response = response;
        this.whenOver = whenOver;
        response.addCloseHandler(this::close);
        keepAlive(); // the caller sees the head at once
    }

    private void flush() {
        if (response == null || over) {
            return;
        }
        for (byte[] next = early.poll(); next != null; next = early.poll()) {
            response.write(next);
        }
        if (ended) {
            response.end();
            close();
        }
    }

    private synchronized void close() {
        ended = true;
        early.clear();
        if (!over) {
            over = true;
            whenOver.run();
        }
    }
}
