package dev.nocturne.encoder;

import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.RequestRef;
import dev.nocturne.runtime.Outbox;
import dev.nocturne.runtime.Stage;
import dev.nocturne.runtime.registry.RegistryFraming;
import dev.nocturne.schemas.CaptionOwner;
import dev.nocturne.schemas.Topic;
import dev.nocturne.schemas.Topics;
import java.time.Instant;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Captions in the framing of a schema registry to captions in the pipeline's own encoding, in the
 * same topic: from then on nothing depends on the registry. All others are the encoder's; while the
 * registry is away, these wait and those do not.
 */
final class RegistryCaptionStage implements Stage<CaptionSubmitted> {

    /** In place of a record that is somebody else's: there is nothing to do, and nothing wrong. */
    static final CaptionSubmitted NOT_MINE =
            CaptionSubmitted.newBuilder()
                    .setCustomId("")
                    .setCaption("")
                    .setSubmittedAt(Instant.EPOCH)
                    .build();

    private final RegistryFraming framing;

    RegistryCaptionStage(RegistryFraming framing) {
        this.framing = framing;
    }

    @Override
    public String name() {
        return "registry-captions";
    }

    @Override
    public Topic<CaptionSubmitted> input() {
        return Topics.CAPTIONS;
    }

    /** Few, as each may have an image prompt of a megabyte. */
    @Override
    public int maxBatch() {
        return 16;
    }

    @Override
    public CaptionSubmitted decode(ConsumerRecord<byte[], byte[]> record) {
        return RegistryFraming.isFramed(record.value())
                ? framing.decode(CaptionSubmitted.class, record.value())
                : NOT_MINE;
    }

    @Override
    public RequestRef request(CaptionSubmitted caption) {
        return CaptionOwner.request(caption);
    }

    @Override
    public void process(List<CaptionSubmitted> captions, Outbox out) {
        for (int i = 0; i < captions.size(); i++) {
            CaptionSubmitted caption = captions.get(i);
            if (caption != NOT_MINE) {
                out.send(i, Topics.CAPTIONS, request(caption), caption);
            }
        }
    }
}
