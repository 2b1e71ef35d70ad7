package dev.nocturne.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.nocturne.runtime.DeadLetters;
import dev.nocturne.runtime.KafkaSettings;
import dev.nocturne.schemas.Topics;
import java.util.List;

/** The dead letters that there are. */
final class DeadLetterTopic {
    private DeadLetterTopic() {}

    /** The reason code of each, in the order in which they came. */
    static List<String> reasons(KafkaSettings kafka) {
        return TopicReader.records(kafka, Topics.DEAD_LETTERS).stream()
                .map(
                        letter ->
                                new String(
                                        letter.headers()
                                                .lastHeader(DeadLetters.REASON_CODE)
                                                .value(),
                                        UTF_8))
                .toList();
    }
}
