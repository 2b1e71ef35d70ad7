package dev.nocturne.standalone.paint;

import dev.nocturne.embedded.Preflight;
import dev.nocturne.encoder.ImagePrompt;
import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.runtime.RankedBy;
import dev.nocturne.runtime.ResultFile;
import dev.nocturne.standalone.option.CaptionOptions;
import dev.nocturne.standalone.option.JsonOption;
import dev.nocturne.standalone.option.ModelOptions;
import dev.nocturne.standalone.paint.Painter.Painting;
import dev.nocturne.standalone.terminal.LivePicture;
import dev.nocturne.standalone.terminal.LiveText;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "paint",
        description = "Paints one caption without Kafka: the best pictures and result.json.")
public final class PaintCommand implements Callable<Integer> {
    @Parameters(paramLabel = "CAPTION", description = "What to paint.")
    String caption;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            defaultValue = "paintings",
            description =
                    "Folder for the pictures, 1.png or as --output-format says, and result.json (default: ${DEFAULT-VALUE}).")
    Path out;

    @Option(
            names = "--preview",
            description =
                    "Shows the first candidate while it is drawn, then the best: as preview.png in the folder, and in a terminal with colours.")
    boolean preview;

    @Mixin CaptionOptions options;
    @Mixin ModelOptions model;
    @Mixin JsonOption json;
    @Spec CommandSpec command;

    @Override
    public Integer call() throws IOException {
        CaptionSubmitted event = options.event(Painter.JOB, "caption", caption);
        Path folder = Preflight.writableFolder(out);
        List<Painting> paintings = new ArrayList<>();
        LiveText live = new LiveText(command.commandLine().getErr());
        int[] done = {0};
        try (Painter painter = new Painter(model.directory, model.batch);
                LivePicture picture = new LivePicture(folder)) {
            Runnable tell =
                    () ->
                            live.show(
                                    "%sdrawn %d/%d"
                                            .formatted(
                                                    picture.text(),
                                                    done[0],
                                                    event.getOptions().getCandidates()));
            painter.paint(
                    List.of(event),
                    preview ? seen -> show(seen, picture, tell) : null,
                    drawn -> {
                        done[0] += drawn;
                        tell.run();
                    },
                    painting -> {
                        paintings.add(painting);
                        if (preview) {
                            show(ImagePrompt.read(painting.files().get(0)), picture, tell);
                        }
                    });
        }
        Painting painting = paintings.get(0);
        for (int i = 0; i < painting.files().size(); i++) {
            Files.write(
                    folder.resolve(painting.result().images().get(i).key()),
                    painting.files().get(i));
        }
        byte[] result = painting.result().toJson();
        Files.write(folder.resolve("result.json"), result);
        if (json.enabled) {
            command.commandLine().getOut().println(new String(result, StandardCharsets.UTF_8));
        } else {
            print(painting.result(), folder);
        }
        return 0;
    }

    private static void show(BufferedImage seen, LivePicture picture, Runnable tell) {
        picture.show(seen);
        tell.run();
    }

    private void print(ResultFile result, Path folder) {
        PrintWriter writer = command.commandLine().getOut();
        for (ResultFile.Image image : result.images()) {
            writer.printf(
                    "%d  %s  seed %-20d  %s%n",
                    image.rank(), image.worth(), image.seed(), folder.resolve(image.key()));
        }
        if (result.rankedBy() == RankedBy.LIKELIHOOD) {
            writer.println(
                    "The likeliest first: the model has no CLIP to compare pictures and caption with");
        }
    }
}
