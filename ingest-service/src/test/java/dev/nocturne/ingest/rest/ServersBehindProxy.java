package dev.nocturne.ingest.rest;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.util.HashMap;
import java.util.Map;

/** As {@link EmbeddedServers}; and others know the service by a path of a proxy. */
public class ServersBehindProxy extends EmbeddedServers {

    private ReverseProxy proxy;

    @Override
    public Map<String, String> start() {
        Map<String, String> settings = new HashMap<>(super.start());
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            int port = free.getLocalPort();
            proxy = ReverseProxy.start(URI.create("http://127.0.0.1:" + port));
            settings.put("quarkus.http.test-port", "" + port);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        settings.put("nocturne.api.public-url", proxy.url());
        return settings;
    }

    @Override
    public void stop() {
        proxy.close();
        super.stop();
    }
}
