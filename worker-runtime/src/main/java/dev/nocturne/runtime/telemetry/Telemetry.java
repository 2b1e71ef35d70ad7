package dev.nocturne.runtime.telemetry;

/** What a process says of its work, from its start to its end. */
public final class Telemetry {

    private Telemetry() {}

    /**
     * Also makes the log safe to show, see {@link PrintableLog}.
     *
     * @param service name of the process in traces
     */
    public static void start(String service) {
        PrintableLog.install();
        JsonLog.install(System.getenv(JsonLog.VARIABLE));
        Tracing.start(service);
    }

    /** After the last work. */
    public static void stop() {
        Tracing.stop();
    }
}
