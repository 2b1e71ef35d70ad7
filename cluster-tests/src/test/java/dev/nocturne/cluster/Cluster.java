package dev.nocturne.cluster;

import dev.nocturne.embedded.EmbeddedBroker;
import dev.nocturne.embedded.EmbeddedObjectStore;
import dev.nocturne.embedded.S3Keys;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.ObjectStoreSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;

/** The compose file's services as processes on this machine, from their packaged jars. */
final class Cluster implements AutoCloseable {
    private static final Path REPOSITORY = Path.of("..").toAbsolutePath().normalize();

    private final ComposeFile compose = ComposeFile.read(REPOSITORY.resolve("docker-compose.yml"));
    private final Path folder;
    private final Map<String, String> extraEnvironment;
    private final ComposeFile.Places places;
    private final Optional<External> external;
    private final List<Server> brokers = new ArrayList<>();
    private final List<FaultyProxy> brokerProxies = new ArrayList<>();
    private final Server objectStore;
    private final Map<String, JavaProcess> services =
            Collections.synchronizedMap(new LinkedHashMap<>());
    private final Map<String, Integer> ports = new ConcurrentHashMap<>();
    private final Map<String, Class<?>> standIns = new ConcurrentHashMap<>();

    /**
     * Starts the servers; the services are still to be started.
     *
     * @param folder of all data and logs
     * @param extraEnvironment for every service, over what the compose file says
     */
    Cluster(Path folder, Path model, Map<String, String> extraEnvironment) throws IOException {
        this(folder, model, extraEnvironment, UnaryOperator.identity(), 1, Optional.empty());
    }

    /**
     * @param storeAddress the address at which the services see the object store, from its own
     * @param brokerCount one, or several, each of which holds every record
     * @param external how brokers and services know each other, if not in the plain
     */
    Cluster(
            Path folder,
            Path model,
            Map<String, String> extraEnvironment,
            UnaryOperator<String> storeAddress,
            int brokerCount,
            Optional<External> external)
            throws IOException {
        this.folder = folder;
        this.extraEnvironment = extraEnvironment;
        this.external = external;
        if (brokerCount == 1 && external.isEmpty()) {
            brokers.add(new Server(EmbeddedBroker.class));
        } else {
            startReplicated(brokerCount);
        }
        objectStore = new Server(EmbeddedObjectStore.class);
        S3Keys keys = S3Keys.of(folder.resolve(EmbeddedObjectStore.class.getSimpleName()));
        places =
                new ComposeFile.Places(
                        String.join(",", brokers.stream().map(broker -> broker.address).toList()),
                        storeAddress.apply(objectStore.address),
                        model,
                        folder.resolve("rerank-state"),
                        Map.of(
                                "NOCTURNE_S3_ACCESS_KEY",
                                keys.accessKey(),
                                "NOCTURNE_S3_SECRET_KEY",
                                keys.secretKey()));
    }

    private void startReplicated(int count) throws IOException {
        List<ReplicatedBroker.Place> all = new ArrayList<>();
        for (int id = 1; id <= count; id++) {
            int proxied = Ports.free();
            FaultyProxy proxy = new FaultyProxy("127.0.0.1", proxied);
            brokerProxies.add(proxy);
            all.add(
                    new ReplicatedBroker.Place(
                            id, Ports.free(), Ports.free(), proxied, proxy.port()));
        }
        String voters = String.join(",", all.stream().map(ReplicatedBroker.Place::voter).toList());
        for (ReplicatedBroker.Place place : all) {
            List<String> arguments = new ArrayList<>();
            arguments.add(Integer.toString(place.nodeId()));
            arguments.add(Integer.toString(place.port()));
            arguments.add(Integer.toString(place.controllerPort()));
            arguments.add(Integer.toString(place.proxiedPort()));
            arguments.add(Integer.toString(place.advertisedPort()));
            arguments.add(voters);
            external.ifPresent(other -> arguments.add(other.brokerSettings().toString()));
            brokers.add(new Server(ReplicatedBroker.class, "broker-" + place.nodeId(), arguments));
        }
        for (Server broker : brokers) {
            broker.awaitReady(); // only together are they a majority
        }
    }

    /** A broker or a store: after a kill it comes back on its folder and its port. */
    final class Server {
        private final Class<?> main;
        private final String name;
        private final String address;
        private List<String> arguments;
        private JavaProcess process;

        /** On a free port, which it keeps. */
        private Server(Class<?> main) throws IOException {
            this.main = main;
            name = main.getSimpleName();
            arguments = List.of("0");
            launch();
            address = process.awaitOutput("ready at");
            arguments = List.of(address.substring(address.lastIndexOf(':') + 1));
        }

        /** A replicated broker, which is ready later. */
        private Server(Class<?> main, String name, List<String> arguments) throws IOException {
            this.main = main;
            this.name = name;
            this.arguments = arguments;
            address = "127.0.0.1:" + arguments.get(1);
            launch();
        }

        private void launch() throws IOException {
            List<String> command = new ArrayList<>(programOfTests(main));
            command.add(folder().toString());
            command.addAll(arguments);
            process = JavaProcess.start(name, folder, Map.of(), command);
        }

