package dev.nocturne.ingest.job;

import dev.nocturne.events.JobSummary;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;

/** Lists of all jobs page by page: of those in the table, and of those in the index. */
final class JobPages {

    private static final Comparator<Map.Entry<String, ?>> OLDEST_FIRST =
            Comparator.comparing(Map.Entry::getKey);

    private final JobTable table;
    private final OpenJobs jobs; // guarded by the table
    private final JobIndex index;

    JobPages(JobTable table, OpenJobs jobs, JobIndex index) {
        this.table = table;
        this.jobs = jobs;
        this.index = index;
    }

    /**
     * @param onlyBatches only those that were made from a file
     * @param after id of the job before the first one, whether it fits or not, and is deleted or
     *     not; null: from the end on
     * @return empty if {@code after} is not known
     */
    <T> Optional<List<T>> page(
            boolean onlyBatches,
            boolean oldestFirst,
            Predicate<JobState> fits,
            String after,
            int limit,
            Function<JobState, T> view) {
        Optional<String> start = after == null ? Optional.empty() : key(after);
        if (after != null && start.isEmpty()) {
            return Optional.empty();
        }
        Page<T> page = new Page<>(onlyBatches, oldestFirst, fits, start.orElse(null), limit, view);
        return Optional.of(page.read());
    }

    private Optional<String> key(String id) {
        synchronized (table) {
            JobState job = jobs.get(id);
            if (job != null) {
                return job.isKnown() ? Optional.of(key(job)) : Optional.empty();
            }
        }
        return index.find(id).map(summary -> JobIndex.key(summary.getSubmittedAt(), id));
    }

    private static String key(JobState job) {
        return JobIndex.key(job.submittedAt(), job.id());
    }

    /** Jobs by their keys in the index, which sort as the jobs do. */
    private final class Page<T> {

        private final boolean onlyBatches;
        private final boolean oldestFirst;
        private final Predicate<JobState> fits;
        private final String after; // null: from the end on
        private final int limit;
        private final Function<JobState, T> view;

        Page(
                boolean onlyBatches,
                boolean oldestFirst,
                Predicate<JobState> fits,
                String after,
                int limit,
                Function<JobState, T> view) {
            this.onlyBatches = onlyBatches;
            this.oldestFirst = oldestFirst;
            this.fits = fits.and(job -> !onlyBatches || job.created() != null);
            this.after = after;
            this.limit = limit;
            this.view = view;
        }

        /** First those in the table: one that is over meanwhile is in the index before it goes. */
        List<T> read() {
            List<Map.Entry<String, T>> found = new ArrayList<>();
            Set<String> seen = new HashSet<>();
            synchronized (table) {
                seen.addAll(jobs.ids());
                jobs.all().stream()
                        .filter(JobState::isThere)
                        .filter(fits)
                        .map(job -> Map.entry(key(job), job))
                        .filter(entry -> isBehind(entry.getKey()))
                        .sorted(order())
                        .limit(limit)
                        .map(entry -> Map.entry(entry.getKey(), view.apply(entry.getValue())))
                        .forEach(found::add);
            }
            found.addAll(finished(seen));
            return found.stream().sorted(order()).limit(limit).map(Map.Entry::getValue).toList();
        }

        private Comparator<Map.Entry<String, ?>> order() {
            return oldestFirst ? OLDEST_FIRST : OLDEST_FIRST.reversed();
        }

        private boolean isBehind(String key) {
            return after == null
                    || (oldestFirst ? key.compareTo(after) > 0 : key.compareTo(after) < 0);
        }

        private Collection<Map.Entry<String, T>> finished(Set<String> seen) {
            List<Map.Entry<String, T>> found = new ArrayList<>();
            if (limit > 0) {
                index.scan(
                        onlyBatches,
                        oldestFirst,
                        after,
                        summary -> {
                            add(summary, seen, found);
                            return found.size() < limit;
                        });
            }
            return found;
        }

        private void add(JobSummary summary, Set<String> seen, List<Map.Entry<String, T>> found) {
            JobState job = JobSummaries.state(summary);
            if (!seen.contains(job.id()) && fits.test(job)) {
                found.add(Map.entry(key(job), view.apply(job)));
            }
        }
    }
}
