package dev.nocturne.training.loop;

import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What a terminal shows of a training: a row now and then, its columns named once a page. */
final class LossTable {
    private static final int BAR = 10;
    private static final int ROWS_OF_A_PAGE = 30;
    private static final int LEAST_WIDTH = 9;
    private static final String HELD_OUT = "held-out ";

    private final PrintStream log;
    private final List<String> metrics;
    private final String unit;
    private final Map<String, Double> heldOut = new LinkedHashMap<>();
    private int rows;

    /**
     * @param metrics of training
     * @param unit of the rate
     */
    LossTable(PrintStream log, List<String> metrics, String unit) {
        this.log = log;
        this.metrics = metrics;
        this.unit = unit;
    }

    /** What was measured last on what is held out; rows show it until it is measured again. */
    void heldOut(Map<String, Double> measured) {
        if (!heldOut.keySet().equals(measured.keySet())) {
            rows = 0; // other columns
        }
        heldOut.putAll(measured);
    }

    void row(long step, long steps, double[] means, double unitsPerSecond, Duration left) {
        List<String> names = new ArrayList<>(metrics);
        heldOut.keySet().forEach(name -> names.add(HELD_OUT + name));
        names.add(unit + "/s");
        if (rows++ % ROWS_OF_A_PAGE == 0) {
            StringBuilder header = new StringBuilder("%9s  %-17s".formatted("step", "done"));
            names.forEach(name -> header.append(padded(name, name)));
            log.println(header.append("       left"));
        }
        List<String> values = new ArrayList<>();
        for (double mean : means) {
            values.add(number(mean));
        }
        heldOut.values().forEach(value -> values.add(number(value)));
        values.add("%,.0f".formatted(unitsPerSecond));
        int full = (int) (BAR * step / steps);
        StringBuilder line =
                new StringBuilder(
                        "%,9d  [%s%s] %3d %%"
                                .formatted(
                                        step,
                                        "#".repeat(full),
                                        ".".repeat(BAR - full),
                                        100 * step / steps));
        for (int i = 0; i < names.size(); i++) {
            line.append(padded(values.get(i), names.get(i)));
        }
        log.println(
                line.append(
                        "%5d:%02d:%02d"
                                .formatted(
                                        left.toHours(),
                                        left.toMinutesPart(),
                                        left.toSecondsPart())));
    }

    private static String number(double value) {
        return "%.4f".formatted(value);
    }

    private static String padded(String text, String name) {
        return ("  %" + Math.max(LEAST_WIDTH, name.length()) + "s").formatted(text);
    }
}
