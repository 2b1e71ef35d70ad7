package dev.nocturne.schemas;

/** How the seeds of the candidates follow from that of their request. */
public final class SeedSchemes {

    /** All are mixed from it: what was asked for before there was another way. */
    public static final int MIXED = 1;

    /** It is the first candidate's own; the others are mixed from it, to 53 bits. */
    public static final int FIRST_IS_OWN = 2;

    private SeedSchemes() {}
}
