package dev.nocturne.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The command kubectl, which must be on the path and know a control plane, in our namespace. */
final class Kubectl {
    private static final String REPLICAS =
            "{{range .items}}{{.metadata.name}}={{.spec.replicas}}{{\"\\n\"}}{{end}}";

    private Kubectl() {}

    /**
     * @param input its standard input
     * @return what it prints
     * @throws IOException if it fails; what it complains of is in the output of the test
     */
    static String run(String input, String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("kubectl", "--namespace", "nocturne"));
        command.addAll(List.of(arguments));
        Process process =
                new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        try (OutputStream in = process.getOutputStream()) {
            in.write(input.getBytes(UTF_8));
        }
        String output = new String(process.getInputStream().readAllBytes(), UTF_8);
        int code = process.waitFor();
        if (code != 0) {
            throw new IOException("%s ended with %d".formatted(String.join(" ", command), code));
        }
        return output;
    }

    /** The manifests of a folder, with what belongs together. */
    static String kustomize(Path folder) throws IOException, InterruptedException {
        return run("", "kustomize", folder.toString());
    }

    static void apply(String manifests) throws IOException, InterruptedException {
        run(manifests, "apply", "--server-side", "--validate=strict", "--filename", "-");
    }

    /** The pods that each deployment should have. */
    static Map<String, Integer> replicas() throws IOException, InterruptedException {
        Map<String, Integer> replicas = new TreeMap<>();
        run("", "get", "deployments", "--output", "go-template=" + REPLICAS)
                .lines()
                .map(line -> line.split("="))
                .forEach(parts -> replicas.put(parts[0], Integer.valueOf(parts[1])));
        return replicas;
    }
}
