package dev.nocturne.ingest.rest;

import dev.nocturne.ingest.api.IngestApi;
import dev.nocturne.ingest.webhook.WebhookEndpoints;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.io.IOException;
import java.io.InputStream;

/** Where ends of batches are posted, in the form of OpenAI's Webhook Endpoints API. */
@Path("/v1/webhook_endpoints")
@Produces(MediaType.APPLICATION_JSON)
@Consumes(MediaType.WILDCARD)
public class WebhookEndpointsResource {

    private final WebhookEndpoints endpoints;

    public WebhookEndpointsResource(IngestApi api) {
        this.endpoints = api.webhookEndpoints();
    }

    @GET
    public Page<WebhookEndpoints.Endpoint> endpoints() {
        return Page.of(endpoints.all(), 1, WebhookEndpoints.Endpoint::id);
    }

    @GET
    @Path("{id}")
    public WebhookEndpoints.Endpoint endpoint(String id) {
        return endpoints.endpoint(id);
    }

    @POST
    @Path("{id}/test")
    public WebhookEndpoints.Test test(String id, InputStream body) throws IOException {
        return endpoints.test(id, JsonBody.read(body).path("event_type").asText(null));
    }

    /** Refused, as are the next three. */
    @POST
    public WebhookEndpoints.Endpoint create() {
        throw endpoints.refusal();
    }

    @POST
    @Path("{id}")
    public WebhookEndpoints.Endpoint update(String id) {
        throw endpoints.refusal();
    }

    @POST
    @Path("{id}/rotate_secret")
    public WebhookEndpoints.Endpoint rotateSecret(String id) {
        throw endpoints.refusal();
    }

    @DELETE
    @Path("{id}")
    public WebhookEndpoints.Endpoint delete(String id) {
        throw endpoints.refusal();
    }
}
