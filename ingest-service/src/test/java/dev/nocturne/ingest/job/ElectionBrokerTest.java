package dev.nocturne.ingest.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import dev.nocturne.events.JobClosed;
import dev.nocturne.events.JobEvent;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.OnBroker;
import dev.nocturne.ingest.Published;
import dev.nocturne.runtime.TopicAdmin;
import dev.nocturne.schemas.Topics;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.RemoveMembersFromConsumerGroupOptions;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** One leads at a time, and only that one can write as the leader. */
class ElectionBrokerTest extends OnBroker {

    private static final Duration PATIENCE = Duration.ofMinutes(1);

    @BeforeEach
    void createTopics() {
        TopicAdmin.createMissing(kafka);
    }

    private static final class Standing implements Election.Candidate {
        private final AtomicInteger terms = new AtomicInteger();
        private volatile Term term; // null while another leads

        @Override
        public void elected(Term term) {
            this.term = term;
            terms.incrementAndGet();
        }

        @Override
        public void deposed() {
            term = null;
        }

        Term awaitTerm() {
            return await().atMost(PATIENCE).until(() -> term, term -> term != null);
        }
    }

    @Test
    void anotherLeadsWhenTheLeaderLeaves() {
        Standing first = new Standing();
        Standing second = new Standing();
        try (Election one = new Election(kafka, first);
                Election other = new Election(kafka, second);
                JobPublisher publisher = new JobPublisher(kafka)) {
            one.start();
            Term term = first.awaitTerm();
            publisher.lead(term, () -> {});
            other.start();
            awaitMembers(2);
            publish(publisher, "job-a"); // the group has changed, and its leader has not

            assertThat(first.term).isSameAs(term);
            assertThat(second.term).isNull();
            one.close();
            assertThat(term.isOver()).isTrue();
            second.awaitTerm();
            assertThatExceptionOfType(IngestException.class)
                    .isThrownBy(() -> publish(publisher, "job-b"))
                    .withMessageContaining("does not lead");
            assertThat(closedJobs()).containsExactly("job-a");
        }
    }

    /** As if its process had hung: it has heard of nothing. */
    @Test
    void aLeaderThatDoesNotKnowThatAnotherLeadsWritesNothing() {
        Standing second = new Standing();
        try (KafkaConsumer<byte[], byte[]> gone = member();
                Election other = new Election(kafka, second);
                JobPublisher stale = new JobPublisher(kafka);
                JobPublisher publisher = new JobPublisher(kafka)) {
            ConsumerGroupMetadata group = gone.groupMetadata();
            Term old = confirmed(group);
            stale.lead(old, () -> {});
            publish(stale, "job-a");
            other.start();
            removeMembers();
            publisher.lead(second.awaitTerm(), () -> {});
            publish(publisher, "job-b");

            assertThatExceptionOfType(IngestException.class)
                    .isThrownBy(() -> publish(stale, "job-c"))
                    .withMessageContaining("does not lead");

            assertThat(old.isOver()).isTrue();
            publish(publisher, "job-d");
            assertThat(closedJobs()).containsExactly("job-a", "job-b", "job-d");
            assertThat(second.terms).hasValue(1);
        }
    }

    /** Even with a producer of its own, that has taken the transactional id away. */
    @Test
    void aMemberThatIsNoLongerOneCannotWriteWithANewProducer() {
        Standing second = new Standing();
        try (KafkaConsumer<byte[], byte[]> gone = member();
                Election other = new Election(kafka, second);
                JobPublisher stale = new JobPublisher(kafka);
                JobPublisher publisher = new JobPublisher(kafka)) {
            Term old = confirmed(gone.groupMetadata());
            other.start();
            removeMembers();
            Term term = second.awaitTerm();
            publisher.lead(term, () -> {});
            stale.lead(old, () -> {});

            assertThatExceptionOfType(IngestException.class)
                    .isThrownBy(() -> publish(stale, "job-a"))
                    .withMessageContaining("does not lead");
            assertThat(closedJobs()).isEmpty();

            assertThatExceptionOfType(IngestException.class)
                    .isThrownBy(() -> publish(publisher, "job-b"));
            publisher.lead(
                    await().atMost(PATIENCE)
                            .until(() -> second.term, next -> next != null && next != term),
                    () -> {});
            publish(publisher, "job-c");
            assertThat(closedJobs()).containsExactly("job-c");
        }
    }

    /** It leads by itself, without an election's thread. */
    private KafkaConsumer<byte[], byte[]> member() {
        KafkaConsumer<byte[], byte[]> member = new KafkaConsumer<>(kafka.consumer(Election.GROUP));
        member.subscribe(List.of(Topics.INGEST_LEADER.name()));
        await().atMost(PATIENCE)
                .until(
                        () -> {
                            member.poll(Duration.ofMillis(100));
                            return !member.assignment().isEmpty();
                        });
        return member;
    }

    /** Whoever asks is told that it leads, as far as it knows. */
    private static Term confirmed(ConsumerGroupMetadata group) {
        return new Term(group) {
            @Override
            void confirm() {
                if (isOver()) {
                    throw notLeading(null);
                }
            }
        };
    }

    private void removeMembers() {
        try (Admin admin = Admin.create(kafka.admin())) {
            admin.removeMembersFromConsumerGroup(
                            Election.GROUP, new RemoveMembersFromConsumerGroupOptions())
                    .all()
                    .get();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private void awaitMembers(int count) {
        try (Admin admin = Admin.create(kafka.admin())) {
            await().atMost(PATIENCE)
                    .until(
                            () ->
                                    admin.describeConsumerGroups(List.of(Election.GROUP))
                                                    .all()
                                                    .get()
                                                    .get(Election.GROUP)
                                                    .members()
                                                    .size()
                                            == count);
        }
    }

    private static void publish(JobPublisher publisher, String id) {
        Instant now = Instant.parse("2026-01-01T20:00:00Z");
        publisher.publish(
                () -> {},
                transaction -> {
                    transaction.send(
                            Topics.JOB_EVENTS,
                            id,
                            new JobEvent(id, now, new JobClosed(0, 0, 0, 0, now)));
                    return true;
                });
    }

    private List<String> closedJobs() {
        return Published.in(Topics.JOB_EVENTS, kafka).stream().map(JobEvent::getJobId).toList();
    }
}
