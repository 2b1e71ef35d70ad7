package dev.nocturne.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.nocturne.decoder.StandInScorer;
import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.DrawingOptions;
import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Topics;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Candidates a second from caption events to results, with {@code -Dtest.candidates} (512) of each
 * of {@code -Dtest.captions} (1,000) captions and stand-ins in place of the transformer and CLIP,
 * which take no time; encoder, ranking, publisher and ingest-service, which counts, are real and on
 * this machine. Run by its name alone, see docs/capacity.md.
 */
class RateStudy {
    private static final int CANDIDATES = Integer.getInteger("test.candidates", 512);
    private static final int CAPTIONS = Integer.getInteger("test.captions", 1_000);
    private static final int DECODE_BATCH = 32;

    @TempDir Path folder;

    private int published;

    @Test
    @Timeout(1_800)
    void everythingButTheModels() throws Exception {
        ModelBundle model = TinyModel.write(folder.resolve("model"));
        try (ServicesInProcess services = new ServicesInProcess(folder)) {
            services.keep(
                    services.encoder(model),
                    services.generator(
                            () -> new StandInDrawer(model.id(), Duration.ZERO), DECODE_BATCH),
                    services.decoder(model, new StandInScorer(model.id(), TinyModel.GRID).stage()));
            finish(services, CAPTIONS / 5);
            for (int run = 0; run < 3; run++) {
                double seconds = finish(services, CAPTIONS);
                System.out.printf(
                        "%,d captions of %d candidates in %.1f s: %,.0f captions, %,.0f candidates a second%n",
                        CAPTIONS,
                        CANDIDATES,
                        seconds,
                        CAPTIONS / seconds,
                        CAPTIONS * CANDIDATES / seconds);
            }
        }
    }

    /**
     * @return seconds from the first caption to the last result
     */
    private double finish(ServicesInProcess services, int captions) {
        try (KafkaConsumer<byte[], byte[]> results =
                        new KafkaConsumer<>(services.kafka.consumer());
                KafkaProducer<byte[], byte[]> producer =
                        new KafkaProducer<>(services.kafka.producer())) {
            List<TopicPartition> partitions =
                    results.partitionsFor(Topics.RESULTS.name()).stream()
                            .map(info -> new TopicPartition(info.topic(), info.partition()))
                            .toList();
            results.assign(partitions);
            results.seekToEnd(partitions);
            partitions.forEach(results::position);
            Set<String> waiting = new HashSet<>();
            long start = System.nanoTime();
            for (int i = 0; i < captions; i++) {
                CaptionSubmitted caption = caption("caption-" + published++);
                waiting.add(caption.getCustomId());
                producer.send(
                        new ProducerRecord<>(
                                Topics.CAPTIONS.name(),
                                caption.getCustomId().getBytes(UTF_8),
                                EventCodec.encode(caption)));
            }
            while (!waiting.isEmpty()) {
                results.poll(Duration.ofMillis(100))
                        .forEach(
                                record ->
                                        waiting.remove(
                                                EventCodec.decode(
                                                                Topics.RESULTS.record(),
                                                                record.value())
                                                        .getRequest()
                                                        .getCustomId()));
            }
            return (System.nanoTime() - start) / 1e9;
        }
    }

    private static CaptionSubmitted caption(String customId) {
        return CaptionSubmitted.newBuilder()
                .setCustomId(customId)
                .setCaption("a red heart and " + customId)
                .setSubmittedAt(Instant.now())
                .setOptions(DrawingOptions.newBuilder().setCandidates(CANDIDATES).setTop(1).build())
                .build();
    }
}
