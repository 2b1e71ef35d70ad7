package dev.nocturne.schemas;

import java.time.Instant;

/** The times that an event may have, among them those of a clock that is wrong. */
public final class EventTimes {

    /** A machine without a battery starts here, and seconds read as milliseconds are near it. */
    public static final Instant FIRST = Instant.EPOCH;

    /** Exclusive: years of more than four digits are read and written differently. */
    public static final Instant END = Instant.parse("9999-01-01T00:00:00Z");

    private EventTimes() {}

    public static boolean contain(Instant time) {
        return !time.isBefore(FIRST) && time.isBefore(END);
    }
}
