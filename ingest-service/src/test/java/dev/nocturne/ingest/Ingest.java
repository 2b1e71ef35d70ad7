package dev.nocturne.ingest;

import dev.nocturne.ingest.shell.IngestService;
import dev.nocturne.ingest.webhook.WebhookSettings;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.runtime.ObjectStore;
import dev.nocturne.runtime.SpoolFolder;
import dev.nocturne.runtime.registry.RegistrySettings;
import io.micrometer.core.instrument.MeterRegistry;
import java.nio.file.Path;
import java.time.Clock;

/** The service with nothing set: no limits, no webhooks, no registry. */
public final class Ingest {

    private Ingest() {}

    public static IngestService service(
            KafkaSettings kafka, ObjectStore store, MeterRegistry meters, Clock clock) {
        return new IngestService(
                kafka,
                () -> store,
                WebhookSettings.NONE,
                RegistrySettings.NONE,
                IngestLimits.DEFAULT,
                SpoolFolder.open(Path.of(System.getProperty("java.io.tmpdir"), "nocturne-ingest")),
                meters,
                clock);
    }
}
