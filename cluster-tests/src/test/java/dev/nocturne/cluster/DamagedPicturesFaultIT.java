package dev.nocturne.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nocturne.schemas.ReasonCodes;
import java.awt.Color;
import java.awt.GradientPaint;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Five hundred damaged pictures of six formats as image prompts in one job, among good lines. */
@Tag("faults")
class DamagedPicturesFaultIT {
    private static final int DAMAGED = 500;
    private static final int GOOD = 50;
    private static final Duration LIVE_WITHIN = Duration.ofSeconds(2);
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir static Path folder;

    @Test
    void eachEndsAsAResultOrAnInvalidOption() throws Exception {
        List<byte[]> pictures = new ArrayList<>();
        for (String format : List.of("png", "jpeg", "webp", "gif", "bmp", "tiff")) {
            pictures.add(picture(format));
        }
        Random random = new Random(20);
        StringBuilder lines = new StringBuilder();
        Set<String> ids = new TreeSet<>();
        for (int i = 0; i < DAMAGED; i++) {
            byte[] damaged = pictures.get(i % pictures.size()).clone();
            for (int changes = 1 + random.nextInt(8); changes > 0; changes--) {
                damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
            }
            ObjectNode line =
                    line("damaged-" + i)
                            .put("image_prompt", Base64.getEncoder().encodeToString(damaged))
                            .put("image_prompt_rows", 2);
            lines.append(line).append('\n');
            ids.add("damaged-" + i);
            if (i % (DAMAGED / GOOD) == 0) {
                lines.append(line("good-" + i)).append('\n');
                ids.add("good-" + i);
            }
        }
        FaultReport report = new FaultReport();
        try (Night night = new Night(folder, report);
                JobRun job = night.submit("", lines.toString(), Map.of())) {
            Duration slowest = Duration.ZERO;
            while (!job.isOver()) {
                for (String service : List.of(Night.INGEST, Night.ENCODER)) {
                    Duration live = night.live(service);
                    slowest = live.compareTo(slowest) > 0 ? live : slowest;
                }
                night.passes(Duration.ofMillis(200));
            }
            assertThat(slowest).isLessThan(LIVE_WITHIN);
            assertThat(night.unhealthy()).isEmpty();
            Set<String> ended = new TreeSet<>();
            for (JsonNode line : job.lines("output.jsonl")) {
                assertThat(ended.add(line.path("custom_id").asText())).isTrue();
            }
            for (JsonNode line : job.lines("errors.jsonl")) {
                assertThat(line.path("custom_id").asText()).startsWith("damaged-");
                assertThat(line.at("/error/code").asText())
                        .as(line.toString())
                        .isEqualTo(ReasonCodes.INVALID_OPTION);
                assertThat(ended.add(line.path("custom_id").asText())).isTrue();
            }
            assertThat(ended).isEqualTo(ids);
            report.row(
                    "%d damaged pictures as prompts, live within %d ms"
                            .formatted(DAMAGED, slowest.toMillis()),
                    List.of(),
                    Duration.ZERO,
                    job.longestWait());
        }
    }

    private static ObjectNode line(String id) {
        return JSON.createObjectNode()
                .put("custom_id", id)
                .put("prompt", "a red heart")
                .put("candidates", 1)
                .put("top", 1);
    }

    private static byte[] picture(String format) throws IOException {
        BufferedImage picture = new BufferedImage(48, 40, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = picture.createGraphics();
        graphics.setPaint(new GradientPaint(0, 0, Color.RED, 48, 40, Color.BLUE));
        graphics.fillRect(0, 0, 48, 40);
        graphics.dispose();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        assertThat(ImageIO.write(picture, format, bytes)).as(format).isTrue();
        return bytes.toByteArray();
    }
}
