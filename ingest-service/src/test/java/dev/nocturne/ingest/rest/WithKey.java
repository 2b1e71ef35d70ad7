package dev.nocturne.ingest.rest;

import io.quarkus.test.junit.QuarkusTestProfile;
import java.util.List;
import java.util.Map;

/** A service that wants a key, two of which are right, and that others know by a proxy's path. */
public class WithKey implements QuarkusTestProfile {

    static final String KEY = "the-key-of-tonight-0123456789";
    static final String NEXT_KEY = "the-key-of-tomorrow-0123456789";

    @Override
    public List<TestResourceEntry> testResources() {
        return List.of(new TestResourceEntry(ServersBehindProxy.class));
    }

    @Override
    public boolean disableGlobalTestResources() {
        return true;
    }

    @Override
    public Map<String, String> getConfigOverrides() {
        return Map.of(
                "nocturne.api.key", KEY + "," + NEXT_KEY,
                "nocturne.api.hosts", "ingest-service",
                "nocturne.api.metrics-need-key", "true");
    }
}
