package dev.nocturne.standalone.pipeline;

import dev.nocturne.embedded.Preflight;
import dev.nocturne.ingest.api.IngestApi;
import dev.nocturne.runtime.Health;
import dev.nocturne.runtime.OpenFiles;
import dev.nocturne.runtime.telemetry.Telemetry;
import io.micrometer.core.instrument.Metrics;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.QuarkusApplication;
import io.quarkus.runtime.ShutdownEvent;
import io.smallrye.health.api.AsyncHealthCheck;
import io.smallrye.mutiny.Uni;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Liveness;
import org.eclipse.microprofile.health.Readiness;

/** The pipeline under Quarkus: REST API, health, metrics, and an orderly end on Ctrl-C. */
@Singleton
public class PipelineHost implements QuarkusApplication {

    /** What a command does while the pipeline runs. */
    public interface Work {
        /**
         * @param url address of the REST API
         * @return the exit code
         */
        int run(Pipeline pipeline, String url) throws Exception;
    }

    // CDI makes the beans, so the command hands over through these
    private static Pipeline pipeline;
    private static Work work;
    private static String url;
    private static int exitCode;
    private static Exception failure;

    /**
     * Runs the pipeline, and the work on it, and ends both.
     *
     * @param httpPort of the REST API, 0 for any free one
     */
    public static int run(Pipeline.Settings settings, int httpPort, Work work) throws Exception {
        OpenFiles.require(OpenFiles.OF_THE_PIPELINE);
        int port = Preflight.freePort(httpPort);
        // Quarkus adds its registry to the global one when it starts
        try (Pipeline started = Pipeline.start(settings, Metrics.globalRegistry)) {
            PipelineHost.pipeline = started;
            PipelineHost.work = work;
            PipelineHost.url = "http://localhost:" + port;
            System.setProperty("quarkus.http.port", Integer.toString(port));
            System.setProperty(
                    "quarkus.http.body.uploads-directory",
                    started.spool().path().resolve("uploads").toString());
            System.setProperty("quarkus.log.file.enabled", "true");
            System.setProperty("quarkus.log.file.path", started.data().logFile().toString());
            Quarkus.run(PipelineHost.class, (code, error) -> {});
            if (failure != null) {
                throw failure;
            }
            return exitCode;
        }
    }

    @Override
    public int run(String... args) {
        Telemetry.start("nocturne");
        try {
            exitCode = work.run(pipeline, url);
        } catch (Exception e) {
            failure = e;
        }
        return exitCode;
    }

    /** Also on SIGINT and SIGTERM, then from the shutdown hook. */
    void stop(@Observes ShutdownEvent event) {
        pipeline.close();
        Telemetry.stop();
    }

    @Produces
    @Singleton
    IngestApi api() {
        return pipeline.ingest().api();
    }

    /** On an event loop: threads that wait for slow callers are not missed here. */
    @Produces
    @Liveness
    AsyncHealthCheck live() {
        return () ->
                Uni.createFrom().item(() -> response(pipeline.health(), pipeline.health().live()));
    }

    @Produces
    @Readiness
    AsyncHealthCheck ready() {
        return () ->
                Uni.createFrom().item(() -> response(pipeline.health(), pipeline.health().ready()));
    }

    private static HealthCheckResponse response(Health health, boolean up) {
        return HealthCheckResponse.named("pipeline")
                .status(up)
                .withData("message", health.message())
                .build();
    }
}