        private void awaitReady() throws IOException {
            process.awaitOutput("ready at");
        }

        JavaProcess process() {
            return process;
        }

        /** Of its data. */
        Path folder() {
            return folder.resolve(name);
        }

        void restart() throws IOException {
            launch();
            awaitReady();
        }
    }

    Server broker() {
        return broker(0);
    }

    Server broker(int index) {
        return brokers.get(index);
    }

    /** Before the second listener of a broker; only of several brokers. */
    FaultyProxy brokerProxy(int index) {
        return brokerProxies.get(index);
    }

    /** The brokers as seen through their proxies. */
    String proxiedBrokers() {
        return String.join(
                ",", brokerProxies.stream().map(proxy -> "127.0.0.1:" + proxy.port()).toList());
    }

    Server objectStoreServer() {
        return objectStore;
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
        start(service, service, Map.of(), jvmOptions);
    }

    /**
     * Starts one of several instances of a service.
     *
     * @param instance its name here
     * @param ownEnvironment over what every service has
     */
    void start(
            String instance,
            String service,
            Map<String, String> ownEnvironment,
            String... jvmOptions)
            throws IOException {
        int port = Ports.free();
        Map<String, String> environment = environment(service);
        environment.putAll(ownEnvironment);
        environment.put("QUARKUS_HTTP_PORT", Integer.toString(port));
        ports.put(instance, port);
        List<String> arguments = new ArrayList<>(List.of(jvmOptions));
        arguments.addAll(program(service));
        services.put(instance, JavaProcess.start(instance, folder, environment, arguments));
    }

    /** What every instance of the service is told. */
    Map<String, String> environment(String service) {
        Map<String, String> environment = new HashMap<>(compose.environment(service, places));
        external.ifPresent(other -> environment.putAll(other.environment(service)));
        environment.putAll(extraEnvironment);
        return environment;
    }

    private List<String> program(String service) {
        Class<?> standIn = standIns.get(service);
        if (standIn != null) {
            return programOfTests(standIn);
        }
        Path jar = REPOSITORY.resolve(service).resolve("target/quarkus-app/quarkus-run.jar");
        if (Files.notExists(jar)) {
            throw new IllegalStateException(jar + " is missing: run mvn verify, which packages it");
        }
        return List.of("-jar", jar.toString());
    }

    /** Without a log: its lines would be made at all levels, and nobody reads them. */
    private static List<String> programOfTests(Class<?> main) {
        return List.of(
                "-Dslf4j.provider=org.slf4j.helpers.NOP_FallbackServiceProvider",
                "-cp",
                System.getProperty("java.class.path"),
                main.getName());
    }

    /**
     * Whenever the service is to be started from now on, another program is.
     *
     * @param main told what it needs by the same environment variables
     */
    void replace(String service, Class<?> main) {
        standIns.put(service, main);
    }

    void awaitReady(String service) {
        service(service).awaitReady(ports.get(service));
    }

    JavaProcess service(String service) {
        return services.get(service);
    }

    /** The names of all instances that were started. */
    List<String> instances() {
        return List.copyOf(services.keySet());
    }

    /** Of the embedded store: the bucket is a folder in its folder. */
    Path bucketFolder() {
        return folder.resolve(EmbeddedObjectStore.class.getSimpleName())
                .resolve(objectStore().bucket());
    }

    ComposeFile compose() {
        return compose;
    }

    /** Sends SIGTERM to every service, in the order of the pipeline. */
    void terminateServices() throws IOException, InterruptedException {
        for (JavaProcess service : List.copyOf(services.values())) {
            service.terminate();
        }
    }

    String url(String service) {
        return "http://localhost:" + ports.get(service);
    }

    KafkaSettings kafka() {
        return new KafkaSettings(
                places.kafka(), external.map(External::kafkaClient).orElse(Map.of()));
    }

    /** The instance is no longer one of the cluster's. */
    void forget(String instance) {
        services.remove(instance).close();
        ports.remove(instance);
    }

    /** As the decoder-worker is told. */
    ObjectStoreSettings objectStore() {
        return objectStore(places.objectStore());
    }

    /** As the decoder-worker is told, but at the store's own address. */
    ObjectStoreSettings directObjectStore() {
        return objectStore(objectStore.address);
    }

    private ObjectStoreSettings objectStore(String endpoint) {
        Map<String, String> environment = compose.environment("decoder-worker", places);
        return new ObjectStoreSettings(
                endpoint,
                environment.get("NOCTURNE_S3_REGION"),
                environment.get("NOCTURNE_S3_ACCESS_KEY"),
                environment.get("NOCTURNE_S3_SECRET_KEY"),
                environment.get("NOCTURNE_S3_BUCKET"));
    }

    @Override
    public void close() {
        List.copyOf(services.values()).forEach(JavaProcess::close);
        objectStore.process.close();
        brokers.forEach(broker -> broker.process.close());
        brokerProxies.forEach(FaultyProxy::close);
    }
}
