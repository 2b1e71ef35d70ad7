package dev.nocturne.ingest.rest;

import dev.nocturne.runtime.FatalException;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.runtime.configuration.MemorySize;
import io.quarkus.vertx.http.runtime.filters.Filters;
import io.vertx.core.MultiMap;
import io.vertx.core.http.Cookie;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.HostAndPort;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.net.URI;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;

/**
 * Who comes in: requests to a name of this service, writes of its own page or of no browser, and,
 * if there are keys, callers that have one. Called on event loops, before any other code.
 */
@ApplicationScoped
class Doors {

    private static final Logger LOG = Logger.getLogger(Doors.class);

    /** After the headers that every answer has, refusals too. */
    private static final int EARLY = 90;

    private static final Set<HttpMethod> READS =
            Set.of(HttpMethod.GET, HttpMethod.HEAD, HttpMethod.OPTIONS);
    private static final Pattern ABSOLUTE = Pattern.compile("[A-Za-z][\\w+.-]*://([^/?#]*).*");
    private static final Pattern BEARER = Pattern.compile("(?i)Bearer +(\\S+) *");
    private static final Pattern HEALTH = Pattern.compile("/q/health(/.*)?");
    private static final String METRICS = "/q/metrics";

    /** The page must be there to ask for the key; it has no secret. */
    private static final Pattern PAGE = Pattern.compile("/|/index\\.html|/page/[\\w.-]+");

    private final ApiKeys keys;
    private final HostNames names;
    private final Optional<URI> publicUrl;
    private final boolean metricsNeedKey;
    private final String listensOn;
    private final BodyLimits bodies;
    private final Clock clock = Clock.systemUTC();

    /**
     * @throws FatalException if a setting is wrong
     */
    Doors(
            ApiConfig config,
            @ConfigProperty(name = "quarkus.http.host") String listensOn,
            @ConfigProperty(name = "quarkus.http.limits.max-body-size") MemorySize mostBytes) {
        this.bodies = new BodyLimits(mostBytes.asLongValue());
        this.keys = ApiKeys.of(config.key().orElse(null));
        this.publicUrl = config.publicUrl().map(ApiUrl::parse);
        List<String> named = new ArrayList<>(config.hosts().orElse(List.of()));
        publicUrl.ifPresent(url -> named.add(url.getHost()));
        this.names = new HostNames(named);
        this.metricsNeedKey = config.metricsNeedKey();
        this.listensOn = listensOn;
    }

    ApiKeys keys() {
        return keys;
    }

    void register(@Observes Filters filters) {
        filters.register(this::admit, EARLY);
    }

    /**
     * The router itself fails a request whose host is missing or no host; it then gets no filter.
     */
    void register(@Observes Router router) {
        router.route()
                .order(-EARLY)
                .failureHandler(
                        context -> {
                            if (context.request().authority() == null) {
                                refuseHost(context);
                            } else {
                                context.next();
                            }
                        });
    }

    void start(@Observes StartupEvent event) {
        exposure(listensOn, keys).ifPresent(LOG::warn);
    }

    /** What a person should know of a service that others reach; empty if nothing. */
    static Optional<String> exposure(String listensOn, ApiKeys keys) {
        if (!keys.areNone() || new HostNames(List.of()).allow(listensOn)) {
            return Optional.empty();
        }
        return Optional.of(
                "API-01 listens on %s without %s: whoever reaches it can read and submit everything; set a key, or QUARKUS_HTTP_HOST=127.0.0.1"
                        .formatted(listensOn, ApiConfig.KEY_VARIABLE));
    }

    private void admit(RoutingContext context) {
        HttpServerRequest request = context.request();
        String path = context.normalizedPath();
        boolean isProbe = HEALTH.matcher(path).matches() || path.equals(METRICS);
        if (!isProbe && !isForUs(request)) {
            refuseHost(context);
        } else if (!READS.contains(request.method()) && isForeign(request)) {
            Refusal.send(
                    context,
                    403,
                    "foreign_origin",
                    "a page of another site sends this request, which only this service's own page may: behind a proxy that changes the host, set %s"
                            .formatted(ApiConfig.PUBLIC_URL_VARIABLE));
        } else if (needsKey(request, path) && !isKnown(request)) {
            context.response().putHeader("WWW-Authenticate", "Bearer");
            Refusal.send(
                    context,
                    401,
                    "invalid_api_key",
                    request.headers().contains(HttpHeaders.AUTHORIZATION)
                            ? "the API key is not right: send one that this service was started with"
                            : "an API key is needed: send it as Authorization: Bearer KEY");
        } else {
            bodies.admit(context);
        }
    }

    private static void refuseHost(RoutingContext context) {
        Refusal.send(
                context,
                421,
                "unknown_host",
                "the request is for a host that this service does not know as itself: use its name, or add the name to %s"
                        .formatted(ApiConfig.HOSTS_VARIABLE));
    }

    /** By every name of the host that a request may have. */
    private boolean isForUs(HttpServerRequest request) {
        HostAndPort authority = request.authority();
        if (authority == null || request.headers().getAll(HttpHeaders.HOST).size() > 1) {
            return false;
        }
        // a request to a proxy names the host in its first line, which then counts
        Matcher absolute = ABSOLUTE.matcher(request.uri());
        return names.allow(authority.host())
                && (!absolute.matches() || names.allow(absolute.group(1)));
    }

    /** Programs tell no origin; browsers always do, and no page can make them lie. */
    private boolean isForeign(HttpServerRequest request) {
        MultiMap headers = request.headers();
        return !headers.getAll(HttpHeaders.ORIGIN).stream()
                        .allMatch(origin -> isOwn(origin, request))
                || !Set.of("same-origin", "none").containsAll(headers.getAll("Sec-Fetch-Site"));
    }

    private boolean isOwn(String origin, HttpServerRequest request) {
        return Origins.isOf(origin, request.authority().toString())
                || publicUrl.isPresent() && Origins.isOf(origin, publicUrl.get().getAuthority());
    }

    private boolean needsKey(HttpServerRequest request, String path) {
        if (keys.areNone() || HEALTH.matcher(path).matches()) {
            return false;
        }
        if (path.equals(METRICS)) {
            return metricsNeedKey;
        }
        return !(READS.contains(request.method()) && PAGE.matcher(path).matches());
    }

    /** A cookie is sent by browsers only, so what it writes must come from the page for certain. */
    private boolean isKnown(HttpServerRequest request) {
        String authorization = request.getHeader(HttpHeaders.AUTHORIZATION);
        if (authorization != null) {
            Matcher bearer = BEARER.matcher(authorization);
            return bearer.matches() && keys.has(bearer.group(1));
        }
        Cookie session = request.getCookie(SessionResource.COOKIE);
        return session != null
                && keys.isSession(session.getValue(), clock.instant())
                && (READS.contains(request.method())
                        || request.headers().contains(HttpHeaders.ORIGIN)
                        || request.headers().contains("Sec-Fetch-Site"));
    }
}
