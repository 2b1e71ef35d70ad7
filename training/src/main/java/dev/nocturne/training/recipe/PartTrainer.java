package dev.nocturne.training.recipe;

import dev.nocturne.models.bundle.ModelBundle;
import dev.nocturne.models.format.Safetensors;
import dev.nocturne.training.data.PictureSource;
import dev.nocturne.training.loop.Trainee;
import dev.nocturne.training.loop.TrainingLoop;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/** Trains parts of the model in a directory, each in a folder of its own there. */
final class PartTrainer {
    private static final Duration CHECKPOINT_EVERY = Duration.ofMinutes(3);

    private final Path model;
    private final PrintStream log;

    PartTrainer(Path model, PrintStream log) {
        this.model = model;
        this.log = log;
    }

    /** Puts a part's finished weights into a bundle. */
    interface Finish {
        void into(ModelBundle bundle, Map<String, Safetensors.Tensor> weights) throws IOException;
    }

    /**
     * Trains a part, or goes on with it. Its last step puts it into the model.
     *
     * @param part also its folder's name
     * @return whether training finished (else a signal stopped it, or it was rehearsed)
     */
    boolean run(
            Trainee trainee,
            PictureSource pictures,
            String part,
            Training.Options options,
            Finish finish)
            throws IOException {
        TrainingLoop.Plan plan =
                new TrainingLoop.Plan(
                        options.steps(),
                        options.evaluateEvery(),
                        options.seed(),
                        CHECKPOINT_EVERY,
                        options.keep());
        TrainingLoop loop = new TrainingLoop(trainee, folder(part), plan, log);
        if (options.rehearse()) {
            new Forecast(part, loop.rehearse(), plan, options.batch(), pictures.size()).print(log);
            return false;
        }
        boolean finished = loop.run();
        if (finished) {
            // read again: another part may have been finished meanwhile
            finish.into(
                    ModelBundle.open(model),
                    Safetensors.readAll(folder(part).resolve("weights.safetensors")));
        }
        return finished;
    }

    /** What training leaves in the model's directory. */
    Path folder() {
        return model.resolve("training");
    }

    private Path folder(String part) {
        return folder().resolve(part);
    }
}
