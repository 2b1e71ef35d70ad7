package dev.nocturne.ingest.job;

import java.util.List;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.MVStore;
import org.h2.mvstore.type.BasicDataType;
import org.h2.mvstore.type.ByteArrayDataType;
import org.h2.mvstore.type.LongDataType;
import org.h2.mvstore.type.StringDataType;

/**
 * What the file of the {@link JobIndex} consists of.
 *
 * @param places by job id: {@link #THERE} or {@link #DELETED}, and a key of that map
 * @param there summaries by submission and id
 * @param batches keys of those that were made from a file
 * @param deleted summaries by deletion and id
 * @param ids by idempotency key
 * @param logStart by topic and partition
 * @param read what of the topic has been read
 */
record JobIndexMaps(
        MVStore store,
        MVMap<String, String> places,
        MVMap<String, byte[]> there,
        MVMap<String, String> batches,
        MVMap<String, byte[]> deleted,
        MVMap<String, String> ids,
        MVMap<String, Long> logStart,
        MVMap<String, String> read) {

    static final char THERE = 'j';
    static final char DELETED = 'd';

    /** Of the maps and what is in them: of another format nothing is read. */
    private static final String FORMAT = "1";

    static JobIndexMaps of(MVStore store) {
        StringDataType text = StringDataType.INSTANCE;
        ByteArrayDataType bytes = ByteArrayDataType.INSTANCE;
        return new JobIndexMaps(
                store,
                map(store, "places", text),
                map(store, "there", bytes),
                map(store, "batches", text),
                map(store, "deleted", bytes),
                map(store, "ids", text),
                map(store, "logStart", LongDataType.INSTANCE),
                map(store, "read" + FORMAT, text));
    }

    private static <T> MVMap<String, T> map(MVStore store, String name, BasicDataType<T> type) {
        return store.openMap(
                name,
                new MVMap.Builder<String, T>().keyType(StringDataType.INSTANCE).valueType(type));
    }

    byte[] at(String place) {
        if (place == null) {
            return null;
        }
        return (place.charAt(0) == THERE ? there : deleted).get(place.substring(1));
    }

    void removeAt(String place) {
        String key = place.substring(1);
        if (place.charAt(0) == THERE) {
            there.remove(key);
            batches.remove(key);
        } else {
            deleted.remove(key);
        }
    }

    void clear() {
        List.of(places, there, batches, deleted, ids, logStart, read).forEach(MVMap::clear);
    }
}
