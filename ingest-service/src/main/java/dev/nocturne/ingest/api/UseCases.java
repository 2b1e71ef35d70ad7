package dev.nocturne.ingest.api;

import dev.nocturne.ingest.result.DeadLetterLog;

/** What callers can ask for while the jobs are known. */
public record UseCases(
        FileApi files,
        BatchApi batches,
        JobApi jobs,
        FollowUpApi followUps,
        ImageApi images,
        CandidateApi candidates,
        ResultApi results,
        JobFileApi jobFiles,
        DeadLetterLog deadLetters) {}
