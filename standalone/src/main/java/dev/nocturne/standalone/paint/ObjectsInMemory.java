package dev.nocturne.standalone.paint;

import dev.nocturne.runtime.ObjectSink;
import java.util.HashMap;
import java.util.Map;

/** Takes the objects of a stage for the program that runs it. Of one thread. */
final class ObjectsInMemory implements ObjectSink {

    private final Map<String, byte[]> objects = new HashMap<>();

    @Override
    public boolean hasBucket() {
        return true;
    }

    @Override
    public void put(String key, byte[] bytes, String contentType) {
        objects.put(key, bytes);
    }

    /** The object, which is gone here then. */
    byte[] take(String key) {
        return objects.remove(key);
    }
}
