package dev.nocturne.ingest.rest;

import dev.nocturne.ingest.webhook.WebhookEndpoints;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.util.List;

/** What webhooks tell, in the form of OpenAI's API. */
@Path("/v1/webhook_event_types")
@Produces(MediaType.APPLICATION_JSON)
public class WebhookEventTypesResource {

    record Types(String object, List<String> data) {}

    @GET
    public Types types() {
        return new Types("list", WebhookEndpoints.EVENT_TYPES);
    }
}
