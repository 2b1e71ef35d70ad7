package dev.nocturne.schemas;

import static dev.nocturne.schemas.Limits.MAX_CAPTION_CHARS;
import static dev.nocturne.schemas.Limits.MAX_CUSTOM_ID_CHARS;
import static dev.nocturne.schemas.Limits.MAX_IMAGE_PROMPT_BYTES;
import static dev.nocturne.schemas.ReasonCodes.CAPTION_TOO_LONG;
import static dev.nocturne.schemas.ReasonCodes.INVALID_CAPTION;
import static dev.nocturne.schemas.ReasonCodes.INVALID_OPTION;

import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.DrawnCandidates;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The rules every caption obeys, whichever way it comes in: the REST API, the command line, or a
 * record from any producer. What only a model can tell (tokens that do not fit, rows of an image
 * prompt) is the encoder's to check.
 */
public final class CaptionRules {

    private static final String PLAIN_TEXT = "send plain UTF-8 text";

    private CaptionRules() {}

    /** All rules that the caption breaks, in a fixed order; empty if it is good. */
    public static List<Violation> validate(CaptionSubmitted caption) {
        List<Violation> violations = new ArrayList<>();
        checkJobId(caption.getJobId(), violations);
        checkCustomId(caption.getCustomId(), violations);
        checkCaption(caption.getCaption(), violations);
        violations.addAll(OptionRules.validate(caption.getOptions()));
        checkImagePrompt(caption, violations);
        checkDrawn(caption, violations);
        return violations;
    }

    /**
     * A caption as it is painted: its text on one line, and its numbers in accord. To be called
     * before {@link #validate}, and on what comes as a record, before its text is read.
     */
    public static CaptionSubmitted normalised(CaptionSubmitted caption) {
        Counts counts = Counts.of(caption.getOptions());
        CaptionSubmitted.Builder normalised =
                CaptionSubmitted.newBuilder(caption)
                        .setCaption(PlainText.onOneLine(caption.getCaption()));
        normalised.getOptionsBuilder().setCandidates(counts.candidates()).setTop(counts.top());
        return normalised.build();
    }

    /** Whether no rule speaks against it as a custom id. */
    public static boolean isCustomId(String customId) {
        List<Violation> violations = new ArrayList<>();
        checkCustomId(customId, violations);
        return violations.isEmpty();
    }

    private static void checkJobId(String jobId, List<Violation> violations) {
        if (jobId != null && !Ids.isJobId(jobId)) {
            violations.add(
                    option(
                            "job_id",
                            "job_id '%s': use 1 to 128 letters, digits, '.', '_' or '-'"
                                    .formatted(excerpt(jobId))));
        }
    }

    private static void checkCustomId(String customId, List<Violation> violations) {
        int chars = codePoints(customId);
        Optional<String> fault = PlainText.fault(customId);
        if (customId.isBlank()) {
            violations.add(
                    option("custom_id", "custom_id is empty: give it a name or leave it out"));
        } else if (chars > MAX_CUSTOM_ID_CHARS) {
            violations.add(
                    option(
                            "custom_id",
                            "custom_id has %d characters: at most %d"
                                    .formatted(chars, MAX_CUSTOM_ID_CHARS)));
        } else if (fault.isPresent()) {
            violations.add(
                    option(
                            "custom_id",
                            "custom_id '%s' holds %s: %s"
                                    .formatted(excerpt(customId), fault.get(), PLAIN_TEXT)));
        }
    }

    private static void checkCaption(String caption, List<Violation> violations) {
        int chars = codePoints(caption);
        // white space is none: see normalised
        Optional<String> fault = PlainText.fault(PlainText.onOneLine(caption));
        if (PlainText.onOneLine(caption).isEmpty()) {
            violations.add(
                    new Violation(
                            "prompt", INVALID_CAPTION, "the caption is empty: say what to paint"));
        } else if (chars > MAX_CAPTION_CHARS) {
            violations.add(
                    new Violation(
                            "prompt",
                            CAPTION_TOO_LONG,
                            "the caption has %d characters: at most %d"
                                    .formatted(chars, MAX_CAPTION_CHARS)));
        } else if (fault.isPresent()) {
            violations.add(
                    new Violation(
                            "prompt",
                            INVALID_CAPTION,
                            "the caption '%s' holds %s: %s"
                                    .formatted(excerpt(caption), fault.get(), PLAIN_TEXT)));
        }
    }

