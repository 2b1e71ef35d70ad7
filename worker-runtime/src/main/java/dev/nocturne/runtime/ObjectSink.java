package dev.nocturne.runtime;

/** Where objects are put, as those of {@link ObjectStore}, with the same exceptions. */
public interface ObjectSink {

    /** Whether the bucket is there. */
    boolean hasBucket();

    /** Stores the object, whole or not at all, in place of one that is there. */
    void put(String key, byte[] bytes, String contentType);
}
