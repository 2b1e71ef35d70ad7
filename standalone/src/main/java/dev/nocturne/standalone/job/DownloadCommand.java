package dev.nocturne.standalone.job;

import dev.nocturne.ingest.archive.JobFileName;
import dev.nocturne.schemas.Sha256;
import dev.nocturne.standalone.option.JsonOption;
import dev.nocturne.standalone.rest.JobAnswer;
import dev.nocturne.standalone.rest.RestClient;
import dev.nocturne.standalone.terminal.CommandFailure;
import dev.nocturne.standalone.terminal.LiveText;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.DigestInputStream;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "download",
        description =
                "Downloads everything that a finished job left, and verifies it; what is there"
                        + " already and right is kept, so a run that was cut off goes on. Fails if"
                        + " a file is missing or damaged, after it has got the others.")
public final class DownloadCommand implements Callable<Integer> {
    private static final int AT_ONCE = 8;
    private static final String MANIFEST = "manifest.json";
    private static final String PAGE = "index.html";

    /** Ten times what the largest job's has. */
    private static final long MAX_MANIFEST_BYTES = 1L << 30;

    private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");
    private static final int MOST_LINES = 20;

    @Parameters(index = "0", paramLabel = "JOB", description = "Id of the job.")
    String jobId;

    @Parameters(
            index = "1",
            paramLabel = "DIR",
            description =
                    "Folder for the files; index.html in it shows the pictures of a job of several captions.")
    Path folder;

    @Mixin RestClient rest;
    @Mixin JsonOption json;
    @Spec CommandSpec command;

    private record Manifest(List<Entry> files) {}

    private record Entry(String name, long bytes, String sha256) {}

    /** What was done, for programs; {@code files} are all that the manifest lists, and itself. */
    private record Summary(
            String jobId,
            Path folder,
            int files,
            long bytes,
            int downloaded,
            int kept,
            List<String> failed) {}

    /** What became of the files; {@code problems} are by name. */
    private record Outcome(int downloaded, Map<String, String> problems) {}

    @Override
    public Integer call() throws IOException, InterruptedException {
        requireFinished(JobAnswer.get(rest, jobId));
        Files.createDirectories(folder);
        Path manifestPart = part(target(MANIFEST));
        rest.download(path(MANIFEST), manifestPart, MAX_MANIFEST_BYTES);
        List<Entry> entries = entries(manifestPart);
        Outcome outcome = downloadAll(entries);
        if (outcome.problems.isEmpty()) {
            // last, as in the bucket: where it is, all is
            Files.move(manifestPart, target(MANIFEST), StandardCopyOption.REPLACE_EXISTING);
        } else {
            Files.delete(manifestPart);
        }
        report(entries, outcome);
        return outcome.problems.isEmpty() ? 0 : 1;
    }

    private void report(List<Entry> entries, Outcome outcome) throws IOException {
        int files = entries.size() + 1;
        int wrong = outcome.problems.size();
        Summary summary =
                new Summary(
                        jobId,
                        folder,
                        files,
                        entries.stream().mapToLong(Entry::bytes).sum(),
                        outcome.downloaded,
                        entries.size() - outcome.downloaded - wrong,
                        List.copyOf(outcome.problems.keySet()));
        if (json.enabled) {
            json.print(command, summary);
        } else if (wrong == 0) {
            command.commandLine()
                    .getOut()
                    .printf(
                            "%d files, %.1f MB, verified; %d were there already%n%s%n",
                            files, summary.bytes() / 1e6, summary.kept(), shown(entries));
        }
        if (wrong > 0) {
            PrintWriter err = command.commandLine().getErr();
            outcome.problems.values().stream().limit(MOST_LINES).forEach(err::println);
            if (wrong > MOST_LINES) {
                err.printf("and %d more: --json names all%n", wrong - MOST_LINES);
            }
            err.printf(
                    "%d of %d files of job %s could not be downloaded; the others are in %s, verified%n",
                    wrong, entries.size(), jobId, folder);
        }
    }

    /** Where to look at the pictures; a single caption has no page of them. */
    private Path shown(List<Entry> entries) {
        boolean hasPage = entries.stream().anyMatch(entry -> entry.name.equals(PAGE));
        return hasPage ? folder.resolve(PAGE) : folder;
    }

    /** Nothing in the manifest is believed: it comes from a server. */
    private List<Entry> entries(Path manifest) throws IOException {
        List<Entry> entries = JsonOption.MAPPER.readValue(manifest.toFile(), Manifest.class).files;
        if (entries == null) {
            throw new CommandFailure(
                    "the manifest of job %s is of an older version and lists no files: copy jobs/%s/ from the bucket"
                            .formatted(jobId, jobId));
        }
        Set<String> names = new HashSet<>();
        for (Entry entry : entries) {
            boolean isGood =
                    entry != null
                            && entry.name != null
                            && JobFileName.isValid(entry.name)
                            && names.add(entry.name)
                            && entry.bytes >= 0
                            && entry.sha256 != null
                            && SHA256.matcher(entry.sha256).matches();
            if (!isGood) {
                throw new CommandFailure(
                        "the manifest of job %s names '%s', which is no file of a job (a name, bytes and SHA-256, each name once): check --url"
                                .formatted(jobId, entry == null ? null : entry.name));
            }
        }
        return entries;
    }

