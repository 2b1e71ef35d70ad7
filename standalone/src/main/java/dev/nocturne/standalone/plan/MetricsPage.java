package dev.nocturne.standalone.plan;

import dev.nocturne.standalone.terminal.CommandFailure;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a service says at {@code /q/metrics} of the work of its stages since it started.
 *
 * @param seconds of work, by stage
 * @param records worked on, by stage
 */
record MetricsPage(Map<String, Double> seconds, Map<String, Double> records) {
    private static final Duration TIMEOUT = Duration.ofSeconds(10);
    private static final Pattern LINE =
            Pattern.compile(
                    "nocturne_stage_batch_(seconds|records)_sum\\{(?:[^}]*,)?stage=\"([^\"]+)\"[^}]*\\} (\\S+)");

    static MetricsPage parse(String text) {
        MetricsPage page = new MetricsPage(new HashMap<>(), new HashMap<>());
        text.lines()
                .map(LINE::matcher)
                .filter(Matcher::lookingAt)
                .forEach(
                        line ->
                                (line.group(1).equals("seconds") ? page.seconds : page.records)
                                        .put(line.group(2), Double.valueOf(line.group(3))));
        return page;
    }

    /**
     * @throws CommandFailure if it does not answer
     */
    static MetricsPage fetch(String address) throws InterruptedException {
        try {
            HttpRequest.Builder request =
                    HttpRequest.newBuilder(
                                    URI.create(address.replaceFirst("/+$", "") + "/q/metrics"))
                            .timeout(TIMEOUT);
            String keys = System.getenv("NOCTURNE_API_KEY");
            if (keys != null && !keys.isBlank()) {
                request.header("Authorization", "Bearer " + keys.split(",")[0].strip());
            }
            HttpResponse<String> answer =
                    HttpClient.newBuilder()
                            .connectTimeout(TIMEOUT)
                            .build()
                            .send(request.build(), BodyHandlers.ofString());
            if (answer.statusCode() != 200) {
                throw new CommandFailure(
                        "%s answers %d at /q/metrics: name a service of Nocturne, with its key in NOCTURNE_API_KEY if it asks for one"
                                .formatted(address, answer.statusCode()));
            }
            return parse(answer.body());
        } catch (IOException | IllegalArgumentException e) {
            throw new CommandFailure(
                    "Nothing answers at %s: name the address of a running service, like http://localhost:8080"
                            .formatted(address));
        }
    }

    /**
     * The records of a stage are captions, but for the scorer: its are parts of captions, and as
     * many captions went through the publisher, which is in the same process.
     *
     * @throws CommandFailure if nothing was painted there
     */
    void addTo(Rates rates, String address) {
        Rates.Work asPlanned = new Rates.Work(null, null);
        boolean found = false;
        for (String stage :
                List.of(Rates.ENCODER, Rates.GENERATOR, Rates.SCORER, Rates.PUBLISHER)) {
            double work = seconds.getOrDefault(stage, 0.0);
            String counted = stage.equals(Rates.SCORER) ? Rates.PUBLISHER : stage;
            double captions = records.getOrDefault(counted, 0.0);
            if (work > 0 && captions > 0) {
                rates.add(stage, work / captions, asPlanned);
                found = true;
            }
        }
        if (!found) {
            throw new CommandFailure(
                    "%s has painted nothing since it started: name an encoder-, generator- or decoder-worker that has, or nocturne up"
                            .formatted(address));
        }
    }
}
