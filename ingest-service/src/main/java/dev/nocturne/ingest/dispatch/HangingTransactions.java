package dev.nocturne.ingest.dispatch;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.AbortTransactionSpec;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.DescribeProducersResult;
import org.apache.kafka.clients.admin.ListTransactionsOptions;
import org.apache.kafka.clients.admin.ProducerState;
import org.apache.kafka.clients.admin.TransactionDescription;
import org.apache.kafka.clients.admin.TransactionListing;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TransactionalIdNotFoundException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.internals.Topic;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds transactions that are open in a partition though their coordinator has done with them:
 * nobody will end them, and nobody reads committed records behind them. They are what {@code
 * kafka-transactions.sh find-hanging} looks for (KIP-664).
 */
final class HangingTransactions {

    /**
     * One in one partition.
     *
     * @param startOffset of its first record
     */
    record Hanging(
            TopicPartition partition,
            long producerId,
            int producerEpoch,
            int coordinatorEpoch,
            long startOffset) {

        AbortTransactionSpec abortion() {
            return new AbortTransactionSpec(
                    partition, producerId, (short) producerEpoch, coordinatorEpoch);
        }

        @Override
        public String toString() {
            return "transaction of producer %d in %s from offset %d"
                    .formatted(producerId, partition, startOffset);
        }
    }

    private static final Logger LOG = LoggerFactory.getLogger(HangingTransactions.class);

    private HangingTransactions() {}

    /**
     * @param partitions to look into
     * @param longest that any transaction may take
     * @return those that hang by what the brokers say within a moment, in which one that is just
     *     ended can look like it: whom a second look finds again, hangs
     * @throws ExecutionException if the brokers do not answer, or refuse
     */
    static List<Hanging> find(
            Admin admin, Collection<TopicPartition> partitions, Instant now, Duration longest)
            throws ExecutionException, InterruptedException {
        Map<TopicPartition, List<ProducerState>> open = open(admin, partitions);
        if (open.isEmpty()) {
            return List.of();
        }
        Set<Long> producers = new HashSet<>();
        open.values().forEach(states -> states.forEach(state -> producers.add(state.producerId())));
        Map<Long, TransactionDescription> known = known(admin, producers);
        boolean isAllKnown = hasAllCoordinators(admin);
        List<Hanging> hanging = new ArrayList<>();
        open.forEach(
                (partition, states) -> {
                    for (ProducerState state : states) {
                        TransactionDescription transaction = known.get(state.producerId());
                        if (transaction == null
                                ? isAllKnown && isOlder(state, now, longest)
                                : hangs(partition, transaction)) {
                            hanging.add(hanging(partition, state));
                        }
                    }
                });
        return hanging;
    }

    private static Hanging hanging(TopicPartition partition, ProducerState state) {
        return new Hanging(
                partition,
                state.producerId(),
                state.producerEpoch(),
                state.coordinatorEpoch().orElse(0), // none has ended one of the producer's here
                state.currentTransactionStartOffset().orElseThrow());
    }

    /**
     * By partition the producers with an open transaction; without partitions that have none. One
     * that cannot be asked spoils no other.
     */
    private static Map<TopicPartition, List<ProducerState>> open(
            Admin admin, Collection<TopicPartition> partitions) throws InterruptedException {
        Map<TopicPartition, List<ProducerState>> open = new HashMap<>();
        DescribeProducersResult described = admin.describeProducers(partitions);
        for (TopicPartition partition : partitions) {
            try {
                List<ProducerState> states =
                        described.partitionResult(partition).get().activeProducers().stream()
                                .filter(state -> state.currentTransactionStartOffset().isPresent())
                                .toList();
                if (!states.isEmpty()) {
                    open.put(partition, states);
                }
            } catch (ExecutionException e) {
                LOG.debug("ING-36 {} cannot be asked for its producers", partition, e);
            }
        }
        return open;
    }

    /** What the coordinators say of producers; without those that they do not know, or hide. */
    private static Map<Long, TransactionDescription> known(Admin admin, Set<Long> producers)
            throws ExecutionException, InterruptedException {
        Collection<TransactionListing> listings =
                admin.listTransactions(new ListTransactionsOptions().filterProducerIds(producers))
                        .all()
                        .get();
        List<String> ids = listings.stream().map(TransactionListing::transactionalId).toList();
        Map<Long, TransactionDescription> known = new HashMap<>();
        if (ids.isEmpty()) {
            return known;
        }
        var described = admin.describeTransactions(ids);
        for (TransactionListing listing : listings) {
            KafkaFuture<TransactionDescription> description =
                    described.description(listing.transactionalId());
            try {
                known.put(listing.producerId(), description.get());
            } catch (ExecutionException e) {
                if (!(e.getCause() instanceof TransactionalIdNotFoundException)) {
                    throw e;
                }
            }
        }
        return known;
    }

    /** Whether a producer that no coordinator knows is known to none. */
    private static boolean hasAllCoordinators(Admin admin)
            throws ExecutionException, InterruptedException {
        String topic = Topic.TRANSACTION_STATE_TOPIC_NAME;
        try {
            return admin
                    .describeTopics(List.of(topic))
                    .allTopicNames()
                    .get()
                    .get(topic)
                    .partitions()
                    .stream()
                    .allMatch(partition -> partition.leader() != null);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof UnknownTopicOrPartitionException) {
                return true;
            }
            throw e;
        }
    }

    /**
     * Whether a transaction that is open in a partition hangs, by what the coordinator says of its
     * producer: that it is in none, or in one that has nothing to do with this partition. Markers
     * of one that is being ended may still be on their way.
     */
    static boolean hangs(TopicPartition partition, TransactionDescription producer) {
        return producer.state() != TransactionState.UNKNOWN
                && !producer.topicPartitions().contains(partition);
    }

    /**
     * Whoever may not see a transactional id is told that there is none, so that only age tells
     * that the transaction of an unknown producer is over.
     */
    private static boolean isOlder(ProducerState state, Instant now, Duration longest) {
        return Instant.ofEpochMilli(state.lastTimestamp()).isBefore(now.minus(longest));
    }
}
