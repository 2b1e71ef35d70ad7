package dev.nocturne.ingest.rest;

import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.NewCookie;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import java.time.Clock;

/**
 * Lets the page in: its live events and its pictures cannot carry a key in a header, so it changes
 * the key for a cookie that scripts cannot read and that no other site can send.
 */
@Path("/v1/session")
@Produces(MediaType.APPLICATION_JSON)
public class SessionResource {

    static final String COOKIE = "nocturne-session";

    private final Doors doors;
    private final Clock clock = Clock.systemUTC();

    SessionResource(Doors doors) {
        this.doors = doors;
    }

    @JsonNaming(SnakeCaseStrategy.class)
    record Session(String object, boolean keyNeeded) {}

    /** Whoever gets an answer is let in; whether that needed a key. */
    @GET
    public Session session() {
        return new Session("session", !doors.keys().areNone());
    }

    /** Who comes here with a cookie alone gets no new one. */
    @POST
    public Response open(
            @HeaderParam(HttpHeaders.AUTHORIZATION) String authorization, @Context UriInfo uri) {
        Response.ResponseBuilder response = Response.ok(session());
        if (authorization != null) {
            String key = authorization.strip().replaceFirst("^\\S+ +", "");
            doors.keys()
                    .newSession(key, clock.instant())
                    .ifPresent(
                            token ->
                                    response.cookie(
                                            cookie(token, (int) ApiKeys.SESSION.toSeconds(), uri)));
        }
        return response.build();
    }

    @DELETE
    public Response close(@Context UriInfo uri) {
        return Response.noContent().cookie(cookie("", 0, uri)).build();
    }

    private static NewCookie cookie(String value, int maxAgeSeconds, UriInfo uri) {
        return new NewCookie.Builder(COOKIE)
                .value(value)
                .path("/")
                .maxAge(maxAgeSeconds)
                .httpOnly(true)
                .sameSite(NewCookie.SameSite.STRICT)
                .secure(ApiUrl.of(uri).startsWith("https:"))
                .build();
    }
}
