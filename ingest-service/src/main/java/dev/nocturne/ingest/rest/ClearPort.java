package dev.nocturne.ingest.rest;

import io.quarkus.vertx.http.HttpServerOptionsCustomizer;
import io.vertx.core.http.HttpServerOptions;
import jakarta.enterprise.context.ApplicationScoped;

/**
 * Without TLS only HTTP/1.1: an upgrade to HTTP/2 in clear text goes through proxies as one request
 * and carries others that they never see.
 */
@ApplicationScoped
class ClearPort implements HttpServerOptionsCustomizer {

    @Override
    public void customizeHttpServer(HttpServerOptions options) {
        options.setHttp2ClearTextEnabled(false);
    }
}
