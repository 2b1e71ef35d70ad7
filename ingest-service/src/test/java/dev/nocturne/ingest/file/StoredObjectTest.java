package dev.nocturne.ingest.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.nocturne.ingest.IngestException;
import dev.nocturne.runtime.ObjectStore;
import dev.nocturne.runtime.TransientException;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class StoredObjectTest {

    private final AtomicInteger open = new AtomicInteger();

    private StoredObject object() {
        return new StoredObject(new ObjectStore.Stat(3, "tag", Instant.EPOCH), this::connection);
    }

    private InputStream connection(long from, long length) {
        open.incrementAndGet();
        return new ByteArrayInputStream(new byte[] {1, 2, 3}, (int) from, (int) length) {
            @Override
            public void close() {
                open.decrementAndGet();
            }
        };
    }

    @Test
    void whatIsNeverReadHoldsNoConnection() throws Exception {
        InputStream object = object();
        assertThat(open).hasValue(0);
        object.close();
        assertThat(open).hasValue(0);
    }

    @Test
    void whatIsReadIsReadOnceAndClosed() throws Exception {
        try (InputStream object = object()) {
            assertThat(object.read()).isEqualTo(1);
            assertThat(object.readAllBytes()).containsExactly(2, 3);
            assertThat(open).hasValue(1);
        }
        assertThat(open).hasValue(0);
    }

    @Test
    void aPartIsAllThatIsFetchedOfIt() throws Exception {
        try (InputStream part = object().part(1, 1)) {
            assertThat(part.readAllBytes()).containsExactly(2);
        }
        assertThat(open).hasValue(0);
    }

    @Test
    void aStoreThatIsAwaySaysSoWhenItIsRead() {
        InputStream object =
                new StoredObject(
                        new ObjectStore.Stat(1, null, Instant.EPOCH),
                        (from, length) -> {
                            throw new TransientException("the store is away", null);
                        });
        assertThatExceptionOfType(IngestException.class)
                .isThrownBy(object::read)
                .matches(e -> e.kind() == IngestException.Kind.UNAVAILABLE);
    }
}
