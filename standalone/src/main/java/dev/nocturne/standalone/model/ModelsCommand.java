package dev.nocturne.standalone.model;

import dev.nocturne.models.clip.ClipArchitecture;
import dev.nocturne.models.dvae.DvaeFamily;
import dev.nocturne.models.program.Precision;
import dev.nocturne.models.transformer.TransformerCosts;
import dev.nocturne.models.transformer.TransformerFamily;
import dev.nocturne.models.upscaler.UpscalerFamily;
import dev.nocturne.standalone.option.JsonOption;
import dev.nocturne.training.bench.PartSizes;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "models",
        description = "Tells about models.",
        subcommands = ModelsCommand.Describe.class)
public final class ModelsCommand {

    @Command(
            name = "describe",
            description =
                    "What a model costs: numbers by arithmetic from its sizes, no weights read.")
    static final class Describe implements Callable<Integer> {
        private static final double GB = 1e9;

        @Mixin ModelSizes model;

        @Option(
                names = "--memory",
                paramLabel = "GB",
                defaultValue = "80",
                description = "Memory to fit a decode batch into (default: ${DEFAULT-VALUE}).")
        double memory;

        @Option(
                names = "--precision",
                defaultValue = "BFLOAT16",
                description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
        Precision precision;

        @Mixin JsonOption json;
        @Spec CommandSpec command;

        /**
         * @param clip null if there is none
         * @param upscaler null if there is none
         */
        private record Description(
                String model,
                DvaeFamily dvae,
                long dvaeParameters,
                TransformerFamily transformer,
                TransformerCosts transformerCosts,
                double memoryGb,
                long batch,
                ClipArchitecture clip,
                long clipParameters,
                UpscalerFamily upscaler,
                long upscalerParameters) {}

        @Override
        public Integer call() throws IOException {
            PartSizes sizes = model.sizes();
            Description description = description(model.name(), sizes);
            if (json.enabled) {
                json.print(command, description);
            } else {
                print(description, command.commandLine().getOut());
            }
            return 0;
        }

        private Description description(String name, PartSizes sizes) {
            TransformerCosts costs = TransformerCosts.of(sizes.transformer(), precision.bytes());
            ClipArchitecture clip = sizes.clip().orElse(null);
            UpscalerFamily upscaler = sizes.upscaler().orElse(null);
            return new Description(
                    name,
                    sizes.dvae(),
                    TransformerCosts.parameters(sizes.dvae().shapes()),
                    sizes.transformer(),
                    costs,
                    memory,
                    costs.batch(memory * GB),
                    clip,
                    clip == null ? 0 : TransformerCosts.parameters(clip.shapes()),
                    upscaler,
                    upscaler == null ? 0 : TransformerCosts.parameters(upscaler.shapes()));
        }

        private void print(Description d, PrintWriter out) {
            TransformerCosts costs = d.transformerCosts;
            out.printf("%s, %s%n", d.model, precision.name().toLowerCase());
            out.printf(
                    "dVAE         %,13d parameters, %d codes, %d×%d pixels a token%n",
                    d.dvaeParameters,
                    d.dvae.vocabulary(),
                    d.dvae.downsampling(),
                    d.dvae.downsampling());
            if (d.clip == null) {
                out.println("CLIP         none: the likeliest candidates come first");
            } else {
                out.printf("CLIP         %,13d parameters%n", d.clipParameters);
            }
            if (d.upscaler != null) {
                out.printf(
                        "upscaler     %,13d parameters, to %d times the size%n",
                        d.upscalerParameters, UpscalerFamily.FACTOR);
            }
            out.printf(
                    "transformer  %,13d parameters, %s%n",
                    costs.parameters(), bytes(costs.weightBytes()));
            out.printf(
                    "  operations      %.3g per image, and %.3g per caption%n",
                    costs.flopsPerImage(), costs.flopsPerCaption());
            out.printf(
                    "  keys, values    %s per candidate, and %s per caption for each 8 candidates%n",
                    bytes(costs.keyValueBytes()), bytes(costs.textKeyValueBytes()));
            out.printf(
                    "  of them read    %s per image, %.2f of dense attention without sharing%n",
                    bytes(costs.keyValueBytesRead()),
                    costs.keyValueBytesRead() / costs.denseKeyValueBytesRead());
            out.printf(
                    "  %s%n",
                    d.batch == 0
                            ? "its weights do not fit %.0f GB".formatted(memory)
                            : "%,d candidates decode together in %.0f GB"
                                    .formatted(d.batch, memory));
        }

        private static String bytes(double bytes) {
            return bytes >= GB
                    ? "%.2f GB".formatted(bytes / GB)
                    : bytes >= 1e6
                            ? "%.2f MB".formatted(bytes / 1e6)
                            : "%.1f kB".formatted(bytes / 1e3);
        }
    }
}
