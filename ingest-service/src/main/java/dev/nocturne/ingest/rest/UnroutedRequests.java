package dev.nocturne.ingest.rest;

import io.quarkus.vertx.http.runtime.filters.Filters;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.RejectedExecutionException;
import java.util.regex.Pattern;
import org.jboss.logging.Logger;

/**
 * Answers what no resource answers, in the form of the API's errors; and what a description tells
 * of a request is checked before a resource sees it.
 */
@ApplicationScoped
class UnroutedRequests {

    private static final Logger LOG = Logger.getLogger(UnroutedRequests.class);

    /** After the doors: who may not come in learns nothing of what is there. */
    private static final int AFTER_DOORS = 80;

    private static final int BUSY_RETRY_SECONDS = 5;

    /** The page, health and metrics are there to be read. */
    private static final Pattern READ_ONLY = Pattern.compile("/|/index\\.html|/page/.*|/q/.*");

    private static final Routes.Route READ =
            new Routes.Route(new TreeSet<>(Set.of("GET", "HEAD", "OPTIONS")), Map.of());

    private final Routes routes = Routes.own();

    void register(@Observes Filters filters) {
        filters.register(this::check, AFTER_DOORS);
    }

    void register(@Observes Router router) {
        router.route().order(-AFTER_DOORS).failureHandler(UnroutedRequests::fail);
        for (int status : new int[] {400, 404, 406, 415}) {
            router.errorHandler(status, context -> refuse(context, status));
        }
    }

    private void check(RoutingContext context) {
        String path = context.normalizedPath();
        Optional<Routes.Route> route =
                READ_ONLY.matcher(path).matches() ? Optional.of(READ) : routes.find(path);
        HttpMethod method = context.request().method();
        if (route.isEmpty()) {
            context.next();
        } else if (method == HttpMethod.OPTIONS || !route.get().methods().contains(method.name())) {
            context.response()
                    .putHeader(HttpHeaders.ALLOW, String.join(", ", route.get().methods()));
            if (method == HttpMethod.OPTIONS) {
                context.response().setStatusCode(204).end();
            } else {
                refuse(context, 405);
            }
        } else {
            route.get()
                    .fault(method.name(), context.queryParams()::getAll)
                    .ifPresentOrElse(problem -> Refusal.send(context, 400, problem), context::next);
        }
    }

    private static void refuse(RoutingContext context, int status) {
        Refusal.send(context, status, HttpProblems.code(status), HttpProblems.message(status));
    }

    private static void fail(RoutingContext context) {
        if (context.response().headWritten()) {
            context.next(); // the connection is closed, which says that the answer is not whole
            return;
        }
        Throwable failure = context.failure();
        if (failure instanceof RejectedExecutionException) {
            context.response().putHeader(HttpHeaders.RETRY_AFTER, "" + BUSY_RETRY_SECONDS);
            Refusal.send(
                    context, 503, "busy", "all threads are at work: try again in a few seconds");
            return;
        }
        int status = context.statusCode() >= 400 ? context.statusCode() : 500;
        if (failure != null && status >= 500) {
            LOG.error("API-03 a defect of this service", failure);
        }
        refuse(context, status);
    }
}
