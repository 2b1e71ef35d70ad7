package dev.nocturne.ingest.dispatch;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.TreeSet;

/** When each of some jobs is to be looked at: one time per job. Not thread-safe. */
final class TimeQueue {

    private record Entry(Instant at, String id) {}

    private final NavigableSet<Entry> entries =
            new TreeSet<>(Comparator.comparing(Entry::at).thenComparing(Entry::id));
    private final Map<String, Entry> byId = new HashMap<>();

    /** Instead of the time that it had. */
    void set(String id, Instant at) {
        clear(id);
        Entry entry = new Entry(at, id);
        byId.put(id, entry);
        entries.add(entry);
    }

    void clear(String id) {
        Entry entry = byId.remove(id);
        if (entry != null) {
            entries.remove(entry);
        }
    }

    /** Takes those out whose time has come, the earliest first. */
    List<String> takeDue(Instant now) {
        List<String> due = new ArrayList<>();
        while (!entries.isEmpty() && !now.isBefore(entries.first().at())) {
            String id = entries.first().id();
            due.add(id);
            clear(id);
        }
        return due;
    }

    /** Null if there is nothing to wait for. */
    Instant next() {
        return entries.isEmpty() ? null : entries.first().at();
    }
}
