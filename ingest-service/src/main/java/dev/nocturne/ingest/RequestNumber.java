package dev.nocturne.ingest;

/** The id of a request as a number: in memory it is half as large, and there are many. */
public final class RequestNumber {

    private RequestNumber() {}

    /**
     * @param requestId 16 hexadecimal digits
     */
    public static long of(String requestId) {
        return Long.parseUnsignedLong(requestId, 16);
    }

    public static String id(long number) {
        return "%016x".formatted(number);
    }
}
