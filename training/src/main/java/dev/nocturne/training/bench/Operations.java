package dev.nocturne.training.bench;

import ai.djl.pytorch.jni.JniUtils;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Counts what libtorch is asked to do, with its own profiler. */
final class Operations {
    /** They make another tensor of the same memory, or memory of nothing. */
    private static final Set<String> FREE =
            Set.of(
                    "alias",
                    "as_strided",
                    "chunk",
                    "detach",
                    "empty",
                    "empty_like",
                    "empty_strided",
                    "expand",
                    "narrow",
                    "new_empty",
                    "permute",
                    "_reshape_alias",
                    "resize_",
                    "select",
                    "slice",
                    "split",
                    "split_with_sizes",
                    "squeeze",
                    "t",
                    "transpose",
                    "unbind",
                    "unflatten",
                    "unsqueeze",
                    "view");

    private Operations() {}

    /** Operators that compute, and are not made of others: called while the work runs. */
    static long count(Runnable work) {
        try {
            Path trace = Files.createTempFile("nocturne-operations", ".json");
            try {
                JniUtils.startProfile(false, false, false);
                try {
                    work.run();
                } finally {
                    JniUtils.stopProfile(trace.toString());
                }
                return count(new ObjectMapper().readTree(trace.toFile()));
            } finally {
                Files.delete(trace);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("the profiler's trace cannot be read", e);
        }
    }

    private record Call(String name, double start, double end) {}

    /**
     * @param trace in the Chrome trace format: events with a time and a duration in microseconds
     */
    private static long count(JsonNode trace) {
        Map<String, List<Call>> callsOfThread = new HashMap<>();
        JsonNode events = trace.isArray() ? trace : trace.path("traceEvents");
        for (JsonNode event : events) {
            String name = event.path("name").asText();
            if (name.contains("::") && event.has("dur")) {
                double start = event.path("ts").asDouble();
                callsOfThread
                        .computeIfAbsent(event.path("tid").asText(), thread -> new ArrayList<>())
                        .add(new Call(name, start, start + event.path("dur").asDouble()));
            }
        }
        return callsOfThread.values().stream().mapToLong(Operations::countOfThread).sum();
    }

    private static long countOfThread(List<Call> calls) {
        calls.sort(
                Comparator.comparingDouble(Call::start)
                        .thenComparing(Comparator.comparingDouble(Call::end).reversed()));
        Deque<Call> open = new ArrayDeque<>();
        Set<Call> madeOfOthers = Collections.newSetFromMap(new IdentityHashMap<>());
        for (Call call : calls) {
            while (!open.isEmpty() && open.peek().end <= call.start) {
                open.pop();
            }
            if (!isFree(call)) {
                madeOfOthers.addAll(open);
                open.push(call);
            }
        }
        return calls.stream().filter(call -> !isFree(call) && !madeOfOthers.contains(call)).count();
    }

    private static boolean isFree(Call call) {
        return FREE.contains(call.name.substring(call.name.lastIndexOf(':') + 1));
    }
}
