package dev.nocturne.models.transformer;

/**
 * Seeds of a request's candidates: the same wherever, whenever and in whatever batch they are
 * drawn.
 */
public final class CandidateSeeds {

    /** 2^64 divided by the golden ratio, odd. */
    private static final long GOLDEN_GAMMA = 0x9e3779b97f4a7c15L;

    private CandidateSeeds() {}

    /**
     * The seed of a candidate: the request's own for the first, so that the seed of any picture,
     * asked for with one candidate, draws it again. The others' are mixed, unrelated also between
     * neighbouring requests, and of 53 bits, which every JSON reader keeps.
     *
     * @param candidate 0-based
     */
    public static long seed(long requestSeed, int candidate) {
        return candidate == 0 ? requestSeed : mixed(requestSeed, candidate) >>> 11;
    }

    /** As it was before: of 64 bits, and mixed for the first candidate, too. */
    public static long mixed(long requestSeed, int candidate) {
        return mix(mix(requestSeed) + (candidate + 1) * GOLDEN_GAMMA);
    }

    /** SplitMix64's mixing function (Steele et al. 2014, "mix64variant13"), a bijection. */
    private static long mix(long z) {
        z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }
}
