package dev.nocturne.ingest;

import dev.nocturne.runtime.FatalException;
import dev.nocturne.runtime.ObjectStore;
import dev.nocturne.runtime.PermanentException;
import dev.nocturne.runtime.TransientException;
import dev.nocturne.schemas.ReasonCodes;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/** A bucket in memory that refuses its next puts, or some objects, if it is told to. */
public final class MemoryStore implements ObjectStore {

    public final Map<String, byte[]> objects = new ConcurrentSkipListMap<>();
    public final Set<String> away =
            ConcurrentHashMap.newKeySet(); // keys that cannot be read or put now
    public final Set<String> undeletable = ConcurrentHashMap.newKeySet();
    public final AtomicInteger refusals = new AtomicInteger();
    public final Queue<String> opened = new ConcurrentLinkedQueue<>(); // keys
    public final AtomicReference<Error> error = new AtomicReference<>(); // thrown by the next put
    public final Set<String> readers =
            ConcurrentHashMap.newKeySet(); // names of threads that got objects
    private volatile boolean bucketGone;

    /** With all that is in it, until it is made again. */
    public void deleteBucket() {
        bucketGone = true; // first: a bucket that is there and empty would be another matter
        objects.clear();
    }

    @Override
    public boolean hasBucket() {
        return !bucketGone;
    }

    @Override
    public void ensureBucket() {
        bucketGone = false;
    }

    private void requireBucket() {
        if (bucketGone) {
            throw new FatalException("NoSuchBucket: check the bucket");
        }
    }

    @Override
    public void put(String key, byte[] bytes, String contentType) {
        requireBucket();
        Error broken = error.getAndSet(null);
        if (broken != null) {
            throw broken;
        }
        if (away.contains(key) || refusals.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
            throw new TransientException("the store is away", null);
        }
        objects.put(key, bytes.clone());
    }

    @Override
    public void put(String key, Path file, String contentType) {
        try {
            put(key, Files.readAllBytes(file), contentType);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public byte[] get(String key) {
        return find(key)
                .orElseThrow(
                        () ->
                                new PermanentException(
                                        ReasonCodes.STORAGE_ERROR, "no object " + key, null));
    }

    @Override
    public Optional<byte[]> find(String key) {
        readers.add(Thread.currentThread().getName());
        requireBucket();
        if (away.contains(key)) {
            throw new TransientException("the store is away", null);
        }
        return Optional.ofNullable(objects.get(key));
    }

    /** As over a network: nobody knows whether more bytes will come. */
    @Override
    public InputStream open(String key) {
        opened.add(key);
        return new ByteArrayInputStream(get(key)) {
            @Override
            public synchronized int available() {
                return 0;
            }
        };
    }

    @Override
    public void delete(String key) {
        if (undeletable.contains(key)) {
            throw new TransientException("the store is away", null);
        }
        objects.remove(key);
    }

    @Override
    public InputStream open(String key, long from, long length) {
        return new ByteArrayInputStream(get(key), (int) from, (int) length);
    }

    @Override
    public Optional<Stat> stat(String key) {
        return Optional.ofNullable(objects.get(key))
                .map(
                        bytes ->
                                new Stat(
                                        bytes.length,
                                        Integer.toHexString(Arrays.hashCode(bytes)),
                                        Instant.EPOCH));
    }

    @Override
    public List<String> list(String prefix) {
        return objects.keySet().stream().filter(key -> key.startsWith(prefix)).toList();
    }

    @Override
    public String link(String key, Duration validity) {
        return "http://store/%s?for=%s".formatted(key, validity);
    }
}
