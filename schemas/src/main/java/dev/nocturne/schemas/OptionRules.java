package dev.nocturne.schemas;

import static dev.nocturne.schemas.CaptionRules.excerpt;
import static dev.nocturne.schemas.Limits.MAX_CANDIDATES;
import static dev.nocturne.schemas.Limits.MAX_GUIDANCE;
import static dev.nocturne.schemas.Limits.MAX_OUTPUT_COMPRESSION;
import static dev.nocturne.schemas.Limits.MAX_PARTIAL_IMAGES;
import static dev.nocturne.schemas.Limits.MAX_TEMPERATURE;
import static dev.nocturne.schemas.Limits.MAX_TOP;
import static dev.nocturne.schemas.Limits.MAX_TOP_K;
import static dev.nocturne.schemas.PictureFormat.PNG;
import static dev.nocturne.schemas.ReasonCodes.INVALID_OPTION;

import dev.nocturne.events.DrawingOptions;
import java.util.ArrayList;
import java.util.List;

/** The rules that the options of a request obey, in its caption and between the stages. */
public final class OptionRules {

    private OptionRules() {}

    /** All rules that the options break, in a fixed order; empty if they are good. */
    public static List<Violation> validate(DrawingOptions options) {
        List<Violation> violations = new ArrayList<>();
        checkCounts(options, violations);
        checkSampling(options, violations);
        checkPicture(options, violations);
        checkPartialImages(options, violations);
        return violations;
    }

    /** As a number, where null stands for off. */
    public static double topP(DrawingOptions options) {
        return options.getTopP() == null ? 1 : options.getTopP();
    }

    private static void checkCounts(DrawingOptions options, List<Violation> violations) {
        int candidates = options.getCandidates();
        if (candidates < 1 || candidates > MAX_CANDIDATES) {
            violations.add(
                    option(
                            "candidates",
                            "candidates is %d: must be 1 to %d"
                                    .formatted(candidates, MAX_CANDIDATES)));
        }
        int top = options.getTop();
        if (top < 1 || top > MAX_TOP) {
            violations.add(option("top", "top is %d: must be 1 to %d".formatted(top, MAX_TOP)));
        } else if (top > candidates) {
            violations.add(
                    option(
                            "top",
                            "top is %d of %d candidates: ask for no more than are drawn"
                                    .formatted(top, candidates)));
        }
        int scheme = options.getSeedScheme();
        if (scheme != SeedSchemes.MIXED && scheme != SeedSchemes.FIRST_IS_OWN) {
            violations.add(
                    option("seed_scheme", "seed_scheme is %d: must be 1 or 2".formatted(scheme)));
        }
    }

    private static void checkSampling(DrawingOptions options, List<Violation> violations) {
        Double temperature = options.getTemperature();
        if (temperature != null && !(temperature > 0 && temperature <= MAX_TEMPERATURE)) {
            violations.add(
                    option(
                            "temperature",
                            "temperature is %s: must be more than 0, at most %s"
                                    .formatted(temperature, MAX_TEMPERATURE)));
        }
        int topK = options.getTopK();
        if (topK < 0 || topK > MAX_TOP_K) {
            violations.add(
                    option(
                            "top_k",
                            "top_k is %d: must be 0 (off) to %d".formatted(topK, MAX_TOP_K)));
        }
        Double topP = options.getTopP();
        if (topP != null && !(topP > 0 && topP <= 1)) {
            violations.add(
                    option(
                            "top_p",
                            "top_p is %s: must be more than 0, at most 1 (off)".formatted(topP)));
        }
        Double guidance = options.getGuidance();
        if (guidance != null && !(guidance >= 1 && guidance <= MAX_GUIDANCE)) {
            violations.add(
                    option(
                            "guidance",
                            "guidance is %s: must be 1 (off) to %s"
                                    .formatted(guidance, MAX_GUIDANCE)));
        }
    }

    private static void checkPicture(DrawingOptions options, List<Violation> violations) {
        String format = options.getOutputFormat();
        int compression = options.getOutputCompression();
        if (PictureFormat.named(format).isEmpty()) {
            violations.add(
                    option(
                            "output_format",
                            "output_format is '%s': must be png, jpeg or webp"
                                    .formatted(excerpt(format))));
        }
        String size = options.getSize();
        if (!SizeName.isOne(size)) {
            violations.add(
                    option(
                            "size",
                            "size is '%s': must be auto, or a size that the model paints, as 64x64"
                                    .formatted(excerpt(size))));
        }
        if (compression < 0 || compression > MAX_OUTPUT_COMPRESSION) {
            violations.add(
                    option(
                            "output_compression",
                            "output_compression is %d: must be 0 to %d"
                                    .formatted(compression, MAX_OUTPUT_COMPRESSION)));
        } else if (compression < MAX_OUTPUT_COMPRESSION && format.equals(PNG.toString())) {
            violations.add(
                    option(
                            "output_compression",
                            "output_compression is %d, but png loses nothing: leave it out, or ask for output_format jpeg or webp"
                                    .formatted(compression)));
        }
    }

    private static void checkPartialImages(DrawingOptions options, List<Violation> violations) {
        int partialImages = options.getPartialImages();
        if (partialImages < 0 || partialImages > MAX_PARTIAL_IMAGES) {
            violations.add(
                    option(
                            "partial_images",
                            "partial_images is %d: must be 0 to %d"
                                    .formatted(partialImages, MAX_PARTIAL_IMAGES)));
        }
    }

    private static Violation option(String param, String message) {
        return new Violation(param, INVALID_OPTION, message);
    }
}
