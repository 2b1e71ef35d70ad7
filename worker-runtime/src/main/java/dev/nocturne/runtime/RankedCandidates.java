package dev.nocturne.runtime;

import dev.nocturne.events.CandidatesRanked;
import dev.nocturne.events.OtherCandidate;
import dev.nocturne.runtime.ResultFile.Candidate;
import dev.nocturne.schemas.EventCodec;
import dev.nocturne.schemas.PackedTokens;
import dev.nocturne.schemas.ReasonCodes;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** All candidates of a request, out of the record that ranks them. */
final class RankedCandidates {

    private RankedCandidates() {}

    /** Best first; of a record from before there were others, the winners alone. */
    static List<Candidate> of(CandidatesRanked ranked) {
        List<Candidate> ranking = new ArrayList<>();
        ranked.getWinners().forEach(winner -> ranking.add(Candidate.of(winner)));
        List<OtherCandidate> others = ranked.getOthers();
        List<ByteBuffer> tokens = tokens(ranked);
        for (int i = 0; i < others.size(); i++) {
            OtherCandidate other = others.get(i);
            ranking.add(
                    new Candidate(
                            ranking.size() + 1,
                            other.getCandidate(),
                            other.getSeed(),
                            other.getScore(),
                            other.getLogProbability(),
                            tokens.isEmpty() ? null : EventCodec.bytes(tokens.get(i))));
        }
        return ranking;
    }

    private static List<ByteBuffer> tokens(CandidatesRanked ranked) {
        if (!ranked.getOtherTokens().hasRemaining()) {
            return List.of();
        }
        try {
            return PackedTokens.unpack(
                    ranked.getOtherTokens(),
                    ranked.getOthers().size(),
                    2 * ranked.getGridHeight() * ranked.getGridWidth());
        } catch (IllegalArgumentException e) {
            throw new PermanentException(ReasonCodes.MALFORMED_EVENT, e.getMessage(), e);
        }
    }
}
