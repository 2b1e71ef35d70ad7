package dev.nocturne.training.dataset;

/**
 * Orders that need no memory: a permutation of the first numbers for each key, computed at one
 * place at a time. A Feistel network of four rounds permutes the next power of four; numbers beyond
 * the end are permuted again until they are within (Black and Rogaway 2002, "Ciphers with arbitrary
 * finite domains").
 */
final class Shuffle {
    private static final int ROUNDS = 4;

    private Shuffle() {}

    /**
     * Which number stands at a place.
     *
     * @param place from 0 to {@code size - 1}
     * @param key another one gives another order
     */
    static long at(long place, long size, long key) {
        int halfBits = Math.max(1, (Long.SIZE - Long.numberOfLeadingZeros(size - 1) + 1) / 2);
        long number = place;
        do {
            number = permuted(number, halfBits, key);
        } while (number >= size);
        return number;
    }

    private static long permuted(long number, int halfBits, long key) {
        long mask = (1L << halfBits) - 1;
        long left = number >>> halfBits;
        long right = number & mask;
        for (int round = 0; round < ROUNDS; round++) {
            long next = left ^ mixed(right + mixed(key + round)) & mask;
            left = right;
            right = next;
        }
        return left << halfBits | right;
    }

    /** SplitMix64's finisher: any bit of the input changes half of the output's. */
    static long mixed(long value) {
        long mixed = value + 0x9e3779b97f4a7c15L;
        mixed = (mixed ^ mixed >>> 30) * 0xbf58476d1ce4e5b9L;
        mixed = (mixed ^ mixed >>> 27) * 0x94d049bb133111ebL;
        return mixed ^ mixed >>> 31;
    }
}
