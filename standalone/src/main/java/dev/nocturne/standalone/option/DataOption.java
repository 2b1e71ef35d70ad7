package dev.nocturne.standalone.option;

import java.nio.file.Path;
import picocli.CommandLine.Option;

/** Where the standalone pipeline keeps everything. */
public final class DataOption {
    @Option(
            names = "--data",
            paramLabel = "DIR",
            defaultValue = "${sys:nocturne.home:-.}/.nocturne",
            description = "Folder of the log, the pictures and all state (default: .nocturne).")
    public Path folder;
}
