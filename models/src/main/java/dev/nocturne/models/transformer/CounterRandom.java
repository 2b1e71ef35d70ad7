package dev.nocturne.models.transformer;

/**
 * A counter-based generator: the number at a position is a function of seed and position alone, so
 * a draw depends neither on its batch nor on what was drawn before.
 *
 * <p>Philox4x32 with ten rounds (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2,
 * 3"): the seed is the key, the position the counter.
 */
public final class CounterRandom {

    private static final int ROUNDS = 10;
    private static final long MULTIPLIER_0 = 0xd2511f53L;
    private static final long MULTIPLIER_1 = 0xcd9e8d57L;

    /** The golden ratio and the square root of three, minus one, in 32 bits. */
    private static final int WEYL_0 = 0x9e3779b9;

    private static final int WEYL_1 = 0xbb67ae85;

    private CounterRandom() {}

    /** A number in [0, 1), one of 2^24 equally spaced and equally likely ones. */
    public static float uniform(long seed, long position) {
        int[] key = {(int) seed, (int) (seed >>> 32)};
        int[] counter = {(int) position, (int) (position >>> 32), 0, 0};
        return (philox(counter, key)[0] >>> 8) * 0x1p-24f;
    }

    /** Four random words of a counter of four words and a key of two. */
    static int[] philox(int[] counter, int[] key) {
        int c0 = counter[0];
        int c1 = counter[1];
        int c2 = counter[2];
        int c3 = counter[3];
        int k0 = key[0];
        int k1 = key[1];
        for (int round = 0; round < ROUNDS; round++) {
            long product0 = MULTIPLIER_0 * Integer.toUnsignedLong(c0);
            long product1 = MULTIPLIER_1 * Integer.toUnsignedLong(c2);
            c0 = (int) (product1 >>> 32) ^ c1 ^ k0;
            c1 = (int) product1;
            c2 = (int) (product0 >>> 32) ^ c3 ^ k1;
            c3 = (int) product0;
            k0 += WEYL_0;
            k1 += WEYL_1;
        }
        return new int[] {c0, c1, c2, c3};
    }
}
