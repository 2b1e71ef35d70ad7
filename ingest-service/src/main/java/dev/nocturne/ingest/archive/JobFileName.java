package dev.nocturne.ingest.archive;

import java.util.regex.Pattern;

/** Names of a job's files, as the manifest lists them: relative, of plain parts between slashes. */
public final class JobFileName {

    /** S3's limit of a whole key. */
    private static final int MAX_CHARS = 1_024;

    private static final Pattern NAME = Pattern.compile("(\\w[\\w.-]{0,239}/)*\\w[\\w.-]{0,239}");

    private JobFileName() {}

    /** Whether it may be a file of a job; such a name leads out of no folder. */
    public static boolean isValid(String name) {
        return name.length() <= MAX_CHARS && NAME.matcher(name).matches();
    }
}
