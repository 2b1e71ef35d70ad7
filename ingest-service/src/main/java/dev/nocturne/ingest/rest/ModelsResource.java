package dev.nocturne.ingest.rest;

import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.nocturne.ingest.Excerpt;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.caption.Models;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.util.List;

/** The names of the model, in the form of OpenAI's Models API. */
@Path("/v1/models")
@Produces(MediaType.APPLICATION_JSON)
public class ModelsResource {

    /** When this project began; a model's own age is not known here. */
    private static final long CREATED = 1_767_225_600;

    @JsonNaming(SnakeCaseStrategy.class)
    record Model(String id, String object, long created, String ownedBy) {
        static Model of(String name) {
            return new Model(name, "model", CREATED, "nocturne");
        }
    }

    @GET
    public Page<Model> models() {
        List<Model> all = Models.NAMES.stream().map(Model::of).toList();
        return Page.of(all, all.size(), Model::id);
    }

    @GET
    @Path("{id}")
    public Model model(String id) {
        requireKnown(id);
        return Model.of(id);
    }

    /** As at OpenAI, where a model can be deleted only by whoever has made it. */
    @DELETE
    @Path("{id}")
    public Model delete(String id) {
        requireKnown(id);
        throw IngestException.forbidden(
                "model",
                "operators_setting",
                "model '%s' is the workers' own and cannot be deleted: start them with another NOCTURNE_MODEL"
                        .formatted(id));
    }

    private static void requireKnown(String id) {
        if (!Models.isKnown(id)) {
            throw IngestException.unknown(
                    "model",
                    "model_not_found",
                    "model '%s' is not here: GET /v1/models lists all".formatted(Excerpt.of(id)));
        }
    }
}
