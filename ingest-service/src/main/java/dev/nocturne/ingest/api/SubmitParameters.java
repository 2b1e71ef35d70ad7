package dev.nocturne.ingest.api;

import dev.nocturne.events.CaptionSubmitted;
import dev.nocturne.ingest.Excerpt;
import dev.nocturne.ingest.IngestException;
import dev.nocturne.ingest.Problem;
import dev.nocturne.ingest.caption.CaptionDefaults;
import dev.nocturne.ingest.caption.CaptionJson;
import dev.nocturne.ingest.job.CompletionWindow;
import dev.nocturne.ingest.job.Schedule;
import dev.nocturne.schemas.Violation;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What a request says of a file of captions.
 *
 * @param filename null if it has none
 * @param completionWindow how long the job may take, as the request says it
 * @param window the same
 * @param webdataset whether its pictures are packed into archives, too
 * @param defaults for the captions that say nothing of an option
 */
record SubmitParameters(
        String filename,
        String completionWindow,
        Duration window,
        Schedule schedule,
        boolean webdataset,
        CaptionDefaults defaults) {

    private static final List<String> OF_THE_JOB =
            List.of(
                    "filename",
                    "completion_window",
                    "start_after",
                    "window",
                    "deadline",
                    "webdataset");

    /**
     * @param parameters by name
     * @throws IngestException INVALID
     */
    static SubmitParameters parse(Map<String, String> parameters) {
        requireKnown(parameters);
        CaptionDefaults defaults = CaptionDefaults.of(parameters);
        requireGood(defaults);
        String completionWindow =
                parameters.getOrDefault("completion_window", CompletionWindow.LONGEST);
        return new SubmitParameters(
                parameters.get("filename"),
                completionWindow,
                CompletionWindow.parse(completionWindow),
                Schedule.parse(
                        parameters.get("start_after"),
                        parameters.get("window"),
                        parameters.get("deadline")),
                flag("webdataset", parameters.get("webdataset")),
                defaults);
    }

    /** Of all parameters. */
    static List<String> names() {
        List<String> names = new ArrayList<>(OF_THE_JOB);
        names.addAll(CaptionDefaults.names());
        return names;
    }

    private static void requireKnown(Map<String, String> parameters) {
        List<String> known = names();
        for (String name : parameters.keySet()) {
            if (!known.contains(name)) {
                String shown = Excerpt.of(name);
                throw new IngestException(
                        IngestException.Kind.INVALID,
                        List.of(
                                new Problem(
                                        null,
                                        shown,
                                        "unknown_field",
                                        "unknown parameter '%s': known are %s"
                                                .formatted(shown, String.join(", ", known)))));
            }
        }
    }

    /** Else every caption would be refused for the same fault. */
    private static void requireGood(CaptionDefaults defaults) {
        List<Violation> wrong = new ArrayList<>();
        CaptionJson.readLine(
                defaults.sample(),
                CaptionSubmitted.newBuilder().setCustomId("a").setSubmittedAt(Instant.EPOCH),
                wrong);
        if (!wrong.isEmpty()) {
            throw IngestException.invalid(wrong);
        }
    }

    private static boolean flag(String name, String text) {
        if (text == null || text.equals("false")) {
            return false;
        }
        if (text.equals("true")) {
            return true;
        }
        throw IngestException.invalid(
                name, "%s is '%s': must be true or false".formatted(name, Excerpt.of(text)));
    }
}
