package dev.nocturne.standalone.option;

import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.DrawingOptions;
import dev.nocturne.ingest.caption.CaptionDefaults;
import dev.nocturne.schemas.CaptionRules;
import dev.nocturne.schemas.Counts;
import dev.nocturne.schemas.PlainText;
import dev.nocturne.schemas.Violation;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * How a caption is painted: the options that {@code publish}, {@code paint} and {@code submit}
 * share.
 */
public final class CaptionOptions {
    @Spec(Spec.Target.MIXEE)
    CommandSpec command;

    @Option(
            names = "--candidates",
            paramLabel = "N",
            description = "Pictures drawn and ranked per caption (default: 16, or --top if more).")
    public Integer candidates;

    @Option(
            names = "--top",
            paramLabel = "K",
            description = "Best pictures kept (default: 4, or --candidates if fewer).")
    Integer top;

    @Option(
            names = "--seed",
            paramLabel = "SEED",
            description =
                    "The same seed draws the same pictures, a picture's own with --candidates 1 that one (default: from the request).")
    Long seed;

    @Option(
            names = "--temperature",
            paramLabel = "T",
            description = "Below 1 tamer, above 1 wilder (default: the model's own).")
    Double temperature;

    @Option(
            names = "--top-k",
            paramLabel = "N",
            defaultValue = "0",
            description = "Draw from the N likeliest tokens only; 0: off (default).")
    int topK;

    @Option(
            names = "--top-p",
            paramLabel = "P",
            description =
                    "Draw from the likeliest tokens of total probability P; 1: off (default).")
    Double topP;

    @Option(
            names = "--guidance",
            paramLabel = "G",
            description =
                    "Above 1 closer to the caption, less varied; 1: off (default: the model's own).")
    Double guidance;

    @Option(
            names = "--output-format",
            paramLabel = "FORMAT",
            defaultValue = "png",
            description = "Of the pictures: png, jpeg or webp (default: ${DEFAULT-VALUE}).")
    String format;

    @Option(
            names = "--output-compression",
            paramLabel = "Q",
            defaultValue = "100",
            description = "Quality of jpeg and webp, 0 to 100 (default: ${DEFAULT-VALUE}).")
    int compression;

    @Option(
            names = "--image-prompt",
            paramLabel = "FILE",
            description = "PNG or JPEG of which the pictures keep a part.")
    public Path imagePrompt;

    @Option(
            names = "--image-prompt-rows",
            paramLabel = "N",
            defaultValue = "0",
            description = "Token rows kept from its top.")
    int imagePromptRows;

    @Option(
            names = "--image-prompt-columns",
            paramLabel = "N",
            defaultValue = "0",
            description = "Token columns kept from its left.")
    int imagePromptColumns;

    /** What the command line says, but for the picture, by the names of the API's parameters. */
    public Map<String, String> given() {
        Map<String, String> given = new TreeMap<>();
        for (OptionSpec option : command.commandLine().getParseResult().matchedOptions()) {
            String name = option.longestName().replaceFirst("^--", "").replace('-', '_');
            if (CaptionDefaults.names().contains(name) && !name.equals("image_prompt")) {
                given.put(name, option.stringValues().get(0));
            }
        }
        return given;
    }

    /**
     * The event of a caption.
     *
     * @param jobId null for a job of its own
     * @throws ParameterException if it breaks a rule
     */
    public CaptionSubmitted event(String jobId, String customId, String caption) {
        CaptionSubmitted event =
                CaptionSubmitted.newBuilder()
                        .setJobId(jobId)
                        .setCustomId(customId)
                        .setCaption(PlainText.onOneLine(caption))
                        .setSeed(seed)
                        .setImagePrompt(imagePromptBytes())
                        .setImagePromptRows(imagePromptRows)
                        .setImagePromptColumns(imagePromptColumns)
                        .setSubmittedAt(Instant.now())
                        .setOptions(drawingOptions())
                        .build();
        List<Violation> violations = CaptionRules.validate(event);
        if (!violations.isEmpty()) {
            throw new ParameterException(command.commandLine(), violations.get(0).message());
        }
        return event;
    }

    /** Pictures drawn per caption, said or not. */
    public int candidatesOrDefault() {
        return counts().candidates();
    }

    private Counts counts() {
        return Counts.of(candidates, top, Counts.DEFAULT_TOP);
    }

    private DrawingOptions drawingOptions() {
        Counts counts = counts();
        return DrawingOptions.newBuilder()
                .setCandidates(counts.candidates())
                .setTop(counts.top())
                .setTemperature(temperature)
                .setTopK(topK)
                .setTopP(topP)
                .setGuidance(guidance)
                .setOutputFormat(format)
                .setOutputCompression(compression)
                .build();
    }

    private ByteBuffer imagePromptBytes() {
        try {
            return imagePrompt == null ? null : ByteBuffer.wrap(Files.readAllBytes(imagePrompt));
        } catch (IOException e) {
            throw new ParameterException(
                    command.commandLine(),
                    "--image-prompt %s cannot be read: give a PNG or JPEG file"
                            .formatted(imagePrompt));
        }
    }
}
