package dev.nocturne.schemas;

/**
 * Why a request failed for good: the same words in dead-letter headers, results, API answers and
 * metric labels.
 */
public final class ReasonCodes {

    public static final String INVALID_CAPTION = "invalid_caption";
    public static final String CAPTION_TOO_LONG = "caption_too_long";
    public static final String INVALID_OPTION = "invalid_option";
    public static final String DUPLICATE_CUSTOM_ID = "duplicate_custom_id";
    public static final String MALFORMED_EVENT = "malformed_event";
    public static final String MODEL_ERROR = "model_error";
    public static final String OTHER_MODEL = "other_model";
    public static final String STORAGE_ERROR = "storage_error";
    public static final String BATCH_CANCELLED = "batch_cancelled";
    public static final String BATCH_EXPIRED = "batch_expired";
    public static final String INTERNAL = "internal";

    private ReasonCodes() {}
}
