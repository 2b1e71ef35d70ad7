package dev.nocturne.cluster;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import javax.net.ServerSocketFactory;

/**
 * Stands between the services and a server, and does to their connections what a network, a load
 * balancer or a sick server does. A new fault ends the connections that are open.
 */
final class FaultyProxy implements AutoCloseable {

    /** What happens to a connection. */
    sealed interface Fault {
        /** All is well. */
        record None() implements Fault {}

        /** Closed as soon as it is made. */
        record Refuse() implements Fault {}

        /** Taken and never answered. */
        record Hang() implements Fault {}

        /** Cut in the middle of the first answer. */
        record Cut() implements Fault {}

        /** Every request is answered with this, by somebody who is not the server. */
        record Answer(int status, String headers, String body) implements Fault {}
    }

    private static final int BUFFER_BYTES = 16_384;
    private static final int CUT_AFTER_BYTES = 24;

    private final InetSocketAddress server;
    private final ServerSocket listener;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private volatile Fault fault = new Fault.None();

    FaultyProxy(String host, int port) throws IOException {
        this(host, port, ServerSocketFactory.getDefault());
    }

    /**
     * @param sockets those of TLS: it ends here, and the server sees plain connections
     */
    FaultyProxy(String host, int port, ServerSocketFactory sockets) throws IOException {
        server = new InetSocketAddress(host, port);
        listener = sockets.createServerSocket(0, 50, InetAddress.getLoopbackAddress());
        daemon(this::accept);
    }

    int port() {
        return listener.getLocalPort();
    }

    void fault(Fault next) {
        fault = next;
        open.forEach(FaultyProxy::closeQuietly);
        open.clear();
    }

    private static void daemon(Runnable work) {
        Thread thread = new Thread(work, "faulty-proxy");
        thread.setDaemon(true);
        thread.start();
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket client = listener.accept();
                open.add(client);
                Fault now = fault;
                daemon(() -> serve(client, now));
            } catch (IOException e) {
                // closed, or out of handles for a moment
            }
        }
    }

    private void serve(Socket client, Fault now) {
        try {
            if (now instanceof Fault.None || now instanceof Fault.Cut) {
                relay(client, now instanceof Fault.Cut);
            } else if (now instanceof Fault.Hang) {
                drain(client);
            } else if (now instanceof Fault.Answer answer) {
                answer(client, answer);
            }
        } catch (IOException e) {
            // one of the two has gone
        } finally {
            open.remove(client);
            closeQuietly(client);
        }
    }

    private void relay(Socket client, boolean cut) throws IOException {
        try (Socket upstream = new Socket()) {
            upstream.connect(server);
            open.add(upstream);
            daemon(
                    () -> {
                        try {
                            client.getInputStream().transferTo(upstream.getOutputStream());
                            upstream.shutdownOutput();
                        } catch (IOException e) {
                            closeQuietly(upstream);
                        }
                    });
            InputStream in = upstream.getInputStream();
            OutputStream out = client.getOutputStream();
            if (cut) {
                out.write(in.readNBytes(CUT_AFTER_BYTES));
            } else {
                in.transferTo(out);
            }
            open.remove(upstream);
        }
    }

    private static void drain(Socket client) throws IOException {
        client.getInputStream().transferTo(OutputStream.nullOutputStream());
    }

    /** Reads what has come, so that the answer is not lost with a reset connection. */
    private static void answer(Socket client, Fault.Answer answer) throws IOException {
        InputStream in = client.getInputStream();
        if (in.read(new byte[BUFFER_BYTES]) < 0) {
            return;
        }
        byte[] body = answer.body().getBytes(ISO_8859_1);
        String head =
                "HTTP/1.1 %d Fault\r\n%sContent-Type: application/xml\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
                        .formatted(answer.status(), answer.headers(), body.length);
        OutputStream out = client.getOutputStream();
        out.write(head.getBytes(ISO_8859_1));
        out.write(body);
        out.flush();
        client.shutdownOutput();
        client.setSoTimeout(2_000);
        drain(client);
    }

    private static void closeQuietly(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            // it is gone either way
        }
    }

    @Override
    public void close() {
        try {
            listener.close();
        } catch (IOException e) {
            // the test is over either way
        }
        fault(new Fault.Refuse());
    }
}
