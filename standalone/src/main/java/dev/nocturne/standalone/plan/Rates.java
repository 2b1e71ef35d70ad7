package dev.nocturne.standalone.plan;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How fast stages work, as it was measured. For one thread.
 *
 * <p>The work of the generator and the scorer grows with the candidates of a caption, that of the
 * publisher with its pictures.
 */
final class Rates {
    static final String ENCODER = "encoder";
    static final String GENERATOR = "generator";
    static final String SCORER = "scorer";
    static final String PUBLISHER = "publisher";

    /**
     * What two runs of one version differ by, as docs/performance.md has it of the pipeline: taken
     * where there is one run.
     */
    static final double ASSUMED_SPREAD = 0.1;

    /** What stages are measured by; null: as the planned job. */
    record Work(Integer candidates, Integer top) {}

    /**
     * Of one worker.
     *
     * @param spread from run to run, as a share (relative standard deviation)
     * @param runs that it is known of; 0: it is assumed
     */
    record Rate(double secondsPerCaption, double spread, int runs) {}

    private final Map<String, List<Double>> secondsPerCaption = new LinkedHashMap<>();
    private final Work planned;
    private double startUpSeconds;
    private long pictureBytes;
    private int batch;
    private boolean modelsAlone;

    /**
     * @param planned the job's
     */
    Rates(Work planned) {
        this.planned = planned;
    }

    /** A run of a stage. */
    void add(String stage, double seconds, Work measured) {
        double scaled =
                switch (stage) {
                    case GENERATOR, SCORER ->
                            measured.candidates == null
                                    ? seconds
                                    : seconds * planned.candidates / measured.candidates;
                    case PUBLISHER ->
                            measured.top == null ? seconds : seconds * planned.top / measured.top;
                    default -> seconds;
                };
        secondsPerCaption.computeIfAbsent(stage, first -> new ArrayList<>()).add(scaled);
    }

    /** The longest counts. */
    void addStartUp(double seconds) {
        startUpSeconds = Math.max(startUpSeconds, seconds);
    }

    /** Of a picture's file on average. */
    void setPictureBytes(long bytes) {
        pictureBytes = bytes;
    }

    /** Candidates of a decode batch. */
    void setBatch(int batch) {
        this.batch = batch;
    }

    /** Models were measured without the pipeline. */
    void setModelsAlone() {
        modelsAlone = true;
    }

    boolean has(String stage) {
        return secondsPerCaption.containsKey(stage);
    }

    Rate of(String stage) {
        List<Double> runs = secondsPerCaption.get(stage);
        double mean = runs.stream().mapToDouble(run -> run).average().orElseThrow();
        if (runs.size() == 1) {
            return new Rate(mean, ASSUMED_SPREAD, 0);
        }
        double squares = runs.stream().mapToDouble(run -> (run - mean) * (run - mean)).sum();
        return new Rate(mean, Math.sqrt(squares / (runs.size() - 1)) / mean, runs.size());
    }

    double startUpSeconds() {
        return startUpSeconds;
    }

    /** 0: not known. */
    long pictureBytes() {
        return pictureBytes;
    }

    /** 0: not known. */
    int batch() {
        return batch;
    }

    boolean modelsAlone() {
        return modelsAlone;
    }
}
