package dev.nocturne.ingest.job;

/** How the files of a job are named, in the bucket and in the API. */
public final class JobKeys {

    /** The folder of single requests within a job's. */
    public static final String IMAGES = "images/";

    private JobKeys() {}

    /** In the bucket, of a file of the job by its name in the manifest. */
    public static String key(String jobId, String name) {
        return "jobs/%s/%s".formatted(jobId, name);
    }

    /** As {@link #key}, the other way round. */
    public static String name(String jobId, String key) {
        return key.substring(key(jobId, "").length());
    }

    public static String manifestKey(String jobId) {
        return key(jobId, "manifest.json");
    }

    public static String outputFileId(String jobId) {
        return fileId(jobId, "output");
    }

    public static String errorFileId(String jobId) {
        return fileId(jobId, "errors");
    }

    /** The ULID of the job, so that files sort by time whatever they are of. */
    private static String fileId(String jobId, String name) {
        return "file-%s-%s".formatted(jobId.replaceFirst("^[a-z]+[-_]", ""), name);
    }
}
