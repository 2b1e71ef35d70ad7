package dev.nocturne.ingest.rest;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.time.Duration;

/** Requests as no client of good manners sends them. */
final class RawHttp {

    private RawHttp() {}

    /** An answer as it came: status line, headers, body. */
    record Answer(String text) {
        int status() {
            return Integer.parseInt(text.split(" ", 3)[1]);
        }
    }

    /** With CRLF for each line's end; asks for the connection to be closed. */
    static Answer send(URI root, String firstLine, String... headers) throws IOException {
        return send(root, request(firstLine, headers) + "Connection: close\r\n\r\n");
    }

    static Answer send(URI root, String bytes) throws IOException {
        try (Socket socket = open(root, bytes)) {
            return new Answer(new String(socket.getInputStream().readAllBytes(), ISO_8859_1));
        }
    }

    /** The lines, without the empty one at the end. */
    static String request(String firstLine, String... headers) {
        return firstLine
                + "\r\n"
                + String.join("\r\n", headers)
                + (headers.length > 0 ? "\r\n" : "");
    }

    static Socket open(URI root, String bytes) throws IOException {
        Socket socket = new Socket(root.getHost(), root.getPort());
        socket.setSoTimeout((int) Duration.ofMinutes(1).toMillis());
        socket.getOutputStream().write(bytes.getBytes(ISO_8859_1));
        socket.getOutputStream().flush();
        return socket;
    }
}
