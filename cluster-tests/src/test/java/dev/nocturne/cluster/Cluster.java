package dev.nocturne.cluster;

import dev.nocturne.embedded.EmbeddedBroker;
import dev.nocturne.embedded.EmbeddedObjectStore;
import dev.nocturne.embedded.Preflight;
import dev.nocturne.embedded.S3Keys;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.ObjectStoreSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The compose file's services as processes on this machine, from their packaged jars. */
final class Cluster implements AutoCloseable {
    private static final Path REPOSITORY = Path.of("..").toAbsolutePath().normalize();

    private final ComposeFile compose = ComposeFile.read(REPOSITORY.resolve("docker-compose.yml"));
    private final Path folder;
    private final Map<String, String> extraEnvironment;
    private final ComposeFile.Places places;
    private final JavaProcess broker;
    private final JavaProcess objectStore;
    private final Map<String, JavaProcess> services = new LinkedHashMap<>();
    private final Map<String, Integer> ports = new HashMap<>();

    /**
     * Starts the servers; the services are still to be started.
     *
     * @param folder of all data and logs
     * @param extraEnvironment for every service, over what the compose file says
     */
    Cluster(Path folder, Path model, Map<String, String> extraEnvironment) throws IOException {
        this.folder = folder;
        this.extraEnvironment = extraEnvironment;
        broker = server(EmbeddedBroker.class);
        objectStore = server(EmbeddedObjectStore.class);
        String objectStoreUrl = objectStore.awaitOutput("ready at");
        S3Keys keys = S3Keys.of(folder.resolve(EmbeddedObjectStore.class.getSimpleName()));
        places =
                new ComposeFile.Places(
                        broker.awaitOutput("ready at"),
                        objectStoreUrl,
                        model,
                        folder.resolve("rerank-state"),
                        Map.of(
                                "NOCTURNE_S3_ACCESS_KEY",
                                keys.accessKey(),
                                "NOCTURNE_S3_SECRET_KEY",
                                keys.secretKey()));
    }

    private JavaProcess server(Class<?> main) throws IOException {
        String name = main.getSimpleName();
        return JavaProcess.start(
                name,
                folder,
                Map.of(),
                List.of(
                        "-cp",
                        System.getProperty("java.class.path"),
                        main.getName(),
                        folder.resolve(name).toString(),
                        "0"));
    }

    /** Starts every service and waits until all are ready. */
    void startServices() throws IOException {
        for (String service : compose.ownServices()) {
            start(service);
        }
        compose.ownServices().forEach(this::awaitReady);
    }

    /**
     * @param jvmOptions more than, and over, those that every process has
     */
    void start(String service, String... jvmOptions) throws IOException {
        Path jar = REPOSITORY.resolve(service).resolve("target/quarkus-app/quarkus-run.jar");
        if (Files.notExists(jar)) {
            throw new IllegalStateException(jar + " is missing: run mvn verify, which packages it");
        }
        int port = Preflight.freePort(0);
        Map<String, String> environment = new HashMap<>(compose.environment(service, places));
        environment.putAll(extraEnvironment);
        environment.put("QUARKUS_HTTP_PORT", Integer.toString(port));
        ports.put(service, port);
        List<String> arguments = new ArrayList<>(List.of(jvmOptions));
        arguments.addAll(List.of("-jar", jar.toString()));
        services.put(service, JavaProcess.start(service, folder, environment, arguments));
    }

    void awaitReady(String service) {
        service(service).awaitReady(ports.get(service));
    }

    JavaProcess service(String service) {
        return services.get(service);
    }

    /** Sends SIGTERM to every service, in the order of the pipeline. */
    void terminateServices() throws IOException, InterruptedException {
        for (JavaProcess service : services.values()) {
            service.terminate();
        }
    }

    String url(String service) {
        return "http://localhost:" + ports.get(service);
    }

    KafkaSettings kafka() {
        return new KafkaSettings(places.kafka(), Map.of());
    }

    /** As the decoder-worker is told. */
    ObjectStoreSettings objectStore() {
        Map<String, String> environment = compose.environment("decoder-worker", places);
        return new ObjectStoreSettings(
                environment.get("NOCTURNE_S3_ENDPOINT"),
                environment.get("NOCTURNE_S3_REGION"),
                environment.get("NOCTURNE_S3_ACCESS_KEY"),
                environment.get("NOCTURNE_S3_SECRET_KEY"),
                environment.get("NOCTURNE_S3_BUCKET"));
    }

    @Override
    public void close() {
        services.values().forEach(JavaProcess::close);
        objectStore.close();
        broker.close();
    }
}
