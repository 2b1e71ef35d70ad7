package dev.nocturne.runtime.registry;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.microsoft.kiota.ApiException;
import com.microsoft.kiota.RequestInformation;
import dev.nocturne.runtime.StageException;
import io.apicurio.registry.rest.client.RegistryClient;
import io.apicurio.registry.rest.client.models.CreateArtifact;
import io.apicurio.registry.rest.client.models.CreateVersion;
import io.apicurio.registry.rest.client.models.IfArtifactExists;
import io.apicurio.registry.rest.client.models.ProblemDetails;
import io.apicurio.registry.rest.client.models.VersionContent;
import io.kiota.http.jdk.JDKRequestAdapter;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.util.function.Supplier;
import org.apache.avro.Schema;

/**
 * Apicurio Registry 3 by its own client. Ids are those of contents, which its API for Confluent's
 * clients gives out, too; a subject is an artifact of the default group.
 */
final class ApicurioRegistry implements SchemaRegistry {

    private static final String CORE_API = "/apis/registry/v3";
    private static final String GROUP = "default";
    private static final String AVRO = "AVRO";
    private static final Integer NOT_FOUND = 404;

    private final RegistryHttp http;
    private final RegistryClient client;

    /**
     * @param url of any of its APIs
     */
    ApicurioRegistry(URI url) {
        http = new RegistryHttp(url);
        Adapter adapter = new Adapter(http);
        adapter.setBaseUrl(http.address().replaceFirst("/apis/.*", CORE_API));
        client = new RegistryClient(adapter);
    }

    /** Bounds requests, which the client's own adapter does not. */
    private static final class Adapter extends JDKRequestAdapter {

        private final RegistryHttp http;

        Adapter(RegistryHttp http) {
            super(http.client());
            this.http = http;
        }

        @Override
        protected HttpRequest getRequestFromRequestInformation(RequestInformation request) {
            HttpRequest unbounded = super.getRequestFromRequestInformation(request);
            return http.bounded(HttpRequest.newBuilder(unbounded, (name, value) -> true)).build();
        }
    }

    @Override
    public Schema schema(int id) {
        String what = "schema %d cannot be asked for".formatted(id);
        return http.parse(id, ask(what, () -> content(id)));
    }

    private String content(int id) {
        try (InputStream content = client.ids().contentIds().byContentId((long) id).get()) {
            return new String(content.readAllBytes(), UTF_8);
        } catch (ProblemDetails e) {
            if (NOT_FOUND.equals(e.getStatus())) { // so it is the registry that says so
                throw http.unknown(id);
            }
            throw e;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public int register(String subject, Schema schema) {
        VersionContent content = new VersionContent();
        content.setContent(schema.toString());
        content.setContentType("application/json");
        CreateVersion version = new CreateVersion();
        version.setContent(content);
        CreateArtifact artifact = new CreateArtifact();
        artifact.setArtifactId(subject);
        artifact.setArtifactType(AVRO);
        artifact.setFirstVersion(version);
        String what = "the schema of %s cannot be registered".formatted(subject);
        return ask(
                what,
                () ->
                        client.groups()
                                .byGroupId(GROUP)
                                .artifacts()
                                .post(
                                        artifact,
                                        request ->
                                                request.queryParameters.ifExists =
                                                        IfArtifactExists.FIND_OR_CREATE_VERSION)
                                .getVersion()
                                .getContentId()
                                .intValue());
    }

    /** The client throws of its own what it cannot make sense of. */
    private <T> T ask(String what, Supplier<T> request) {
        try {
            return request.get();
        } catch (StageException e) {
            throw e;
        } catch (ProblemDetails e) {
            throw http.refused(what, e.getResponseStatusCode(), e.getTitle());
        } catch (ApiException e) {
            throw http.refused(what, e.getResponseStatusCode(), e.getMessage());
        } catch (RuntimeException e) {
            throw http.away(what, e);
        }
    }
}
