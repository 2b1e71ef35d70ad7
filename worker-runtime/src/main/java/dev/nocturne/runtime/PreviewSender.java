package dev.nocturne.runtime;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.nocturne.events.RequestRef;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.Topic;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Publishes what is of use only now, outside every transaction: who sends never waits, and what
 * cannot be sent at once is lost. Its thread and its producer are made with the first event. Used
 * by any thread.
 */
public final class PreviewSender<T extends SpecificRecord> implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(PreviewSender.class);
    private static final Duration AT_ONCE = Duration.ofSeconds(5);
    private static final int MOST_WAITING = 64;

    private final KafkaSettings kafka;
    private final Topic<T> topic;
    private final ThreadPoolExecutor thread;
    private volatile boolean toldLoss;
    private Producer<byte[], byte[]> producer; // the thread's own; null until the first event

    public PreviewSender(KafkaSettings kafka, Topic<T> topic) {
        this.kafka = kafka;
        this.topic = topic;
        thread =
                new ThreadPoolExecutor(
                        1,
                        1,
                        0,
                        TimeUnit.SECONDS,
                        new ArrayBlockingQueue<>(MOST_WAITING),
                        DaemonThreads.named(topic.name()),
                        new ThreadPoolExecutor.DiscardPolicy());
    }

    public void send(RequestRef request, T event) {
        thread.execute(() -> publish(request, event));
    }

    private void publish(RequestRef request, T event) {
        try {
            if (producer == null) {
                producer = new KafkaProducer<>(config());
            }
            String key = Ids.key(request.getJobId(), request.getRequestId());
            producer.send(
                    new ProducerRecord<>(
                            topic.name(), key.getBytes(UTF_8), EventCodec.encode(event)),
                    (sent, error) -> {
                        if (error == null) {
                            toldLoss = false;
                        } else {
                            lost(request, error);
                        }
                    });
        } catch (RuntimeException e) {
            lost(request, e);
        }
    }

    private Map<String, Object> config() {
        Map<String, Object> config = new HashMap<>(kafka.producer());
        int millis = (int) AT_ONCE.toMillis();
        config.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, millis);
        config.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, millis);
        config.put(ProducerConfig.LINGER_MS_CONFIG, 0);
        config.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, millis);
        return config;
    }

    /** Tells the first one only: what is wrong with Kafka others tell, too. */
    private void lost(RequestRef request, Exception error) {
        if (!toldLoss && !thread.isShutdown()) {
            toldLoss = true;
            LOG.warn(
                    "PRV-01 the preview of {}/{} is lost, like others until {} can be written: {}",
                    request.getJobId(),
                    request.getRequestId(),
                    topic.name(),
                    StageException.oneLine(error));
        }
    }

    @Override
    public void close() {
        thread.shutdownNow();
        try {
            thread.awaitTermination(AT_ONCE.toSeconds(), TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (producer != null) {
            producer.close(Duration.ZERO);
        }
    }
}
