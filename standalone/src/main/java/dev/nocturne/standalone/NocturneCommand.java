package dev.nocturne.standalone;

import dev.nocturne.embedded.EmbeddedServerException;
import dev.nocturne.models.format.InvalidModelException;
import dev.nocturne.runtime.StageException;
import dev.nocturne.standalone.demo.BenchCommand;
import dev.nocturne.standalone.demo.DemoCommand;
import dev.nocturne.standalone.job.CancelCommand;
import dev.nocturne.standalone.job.DeadLettersCommand;
import dev.nocturne.standalone.job.DeleteCommand;
import dev.nocturne.standalone.job.DownloadCommand;
import dev.nocturne.standalone.job.JobsCommand;
import dev.nocturne.standalone.job.LagCommand;
import dev.nocturne.standalone.job.RerankCommand;
import dev.nocturne.standalone.job.RetryFailedCommand;
import dev.nocturne.standalone.job.StatusCommand;
import dev.nocturne.standalone.job.SubmitCommand;
import dev.nocturne.standalone.job.WatchCommand;
import dev.nocturne.standalone.kafka.PublishCommand;
import dev.nocturne.standalone.kafka.TopicsCommand;
import dev.nocturne.standalone.model.EvaluateCommand;
import dev.nocturne.standalone.model.ImportCommand;
import dev.nocturne.standalone.model.ModelsCommand;
import dev.nocturne.standalone.model.TrainCommand;
import dev.nocturne.standalone.paint.PaintCommand;
import dev.nocturne.standalone.pipeline.UpCommand;
import dev.nocturne.standalone.plan.PlanCommand;
import dev.nocturne.standalone.terminal.CommandFailure;
import dev.nocturne.standalone.terminal.PrintableWriter;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Help;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;

/** The root of the command line. Exit codes: 0 good, 1 failed, 2 wrong usage. */
@Command(
        name = "nocturne",
        description = "Paints captions: DALL-E as a message-driven batch pipeline.",
        mixinStandardHelpOptions = true,
        scope = ScopeType.INHERIT,
        version = "nocturne 0.1.0",
        synopsisSubcommandLabel = "COMMAND",
        usageHelpAutoWidth = true,
        sortOptions = false,
        subcommands = {
            DemoCommand.class,
            UpCommand.class,
            PublishCommand.class,
            SubmitCommand.class,
            JobsCommand.class,
            StatusCommand.class,
            WatchCommand.class,
            CancelCommand.class,
            RetryFailedCommand.class,
            DeleteCommand.class,
            DownloadCommand.class,
            RerankCommand.class,
            LagCommand.class,
            DeadLettersCommand.class,
            TopicsCommand.class,
            PaintCommand.class,
            TrainCommand.class,
            ImportCommand.class,
            EvaluateCommand.class,
            ModelsCommand.class,
            BenchCommand.class,
            PlanCommand.class,
            CompletionCommand.class
        })
final class NocturneCommand {

    static CommandLine commandLine(PrintWriter out, PrintWriter err) {
        return new CommandLine(new NocturneCommand())
                .setOut(new PrintableWriter(out))
                .setErr(new PrintableWriter(err))
                .setColorScheme(Help.defaultColorScheme(Help.Ansi.OFF)) // they would be written out
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setParameterExceptionHandler(NocturneCommand::wrongUsage)
                .setExecutionExceptionHandler((e, command, parsed) -> failed(e, command));
    }

    private static int wrongUsage(ParameterException e, String[] args) {
        CommandLine command = e.getCommandLine();
        command.getErr()
                .printf(
                        "%s (see %s --help)%n",
                        oneLine(e.getMessage()), command.getCommandSpec().qualifiedName());
        return ExitCode.USAGE;
    }

    private static int failed(Exception e, CommandLine command) {
        for (String line : lines(e)) {
            command.getErr().println(line);
        }
        return ExitCode.SOFTWARE;
    }

    /** Errors that are ours say all there is to say; of others the type says what happened. */
    private static List<String> lines(Exception e) {
        if (e instanceof CommandFailure failure) {
            return failure.lines();
        }
        if (e instanceof EmbeddedServerException
                || e instanceof StageException
                || e instanceof InvalidModelException) {
            return List.of(oneLine(e.getMessage()));
        }
        if (e instanceof IOException && e.getMessage() != null) {
            return List.of(
                    oneLine(
                            e.getClass() == IOException.class
                                    ? e.getMessage()
                                    : e.getClass().getSimpleName() + ": " + e.getMessage()));
        }
        return List.of("internal error: " + oneLine(e.toString()));
    }

    private static String oneLine(String message) {
        return message.strip().replaceAll("\\s*\\R\\s*", " ");
    }
}
