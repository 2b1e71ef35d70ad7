package dev.nocturne.standalone.model;

import dev.nocturne.models.program.Machine;
import dev.nocturne.models.program.Precision;
import dev.nocturne.standalone.option.JsonOption;
import dev.nocturne.standalone.terminal.LiveText;
import dev.nocturne.training.bench.ModelBenchmark;
import dev.nocturne.training.bench.ModelBenchmark.Row;
import dev.nocturne.training.bench.ModelBenchmark.TooLarge;
import dev.nocturne.training.bench.ModelBenchmark.Work;
import dev.nocturne.training.bench.PartSizes;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * The models alone, as shares of what the machine can do. Rows that don't fit into memory are told
 * after the others, and make the exit code 1: not all that was asked for was measured.
 */
@Command(
        name = "models",
        description = {
            "Measures the models of the given sizes one by one: drawing, decoding, embedding, and a",
            "training step of each. Their weights are random; speed does not depend on them.",
            "Of an imported model, what nocturne also trains is measured, and the drawing.",
            "What does not fit into memory is left out, and the exit code is then 1."
        })
public final class ModelBenchCommand implements Callable<Integer> {
    private static final int MAX_BATCH = 1024;

    @Mixin ModelSizes model;

    @Option(
            names = "--only",
            paramLabel = "ROW",
            split = ",",
            description = {
                "Measure these rows alone, of: ${COMPLETION-CANDIDATES}",
                "(default: all that the model has)."
            })
    Set<Work> only;

    @Option(
            names = "--batches",
            paramLabel = "N",
            split = ",",
            defaultValue = "1,8,32",
            description = "Candidates or pictures at a time (default: ${DEFAULT-VALUE}).")
    List<Integer> batches;

    @Option(
            names = "--precision",
            description = "${COMPLETION-CANDIDATES} (default: the best that the machine has).")
    Precision precision;

    @Option(
            names = "--seconds",
            paramLabel = "S",
            defaultValue = "2",
            description = "The least that a measurement takes (default: ${DEFAULT-VALUE}).")
    double seconds;

    @Option(
            names = "--operations",
            description = {
                "Also count the operator calls that compute, of a layer for each position that is",
                "drawn, with libtorch's profiler."
            })
    boolean operations;

    @Mixin JsonOption json;
    @Spec CommandSpec command;

    private record Report(
            String model,
            Precision precision,
            Machine machine,
            List<Row> rows,
            List<TooLarge> tooLarge) {}

    @Override
    public Integer call() throws IOException {
        if (batches.stream().anyMatch(batch -> batch < 1 || batch > MAX_BATCH)) {
            throw new ParameterException(
                    command.commandLine(),
                    "--batches is %s: each must be 1 to %d".formatted(batches, MAX_BATCH));
        }
        if (precision == null) {
            precision = Precision.best();
        }
        PartSizes sizes = model.sizes();
        LiveText live = new LiveText(command.commandLine().getErr());
        List<Row> rows = new ArrayList<>();
        List<TooLarge> tooLarge = new ArrayList<>();
        ModelBenchmark.run(
                sizes,
                only == null ? sizes.measurable() : only,
                batches,
                precision,
                operations,
                seconds,
                row -> {
                    rows.add(row);
                    live.show("measured %s, batch %d".formatted(row.work(), row.batch()));
                },
                tooLarge::add);
        Machine machine = Machine.measure(precision);
        Report report = new Report(model.name(), precision, machine, rows, tooLarge);
        if (json.enabled) {
            json.print(command, report);
        } else {
            print(report, command.commandLine().getOut());
        }
        return tooLarge.isEmpty() ? ExitCode.OK : ExitCode.SOFTWARE;
    }

    private static void print(Report report, PrintWriter out) {
        Machine machine = report.machine;
        out.printf(
                "%s, %s, %s%s%n",
                report.model,
                report.precision.name().toLowerCase(),
                machine.device(),
                machine.threads() == 0 ? "" : ", %d threads".formatted(machine.threads()));
        out.printf(
                "memory reads %.1f GB/s, matrices multiply at %.0f GFLOP/s: shares are of these%n%n",
                machine.readBytesPerSecond() / 1e9, machine.flopsPerSecond() / 1e9);
        out.printf(
                "%-17s %5s %10s %10s %12s %16s %14s %6s %9s%n",
                "",
                "batch",
                "items/s",
                "tokens/s",
                "ms/position",
                "GFLOP/s",
                "GB/s",
                "Java",
                "memory");
        for (Row row : report.rows) {
            out.printf(
                    "%-17s %5d %10.2f %10s %12s %9.1f (%3.0f%%) %14s %5.1f%% %6d MB%n",
                    row.work(),
                    row.batch(),
                    row.perSecond(),
                    blankIfZero("%.0f", row.tokensPerSecond()),
                    blankIfZero("%.2f", row.millisPerPosition()),
                    row.flopsPerSecond() / 1e9,
                    100 * row.flopsPerSecond() / machine.flopsPerSecond(),
                    row.bytesPerSecond() == 0
                            ? ""
                            : "%.2f (%2.0f%%)"
                                    .formatted(
                                            row.bytesPerSecond() / 1e9,
                                            100
                                                    * row.bytesPerSecond()
                                                    / machine.readBytesPerSecond()),
                    100 * row.javaShare(),
                    row.memoryBytes() / 1_000_000);
        }
        for (Row row : report.rows) {
            if (row.operations() > 0) {
                out.printf(
                        "%s: %.1f operations of a layer for each position%n",
                        row.work(), row.operations());
            }
        }
        for (TooLarge row : report.tooLarge) {
            out.printf(
                    "%s, batch %d, does not fit into memory: %s%n",
                    row.work(), row.batch(), row.reason());
        }
    }

    private static String blankIfZero(String format, double value) {
        return value == 0 ? "" : format.formatted(value);
    }
}
