package dev.nocturne.runtime;

import java.util.List;
import java.util.stream.Collectors;

/**
 * What a service says of itself.
 *
 * @param live false: restart the process. Never false only because a broker or a store is away.
 * @param ready whether work is, or would be, done now
 * @param message one line for people
 */
public record Health(boolean live, boolean ready, String message) {

    /** A service of several parts is as healthy as all of them. */
    public static Health all(List<Health> parts) {
        return new Health(
                parts.stream().allMatch(Health::live),
                parts.stream().allMatch(Health::ready),
                parts.stream()
                        .map(Health::message)
                        .filter(message -> !message.isEmpty())
                        .collect(Collectors.joining("; ")));
    }
}
