package dev.nocturne.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.cluster.Manifests.Workload;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.VolumeMount;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/**
 * A pod's container as a process: with its environment alone, and with its mounts as the only
 * folders below a root of its own. What it writes elsewhere is found afterwards, as nothing keeps a
 * process of root's from it.
 */
final class PodProcess implements AutoCloseable {

    private static final Path REPOSITORY = Path.of("..").toAbsolutePath().normalize();
    private static final Duration START_TIMEOUT = Duration.ofMinutes(5);

    /** Of the image: its user's, in which it starts. */
    private static final String HOME = "/home/nocturne";

    /** As kubelet calls: by the pod's address. */
    static final String POD_ADDRESS = "10.244.3.17:8080";

    private final Container container;
    private final Path root;
    private final List<Path> mounts = new ArrayList<>();
    private final int port = Ports.free();
    private final JavaProcess process;

    /**
     * @param folder empty
     * @param values of variables, over the manifest's: what the test has at another place
     */
    PodProcess(Path folder, Workload workload, Map<String, String> told, Map<String, String> values)
            throws IOException {
        container = workload.pod().getSpec().getContainers().get(0);
        root = Files.createDirectories(folder.resolve("root"));
        Path home = Files.createDirectories(below(HOME));
        for (VolumeMount mount : container.getVolumeMounts()) {
            mounts.add(Files.createDirectories(below(mount.getMountPath())));
        }
        Map<String, String> environment = new TreeMap<>();
        told.forEach((name, value) -> environment.put(name, moved(value)));
        environment.putAll(values);
        environment.put("QUARKUS_HTTP_HOST", "127.0.0.1");
        environment.put("QUARKUS_HTTP_PORT", Integer.toString(port));
        Path application = REPOSITORY.resolve(workload.name()).resolve("target/quarkus-app");
        assertThat(application).as("run mvn verify, which packages it").exists();
        process =
                JavaProcess.startAlone(
                        workload.name(),
                        folder,
                        home,
                        environment,
                        List.of(
                                "-XX:-UsePerfData", // would be in /tmp itself, a mount of a pod's
                                "-Djava.io.tmpdir=" + below("/tmp"),
                                "-Duser.home=" + home,
                                "-jar",
                                application.resolve("quarkus-run.jar").toString()));
    }

    private Path below(String path) {
        return root.resolve(path.substring(1));
    }

    /** A path in a mount is below this process's root. */
    private String moved(String value) {
        boolean mounted =
                container.getVolumeMounts().stream()
                        .anyMatch(mount -> value.startsWith(mount.getMountPath() + "/"));
        return mounted ? below(value).toString() : value;
    }

    /** As Kubernetes asks: first whether it has started, from then on whether it is alive. */
    void awaitStart() {
        await(container.getStartupProbe());
        await(container.getLivenessProbe());
    }

    void awaitReady() {
        await(container.getReadinessProbe());
    }

    private void await(Probe probe) {
        String path = probe.getHttpGet().getPath();
        Awaitility.await("%s of %s".formatted(path, container.getName()))
                .atMost(START_TIMEOUT)
                .pollInterval(Duration.ofMillis(500))
                .ignoreExceptionsInstanceOf(IOException.class)
                .until(
                        () -> {
                            assertThat(process.isAlive())
                                    .as("it runs; its output: %s", process.output())
                                    .isTrue();
                            return get(POD_ADDRESS, path).startsWith("HTTP/1.1 200 ");
                        });
    }

    /**
     * The whole answer.
     *
     * @param host as which the service is called
     * @param headers each with its name
     */
    String get(String host, String path, String... headers) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            StringBuilder request =
                    new StringBuilder("GET %s HTTP/1.1\r\nHost: %s\r\n".formatted(path, host));
            for (String header : headers) {
                request.append(header).append("\r\n");
            }
            request.append("Connection: close\r\n\r\n");
            socket.getOutputStream().write(request.toString().getBytes(UTF_8));
            return new String(socket.getInputStream().readAllBytes(), UTF_8);
        }
    }

    /** All that it has written to its terminal. */
    String output() throws IOException {
        return process.output();
    }

    /** Files outside of its mounts that it has made, or of whose code it runs. */
    List<Path> strays() throws IOException {
        List<Path> strays = new ArrayList<>();
        try (Stream<Path> files = Files.walk(root)) {
            files.filter(Files::isRegularFile)
                    .filter(file -> !isMounted(file))
                    .forEach(strays::add);
        }
        Path maps = Path.of("/proc", Long.toString(process.pid()), "maps");
        if (Files.exists(maps)) {
            Files.readAllLines(maps).stream()
                    .filter(line -> line.split(" ")[1].contains("x"))
                    .map(line -> line.replaceFirst("^\\S+ \\S+ \\S+ \\S+ \\S+ *", ""))
                    .filter(name -> name.startsWith("/"))
                    .map(name -> Path.of(name.replace(" (deleted)", "")))
                    .distinct()
                    .filter(file -> !isMounted(file) && !isOfTheImage(file))
                    .forEach(strays::add);
        }
        return strays;
    }

    private boolean isMounted(Path file) {
        return mounts.stream().anyMatch(file::startsWith);
    }

    private static boolean isOfTheImage(Path file) {
        return Stream.of(
                        "/usr",
                        "/lib",
                        "/lib64",
                        "/etc",
                        "/dev",
                        "/memfd:",
                        System.getProperty("java.home"),
                        REPOSITORY.toString())
                .anyMatch(file.toString()::startsWith);
    }

    /**
     * Those of its mounts in which something is, or was: a library may delete what it has loaded.
     */
    List<String> usedMounts() throws IOException {
        List<String> used = new ArrayList<>();
        for (Path mount : mounts) {
            try (Stream<Path> files = Files.walk(mount)) {
                if (files.anyMatch(path -> !path.equals(mount))) {
                    used.add("/" + root.relativize(mount));
                }
            }
        }
        return used;
    }

    @Override
    public void close() {
        process.close();
    }
}
