package dev.nocturne.rerank;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.runtime.KafkaSettings;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.util.Map;
import org.apache.kafka.common.errors.InvalidTxnStateException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.streams.errors.StreamsException;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.junit.jupiter.api.Test;

class RerankServiceTest {

    private final RerankService service =
            new RerankService(
                    new KafkaSettings("unused:1", Map.of()),
                    Path.of("unused"),
                    new SimpleMeterRegistry());

    /** As on a machine where nothing has run for six seconds. */
    @Test
    void aTransactionThatTheBrokersHaveEndedIsBegunAnewByAnotherThread() {
        assertThat(answerTo(new InvalidTxnStateException("in an invalid state")))
                .isEqualTo(StreamThreadExceptionResponse.REPLACE_THREAD);
        assertThat(answerTo(new TopicAuthorizationException("not allowed")))
                .isEqualTo(StreamThreadExceptionResponse.SHUTDOWN_CLIENT);
    }

    private StreamThreadExceptionResponse answerTo(Exception cause) {
        return service.onUncaught(new StreamsException("cannot commit", cause));
    }
}
