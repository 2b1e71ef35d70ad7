package dev.nocturne.runtime;

import com.fasterxml.jackson.annotation.JsonProperty;

/** What has put the candidates of a request in order, as results say it. */
public enum RankedBy {
    /** Scores: cosines of CLIP's embeddings, and what the model adds for likelihood. */
    @JsonProperty("clip")
    CLIP,

    /** Log-probabilities: the model has no CLIP, and nothing has a score. */
    @JsonProperty("likelihood")
    LIKELIHOOD;

    /**
     * @param score of any of the candidates; null if it has none
     */
    static RankedBy of(Float score) {
        return score == null ? LIKELIHOOD : CLIP;
    }
}
