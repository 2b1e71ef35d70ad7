package dev.nocturne.ingest.rest;

import io.quarkus.vertx.http.runtime.filters.Filters;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.ws.rs.container.ContainerResponseContext;
import java.time.Duration;
import java.util.Set;
import java.util.UUID;
import org.jboss.logging.Logger;
import org.jboss.logging.MDC;
import org.jboss.resteasy.reactive.server.ServerResponseFilter;

/**
 * Every request has an id, which its answer has as {@code x-request-id} and every line that is
 * logged about it as {@code request}; one line says how it was answered.
 */
@ApplicationScoped
class RequestLog {

    static final String HEADER = "x-request-id";

    /** Of the lines' context, for the format of logs. */
    static final String CONTEXT = "httpRequest";

    private static final Logger LOG = Logger.getLogger(RequestLog.class);
    private static final String ID = RequestLog.class.getName() + ".id";
    private static final String CODE = RequestLog.class.getName() + ".code";
    private static final Set<HttpMethod> READS =
            Set.of(HttpMethod.GET, HttpMethod.HEAD, HttpMethod.OPTIONS);

    /** Probes ask all the time, and not being ready is told by the service itself. */
    private static final String PROBES = "/q/";

    private static final int LONGEST_PATH = 200;

    /** Before the doors, so that refusals have an id, too. */
    private static final int FIRST = 110;

    void register(@Observes Filters filters) {
        filters.register(
                context -> {
                    begin(context);
                    context.next();
                },
                FIRST);
    }

    /** Does nothing the second time; some requests are refused before they come to any filter. */
    static void begin(RoutingContext context) {
        if (context.get(ID) != null) {
            return;
        }
        String id = "req_" + UUID.randomUUID().toString().replace("-", "");
        long startNanos = System.nanoTime();
        context.put(ID, id);
        context.response().putHeader(HEADER, id);
        MDC.put(CONTEXT, id);
        context.addEndHandler(
                end -> {
                    MDC.put(CONTEXT, id);
                    Duration taken = Duration.ofNanos(System.nanoTime() - startNanos);
                    log(context, end.succeeded(), taken);
                });
    }

    /** Why it was refused, by the code that the caller gets. */
    static void note(RoutingContext context, String code) {
        context.put(CODE, code);
    }

    @ServerResponseFilter
    void note(ContainerResponseContext response, RoutingContext context) {
        if (response.getEntity() instanceof ErrorResponses.Body refused) {
            note(context, refused.error().code());
        }
    }

    private static void log(RoutingContext context, boolean wasSent, Duration taken) {
        HttpServerRequest request = context.request();
        int status = context.response().getStatusCode();
        String path = String.valueOf(request.path());
        String code = context.get(CODE);
        LOG.logf(
                level(request, path, status, wasSent),
                "API-02 %s %s %s %d ms",
                request.method(),
                path.substring(0, Math.min(path.length(), LONGEST_PATH)),
                wasSent
                        ? "%d%s in".formatted(status, code == null ? "" : " " + code)
                        : "broke off after",
                taken.toMillis());
    }

    private static Logger.Level level(
            HttpServerRequest request, String path, int status, boolean wasSent) {
        boolean isRead = READS.contains(request.method());
        if (!wasSent && isRead || path.startsWith(PROBES)) {
            return Logger.Level.DEBUG;
        }
        if (status >= 500) {
            return Logger.Level.WARN;
        }
        return isRead && status < 400 ? Logger.Level.DEBUG : Logger.Level.INFO;
    }
}
