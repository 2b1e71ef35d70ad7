package dev.nocturne.standalone;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "download",
        description =
                "Downloads everything that a finished job left, and verifies it; what is there"
                        + " already and right is kept, so a run that was cut off goes on.")
final class DownloadCommand implements Callable<Integer> {
    private static final int AT_ONCE = 8;
    private static final String MANIFEST = "manifest.json";

    @Parameters(index = "0", paramLabel = "JOB", description = "Id of the job.")
    String jobId;

    @Parameters(
            index = "1",
            paramLabel = "DIR",
            description = "Folder for the files; index.html in it shows the pictures.")
    Path folder;

    @Mixin RestClient rest;
    @Mixin JsonOption json;
    @Spec CommandSpec command;

    private record Manifest(List<Entry> files) {}

    private record Entry(String name, long bytes, String sha256) {}

    /** What was done, for programs. */
    private record Summary(
            String jobId, Path folder, int files, long bytes, int downloaded, int kept) {}

    @Override
    public Integer call() throws IOException, InterruptedException {
        requireFinished(JobAnswer.get(rest, jobId));
        Files.createDirectories(folder);
        Path manifestPart = folder.resolve(MANIFEST + ".part");
        rest.download(path(MANIFEST), manifestPart);
        Manifest manifest = JsonOption.MAPPER.readValue(manifestPart.toFile(), Manifest.class);
        if (manifest.files() == null) {
            throw new CommandFailure(
                    "the manifest of job %s is of an older version and lists no files: copy jobs/%s/ from the bucket"
                            .formatted(jobId, jobId));
        }
        int downloaded = downloadAll(manifest.files());
        // last, as in the bucket: where it is, all is
        Files.move(manifestPart, folder.resolve(MANIFEST), StandardCopyOption.REPLACE_EXISTING);
        int files = manifest.files().size() + 1;
        Summary summary =
                new Summary(
                        jobId,
                        folder,
                        files,
                        manifest.files().stream().mapToLong(Entry::bytes).sum(),
                        downloaded,
                        files - 1 - downloaded);
        if (json.enabled) {
            json.print(command, summary);
        } else {
            command.commandLine()
                    .getOut()
                    .printf(
                            "%d files, %.1f MB, verified; %d were there already%n%s%n",
                            files,
                            summary.bytes() / 1e6,
                            summary.kept(),
                            folder.resolve("index.html"));
        }
        return 0;
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

    /**
     * @return how many files were not there already
     */
    private int downloadAll(List<Entry> entries) throws IOException, InterruptedException {
        LiveText live = new LiveText(command.commandLine().getErr());
        ExecutorService threads = Executors.newFixedThreadPool(AT_ONCE);
        try {
            List<Future<Boolean>> pending = new ArrayList<>();
            for (Entry entry : entries) {
                Path target = target(entry.name());
                pending.add(threads.submit(() -> download(entry, target)));
            }
            int downloaded = 0;
            for (int i = 0; i < pending.size(); i++) {
                downloaded += pending.get(i).get() ? 1 : 0;
                live.show("%d/%d files".formatted(i + 1, pending.size()));
            }
            return downloaded;
        } catch (ExecutionException e) {
            if (e.getCause() instanceof CommandFailure failure) {
                throw failure;
            }
            if (e.getCause() instanceof IOException failure) {
                throw failure;
            }
            throw new IllegalStateException(e.getCause());
        } finally {
            threads.shutdownNow();
        }
    }

    /** Names come from a server: none may lead out of the folder. */
    private Path target(String name) {
        Path root = folder.toAbsolutePath().normalize(); // '.' alone would become empty
        Path target = root.resolve(name).normalize();
        if (!target.startsWith(root) || target.equals(root)) {
            throw new CommandFailure(
                    "the manifest of job %s names '%s', which is outside of the folder: check --url"
                            .formatted(jobId, name));
        }
        return target;
    }

    /** True if it was not there already. Runs on any thread. */
    private boolean download(Entry entry, Path target) throws IOException, InterruptedException {
        if (isRight(entry, target)) {
            return false;
        }
        Files.createDirectories(target.getParent());
        Path part = target.resolveSibling(target.getFileName() + ".part");
        rest.download(path(entry.name()), part);
        if (!isRight(entry, part)) {
            throw new CommandFailure(
                    "%s is not what the manifest says (%d bytes, SHA-256 %s): run the command again; if it stays so, the bucket was changed"
                            .formatted(entry.name(), entry.bytes(), entry.sha256()));
        }
        Files.move(part, target, StandardCopyOption.REPLACE_EXISTING);
        return true;
    }

    private static boolean isRight(Entry entry, Path file) throws IOException {
        if (!Files.isRegularFile(file) || Files.size(file) != entry.bytes()) {
            return false;
        }
        try (DigestInputStream in = new DigestInputStream(Files.newInputStream(file), sha256())) {
            in.transferTo(OutputStream.nullOutputStream());
            return HexFormat.of().formatHex(in.getMessageDigest().digest()).equals(entry.sha256());
        }
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }
}