    private void requireFinished(JobAnswer job) {
        if (job.status().equals("failed")) {
            throw new CommandFailure(
                    "job %s was refused and left no files: look at its errors with GET /v1/batches/%s"
                            .formatted(jobId, jobId));
        }
        if (!job.isDone()) {
            throw new CommandFailure(
                    "job %s is %s, %d of %d captions are left: wait for it with 'nocturne watch %s'"
                            .formatted(
                                    jobId,
                                    job.status(),
                                    job.count("in_progress"),
                                    job.count("total"),
                                    jobId));
        }
    }

    private String path(String name) {
        return "/v1/jobs/%s/files/%s".formatted(RestClient.segment(jobId), name);
    }

    /** All that can be had: a file that is missing or damaged keeps no other one away. */
    private Outcome downloadAll(List<Entry> entries) throws IOException, InterruptedException {
        LiveText live = new LiveText(command.commandLine().getErr());
        ExecutorService threads = Executors.newFixedThreadPool(AT_ONCE);
        try {
            List<Future<Boolean>> pending = new ArrayList<>();
            for (Entry entry : entries) {
                pending.add(threads.submit(() -> download(entry)));
            }
            int downloaded = 0;
            Map<String, String> problems = new LinkedHashMap<>();
            for (int i = 0; i < pending.size(); i++) {
                try {
                    downloaded += pending.get(i).get() ? 1 : 0;
                } catch (ExecutionException e) {
                    problems.put(entries.get(i).name, problem(entries.get(i), e.getCause()));
                }
                live.show("%d/%d files".formatted(i + 1, pending.size()));
            }
            return new Outcome(downloaded, problems);
        } finally {
            threads.shutdownNow();
        }
    }

    /** What is wrong with one file; other failures would meet all of them, and are thrown. */
    private static String problem(Entry entry, Throwable cause) throws IOException {
        if (cause instanceof RestClient.NotFound) {
            return "%s is missing: it was deleted from the bucket".formatted(entry.name);
        }
        if (cause instanceof RestClient.Away away) {
            throw away;
        }
        if (cause instanceof CommandFailure failure) {
            return failure.getMessage();
        }
        if (cause instanceof IOException failure) {
            throw failure;
        }
        throw new IllegalStateException(cause);
    }

    /**
     * Where a file belongs. Of the folder's content, no symbolic link is followed.
     *
     * @throws CommandFailure if there is one on the way
     */
    private Path target(String name) {
        Path target = folder.toAbsolutePath();
        for (String part : name.split("/")) {
            target = target.resolve(part);
            if (Files.isSymbolicLink(target)) {
                throw new CommandFailure(
                        "%s is a symbolic link, which is not followed: remove it, or name another folder"
                                .formatted(target));
            }
        }
        return target;
    }

    /** No file of a job has such a name. */
    private static Path part(Path target) {
        return target.resolveSibling(".%s.part".formatted(target.getFileName()));
    }

    /** True if it was not there already. Runs on any thread. */
    private boolean download(Entry entry) throws IOException, InterruptedException {
        Path target = target(entry.name());
        if (isRight(entry, target)) {
            return false;
        }
        Files.createDirectories(target.getParent());
        Path part = part(target);
        try {
            boolean wasBegun = Files.exists(part);
            boolean isWhole = fetch(entry, part);
            if (!isWhole && wasBegun) { // what an earlier run has left was of another file
                Files.deleteIfExists(part);
                isWhole = fetch(entry, part);
            }
            if (!isWhole) {
                throw new CommandFailure(
                        "%s is not what the manifest says (%d bytes, SHA-256 %s): run the command again; if it stays so, the bucket was changed"
                                .formatted(entry.name(), entry.bytes(), entry.sha256()));
            }
            Files.move(part, target, StandardCopyOption.REPLACE_EXISTING);
        } catch (RestClient.Away e) {
            throw e; // what has come of it stays for the next run
        } catch (CommandFailure e) {
            Files.deleteIfExists(part);
            throw e;
        }
        return true;
    }

    /**
     * Goes on from what an earlier run has left, however often the answer breaks off, as long as
     * each brings some bytes.
     *
     * @return whether it is right
     */
    private boolean fetch(Entry entry, Path part) throws IOException, InterruptedException {
        if (!Files.isRegularFile(part, LinkOption.NOFOLLOW_LINKS)
                || Files.size(part) > entry.bytes()) {
            Files.deleteIfExists(part);
        }
        while (!isRight(entry, part)) {
            long before = size(part);
            if (before == entry.bytes() && before > 0) {
                return false;
            }
            try {
                rest.resume(path(entry.name()), part, entry.bytes());
                return isRight(entry, part);
            } catch (RestClient.Away e) {
                if (size(part) <= before) {
                    throw e;
                }
            }
        }
        return true;
    }

    private static long size(Path file) throws IOException {
        return Files.exists(file) ? Files.size(file) : 0;
    }

    private static boolean isRight(Entry entry, Path file) throws IOException {
        if (!Files.isRegularFile(file) || Files.size(file) != entry.bytes()) {
            return false;
        }
        try (DigestInputStream in =
                new DigestInputStream(Files.newInputStream(file), Sha256.newDigest())) {
            in.transferTo(OutputStream.nullOutputStream());
            return HexFormat.of().formatHex(in.getMessageDigest().digest()).equals(entry.sha256());
        }
    }
}
