package dev.nocturne.training.loop;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;

/**
 * {@code losses.jsonl}: a line for a step with the metrics of that step alone, and a line for a
 * measurement on what is held out, whose metrics stand under {@code held_out}. A training that goes
 * on from a checkpoint takes back the lines of later steps.
 */
final class LossFile implements Closeable {
    private static final String NAME = "losses.jsonl";
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final BufferedWriter out;

    private LossFile(BufferedWriter out) {
        this.out = out;
    }

    /**
     * @param step of the checkpoint, 0 if there is none
     */
    static LossFile from(Path folder, long step) throws IOException {
        Path file = folder.resolve(NAME);
        Path kept = folder.resolve(NAME + ".tmp");
        try (BufferedWriter writer = Files.newBufferedWriter(kept)) {
            if (Files.exists(file)) {
                copy(file, step, writer);
            }
        }
        Files.move(kept, file, StandardCopyOption.REPLACE_EXISTING);
        return new LossFile(Files.newBufferedWriter(file, StandardOpenOption.APPEND));
    }

    private static void copy(Path file, long step, BufferedWriter writer) throws IOException {
        try (BufferedReader reader = Files.newBufferedReader(file)) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                // the last line of a process that was killed may be cut
                JsonNode entry = line.endsWith("}") ? JSON.readTree(line) : null;
                if (entry != null && entry.path("step").asLong() <= step) {
                    writer.write(line);
                    writer.newLine();
                }
            }
        }
    }

    /**
     * @param step steps made so far
     */
    void add(long step, List<String> names, float[] values) throws IOException {
        ObjectNode line = JSON.createObjectNode().put("step", step);
        for (int i = 0; i < values.length; i++) {
            line.put(names.get(i), values[i]);
        }
        write(line);
    }

    void heldOut(long step, Map<String, Double> measured) throws IOException {
        ObjectNode line = JSON.createObjectNode().put("step", step);
        measured.forEach(line.putObject("held_out")::put);
        write(line);
    }

    private void write(ObjectNode line) throws IOException {
        out.write(line.toString());
        out.newLine();
    }

    void flush() throws IOException {
        out.flush();
    }

    @Override
    public void close() throws IOException {
        out.close();
    }
}
