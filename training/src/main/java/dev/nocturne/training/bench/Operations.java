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
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;

/** Counts what libtorch is asked to do, with its own profiler. */
final class Operations {
    /**
     * They make another tensor of the same memory, or memory of nothing, or read a number. Where
     * one of them has to copy, the copy is a call of its own.
     */
    private static final Set<String> FREE =
            Set.of(
                    "_local_scalar_dense",
                    "_reshape_alias",
                    "_unsafe_view",
                    "alias",
                    "as_strided",
                    "chunk",
                    "contiguous",
                    "detach",
                    "empty",
                    "empty_like",
                    "empty_strided",
                    "expand",
                    "flatten",
                    "is_floating_point",
                    "item",
                    "narrow",
                    "new_empty",
                    "permute",
                    "reshape",
                    "resize_",
                    "resolve_conj",
                    "select",
                    "slice",
                    "split",
                    "split_with_sizes",
                    "squeeze",
                    "t",
                    "to",
                    "transpose",
                    "unbind",
                    "unflatten",
                    "unsqueeze",
                    "view",
                    "view_as");

    private Operations() {}

    /**
     * Operators that compute, and are not made of others, as the work calls them on this thread.
     */
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
        JsonNode events = trace.isArray() ? trace : trace.path("traceEvents");
        List<Call> calls = new ArrayList<>();
        for (JsonNode event : events) {
            String name = event.path("name").asText();
            if (name.contains("::") && event.has("dur")) {
                double start = event.path("ts").asDouble();
                calls.add(new Call(name, start, start + event.path("dur").asDouble()));
            }
        }
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