    private static void checkImagePrompt(CaptionSubmitted caption, List<Violation> violations) {
        ByteBuffer imagePrompt = caption.getImagePrompt();
        int rows = caption.getImagePromptRows();
        int columns = caption.getImagePromptColumns();
        ByteBuffer mask = caption.getImagePromptMask();
        boolean variation = caption.getVariation();
        int bytes = imagePrompt == null ? 0 : imagePrompt.remaining();
        int maskBytes = mask == null ? 0 : mask.remaining();
        if (bytes + maskBytes > MAX_IMAGE_PROMPT_BYTES) {
            violations.add(
                    option(
                            "image_prompt",
                            "image_prompt has %d bytes%s: at most %d, send a smaller picture"
                                    .formatted(
                                            bytes,
                                            maskBytes == 0
                                                    ? ""
                                                    : " and its mask %d".formatted(maskBytes),
                                            MAX_IMAGE_PROMPT_BYTES)));
        }
        if (imagePrompt == null) {
            checkUnused("image_prompt_rows", rows, violations);
            checkUnused("image_prompt_columns", columns, violations);
            if (mask != null) {
                violations.add(
                        option("mask", "mask without an image_prompt: send one or leave it out"));
            }
            if (variation) {
                violations.add(
                        option(
                                "image_prompt",
                                "a variation without an image_prompt: send what is to be varied"));
            }
        } else if (variation && (mask != null || rows != 0 || columns != 0)) {
            violations.add(
                    option(
                            "mask",
                            "a variation with a mask, or rows or columns to keep: send one of both"));
        } else if (mask != null && (rows != 0 || columns != 0)) {
            violations.add(
                    option(
                            "mask",
                            "mask beside image_prompt_rows %d and image_prompt_columns %d: send the mask or the numbers"
                                    .formatted(rows, columns)));
        } else if (mask != null || variation) {
            return; // what is kept is the encoder's to see
        } else if (rows < 0 || columns < 0 || rows + columns == 0) {
            violations.add(
                    option(
                            "image_prompt_rows",
                            "image_prompt_rows is %d and image_prompt_columns %d: keep at least 1 token row or column of the image_prompt"
                                    .formatted(rows, columns)));
        }
    }

    private static void checkUnused(String param, int value, List<Violation> violations) {
        if (value != 0) {
            violations.add(
                    option(
                            param,
                            "%s is %d without an image_prompt: send one or leave it out"
                                    .formatted(param, value)));
        }
    }

    private static void checkDrawn(CaptionSubmitted caption, List<Violation> violations) {
        DrawnCandidates drawn = caption.getDrawn();
        if (drawn == null) {
            return;
        }
        int candidates = caption.getOptions().getCandidates();
        int seeds = drawn.getSeeds().size();
        int logProbabilities = drawn.getLogProbabilities().size();
        if (seeds != candidates || logProbabilities != candidates) {
            violations.add(
                    option(
                            "drawn",
                            "drawn has %d seeds and %d log-probabilities of %d candidates: give one of each for every candidate"
                                    .formatted(seeds, logProbabilities, candidates)));
        }
    }

    private static Violation option(String param, String message) {
        return new Violation(param, INVALID_OPTION, message);
    }

    private static int codePoints(String text) {
        return text.codePointCount(0, text.length());
    }

    /** Fit for a one-line message: short, and without what could break the line. */
    static String excerpt(String text) {
        String line = PrintableText.of(text);
        return codePoints(line) <= 40
                ? line
                : line.substring(0, line.offsetByCodePoints(0, 40)) + "…";
    }
}
