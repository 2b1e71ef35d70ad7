package dev.nocturne.standalone.option;

import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.events.DrawingOptions;
import dev.nocturne.ingest.caption.CaptionDefaults;
import dev.nocturne.schemas.CaptionRules;
import dev.nocturne.schemas.Counts;
import dev.nocturne.schemas.DrawingOption;
import dev.nocturne.schemas.PlainText;
import dev.nocturne.schemas.Violation;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
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
    /** What is said of these depends on more than the schema. */
    private static final Set<String> SAID_APART = Set.of("candidates", "top", "partial_images");

    private final Map<DrawingOption, OptionSpec> others = new LinkedHashMap<>();
    private CommandSpec command;

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

    @Spec(Spec.Target.MIXEE)
    void addTo(CommandSpec command) {
        this.command = command;
        for (DrawingOption option : DrawingOption.ALL) {
            if (!SAID_APART.contains(option.name())) {
                OptionSpec spec = spec(option);
                command.addOption(spec);
                others.put(option, spec);
            }
        }
    }

    private static OptionSpec spec(DrawingOption option) {
        OptionSpec.Builder spec =
                OptionSpec.builder("--" + option.name().replace('_', '-'))
                        .description(sentence(option.description()));
        return switch (option.kind()) {
            case INTEGER -> spec.type(Integer.class).paramLabel("N").build();
            case NUMBER -> spec.type(Double.class).paramLabel("X").build();
            case TEXT -> spec.type(String.class).paramLabel("NAME").build();
        };
    }

    private static String sentence(String words) {
        return words.substring(0, 1).toUpperCase(Locale.ROOT) + words.substring(1) + ".";
    }

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

    /** Pictures kept per caption, said or not. */
    public int topOrDefault() {
        return counts().top();
    }

    private Counts counts() {
        return Counts.of(candidates, top, Counts.DEFAULT_TOP);
    }

    private DrawingOptions drawingOptions() {
        Counts counts = counts();
        DrawingOptions options =
                DrawingOptions.newBuilder()
                        .setCandidates(counts.candidates())
                        .setTop(counts.top())
                        .build();
        others.forEach(
                (option, spec) -> {
                    if (spec.getValue() != null) {
                        option.set(options, spec.getValue());
                    }
                });
        return options;
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
