package dev.nocturne.ingest.rest;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nocturne.ingest.Problem;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.RoutingContext;
import java.util.List;

/** An answer that is given before the API is reached, in the form of its errors. */
final class Refusal {

    private static final ObjectMapper JSON = new ObjectMapper();

    private Refusal() {}

    static void send(RoutingContext context, int status, String code, String message) {
        send(context, status, new Problem(null, null, code, message));
    }

    static void send(RoutingContext context, int status, Problem problem) {
        RequestLog.begin(context);
        RequestLog.note(context, problem.code());
        HttpServerRequest request = context.request();
        if (!request.isEnded()) {
            request.resume(); // what is left of the body goes nowhere
        }
        context.response()
                .setStatusCode(status)
                .putHeader(HttpHeaders.CONTENT_TYPE, "application/json")
                .end(body(status, problem));
    }

    private static String body(int status, Problem problem) {
        try {
            return JSON.writeValueAsString(ErrorResponses.body(status, List.of(problem)));
        } catch (JsonProcessingException e) {
            throw new AssertionError("strings can be written as JSON", e);
        }
    }
}
