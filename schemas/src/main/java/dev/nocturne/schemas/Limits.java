package dev.nocturne.schemas;

/** What a caption may ask for. The paper draws 512 candidates; that is the most here, too. */
public final class Limits {

    public static final int MAX_CANDIDATES = 512;
    public static final int MAX_TOP = 64;

    /** In code points. */
    public static final int MAX_CAPTION_CHARS = 400;

    /** In code points. */
    public static final int MAX_CUSTOM_ID_CHARS = 512;

    /** Exclusive lower bound is 0. */
    public static final double MAX_TEMPERATURE = 10;

    public static final double MAX_GUIDANCE = 100;

    public static final int MAX_TOP_K = 65_535;

    /** The quality of JPEG and WebP where none is asked for; at it, WebP loses nothing. */
    public static final int MAX_OUTPUT_COMPRESSION = 100;

    /** Leaves room for the rest of the record in Kafka's default of 1 MiB a message. */
    public static final int MAX_IMAGE_PROMPT_BYTES = 768 * 1024;

    /** Of all candidates' grids in one record; likewise. */
    public static final int MAX_TOKEN_BYTES = 960_000;

    /** As in OpenAI's API. */
    public static final int MAX_PARTIAL_IMAGES = 3;

    private Limits() {}
}
