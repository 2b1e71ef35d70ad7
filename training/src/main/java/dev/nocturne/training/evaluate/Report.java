package dev.nocturne.training.evaluate;

import dev.nocturne.models.transformer.Sampling;
import java.util.Map;

/** What an evaluation measured. */
public interface Report {

    /** The id of the bundle. */
    String model();

    /** How its pictures were drawn. */
    Sampling sampling();

    /** What was measured and what came out, in words. */
    Map<String, String> table();
}
