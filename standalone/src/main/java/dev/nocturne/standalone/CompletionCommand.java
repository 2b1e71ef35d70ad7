package dev.nocturne.standalone;

import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "completion",
        description = {
            "Prints a script by which a shell completes commands and options.",
            "bash, in ~/.bashrc:  source <(nocturne completion bash)",
            "zsh, in ~/.zshrc:    source <(nocturne completion zsh)"
        })
final class CompletionCommand implements Callable<Integer> {
    /** One script is for both: it turns zsh's completion for bash on where it needs it. */
    enum Shell {
        BASH,
        ZSH
    }

    @Parameters(paramLabel = "SHELL", description = "bash or zsh.")
    Shell shell;

    @Spec CommandSpec command;

    @Override
    public Integer call() {
        CommandLine root = command.root().commandLine();
        command.commandLine().getOut().print(AutoComplete.bash(root.getCommandName(), root));
        command.commandLine().getOut().flush();
        return 0;
    }
}
