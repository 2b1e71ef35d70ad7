package dev.nocturne.runtime;

import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.nocturne.events.DrawingOptions;
import dev.nocturne.schemas.OptionRules;

/**
 * How the tokens of a request were drawn, as files and answers tell it among their other fields.
 *
 * @param temperature divided the logits; above 0
 * @param topK so many likeliest tokens were drawn from; 0 = off
 * @param topP those of this total probability were drawn from; 1 = off
 * @param guidance 1 (off) in a file from before there was any
 */
@JsonNaming(SnakeCaseStrategy.class)
public record SamplingOptions(double temperature, int topK, double topP, double guidance) {

    private static final double NO_GUIDANCE = 1;

    public SamplingOptions {
        guidance = guidance == 0 ? NO_GUIDANCE : guidance;
    }

    /**
     * @param options as the encoder has set them
     */
    static SamplingOptions of(DrawingOptions options) {
        return new SamplingOptions(
                options.getTemperature(),
                options.getTopK(),
                OptionRules.topP(options),
                options.getGuidance());
    }

    void setIn(DrawingOptions.Builder options) {
        options.setTemperature(temperature).setTopK(topK).setTopP(topP).setGuidance(guidance);
    }
}
