package dev.nocturne.ingest.dispatch;

import dev.nocturne.ingest.job.JobKeys;
import dev.nocturne.schemas.Ids;
import dev.nocturne.schemas.Limits;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The folders in the bucket of candidates that were rendered when somebody asked for them. */
final class Renderings {

    /** The id of a candidate, behind its job's: request and number. */
    private static final String CANDIDATE = "-%s-%d";

    private static final Pattern REQUEST =
            Pattern.compile(".*/%s([0-9a-f]{16})/.*".formatted(JobKeys.IMAGES));

    private Renderings() {}

    /**
     * @param keys of the job's own objects
     * @param list the keys in the bucket that begin so
     */
    static Collection<String> of(
            String jobId, List<String> keys, Function<String, List<String>> list) {
        Set<String> folders = new TreeSet<>();
        String longest = jobId + CANDIDATE.formatted("0".repeat(16), Limits.MAX_CANDIDATES);
        if (Ids.captionJobId(longest).endsWith(longest)) {
            String prefix = Ids.captionJobId(jobId) + '-';
            Pattern folder =
                    Pattern.compile(
                            "jobs/(%s[0-9a-f]{16}-\\d{1,3})/.*".formatted(Pattern.quote(prefix)));
            for (String key : list.apply("jobs/" + prefix)) {
                Matcher rendering = folder.matcher(key);
                if (rendering.matches()) {
                    folders.add(rendering.group(1));
                }
            }
            return folders;
        }
        // the folder is named by a hash of the candidate's id
        for (String key : keys) {
            Matcher request = REQUEST.matcher(key);
            if (request.matches()) {
                for (int i = 0; i < Limits.MAX_CANDIDATES; i++) {
                    folders.add(Ids.captionJobId(jobId + CANDIDATE.formatted(request.group(1), i)));
                }
            }
        }
        return folders;
    }
}
