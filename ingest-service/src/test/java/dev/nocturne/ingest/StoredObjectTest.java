package dev.nocturne.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.nocturne.runtime.TransientException;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class StoredObjectTest {

    private final AtomicInteger open = new AtomicInteger();

    private InputStream connection() {
        open.incrementAndGet();
        return new ByteArrayInputStream(new byte[] {1, 2, 3}) {
            @Override
            public void close() {
                open.decrementAndGet();
            }
        };
    }

    @Test
    void whatIsNeverReadHoldsNoConnection() throws Exception {
        InputStream object = new StoredObject(this::connection);
        assertThat(open).hasValue(0);
        object.close();
        assertThat(open).hasValue(0);
    }

    @Test
    void whatIsReadIsReadOnceAndClosed() throws Exception {
        try (InputStream object = new StoredObject(this::connection)) {
            assertThat(object.read()).isEqualTo(1);
            assertThat(object.readAllBytes()).containsExactly(2, 3);
            assertThat(open).hasValue(1);
        }
        assertThat(open).hasValue(0);
    }

    @Test
    void aStoreThatIsAwaySaysSoWhenItIsRead() {
        InputStream object =
                new StoredObject(
                        () -> {
                            throw new TransientException("the store is away", null);
                        });
        assertThatExceptionOfType(IngestException.class)
                .isThrownBy(object::read)
                .matches(e -> e.kind() == IngestException.Kind.UNAVAILABLE);
    }
}
