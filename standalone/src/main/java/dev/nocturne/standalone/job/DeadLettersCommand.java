package dev.nocturne.standalone.job;

import com.fasterxml.jackson.databind.JsonNode;
import dev.nocturne.schemas.PrintableText;
import dev.nocturne.standalone.option.JsonOption;
import dev.nocturne.standalone.rest.JobLine;
import dev.nocturne.standalone.rest.RestClient;
import dev.nocturne.standalone.terminal.CommandFailure;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "dead-letters",
        description = "Records that no stage could process: list, show, publish again.",
        subcommands = {
            DeadLettersCommand.ListCommand.class,
            DeadLettersCommand.ShowCommand.class,
            DeadLettersCommand.ReplayCommand.class
        })
public final class DeadLettersCommand {
    private static final String PATH = "/v1/dead-letters";
    private static final int PAGE = 100;
    private static final int COLUMNS = 80;

    /** Calls for each letter, the latest first, until there are no more or enough. */
    private static void each(RestClient rest, int limit, Consumer<JsonNode> letters)
            throws IOException, InterruptedException {
        String after = "";
        int left = limit;
        while (left > 0) {
            JsonNode page =
                    rest.get(
                            "%s?limit=%d%s".formatted(PATH, Math.min(left, PAGE), after),
                            JsonNode.class);
            for (JsonNode letter : page.path("data")) {
                letters.accept(letter);
                after = "&after=" + RestClient.segment(id(letter));
                left--;
            }
            if (!page.path("has_more").asBoolean()) {
                return;
            }
        }
    }

    private static String path(String id) {
        return PATH + "/" + RestClient.segment(id);
    }

    private static String id(JsonNode letter) {
        return letter.path("id").asText();
    }

    private static boolean isReplayed(JsonNode letter) {
        return letter.hasNonNull("replayed_at");
    }

    /** On one line, whatever it is. */
    private static String text(JsonNode letter, String field) {
        return PrintableText.of(letter.path(field).asText("?"));
    }

    private static String at(JsonNode instant) {
        return JobLine.at(Instant.parse(instant.asText()), ZonedDateTime.now());
    }

    @Command(name = "list", description = "Lists dead letters, the latest first.")
    static final class ListCommand implements Callable<Integer> {
        @Option(
                names = "--limit",
                paramLabel = "N",
                defaultValue = "20",
                description = "List at most N (default: ${DEFAULT-VALUE}).")
        int limit;

        @Mixin RestClient rest;
        @Mixin JsonOption json;
        @Spec CommandSpec command;

        @Override
        public Integer call() throws IOException, InterruptedException {
            if (limit < 1) {
                throw new ParameterException(
                        command.commandLine(),
                        "--limit is %d: must be at least 1".formatted(limit));
            }
            List<JsonNode> letters = new ArrayList<>();
            each(rest, limit, letters::add);
            if (json.enabled) {
                json.print(command, letters);
                return 0;
            }
            PrintWriter out = command.commandLine().getOut();
            if (letters.isEmpty()) {
                out.println("There are no dead letters.");
                return 0;
            }
            String row = "%-9s %-9s %-10s %-18s %s%n";
            out.printf(row, "id", "at", "stage", "reason", "replayed");
            for (JsonNode letter : letters) {
                out.printf(
                        row,
                        id(letter),
                        at(letter.path("at")),
                        text(letter, "stage"),
                        text(letter, "reason_code"),
                        isReplayed(letter) ? at(letter.path("replayed_at")) : "-");
                out.println(cut("  " + text(letter, "reason")));
            }
            return 0;
        }

        private static String cut(String line) {
            return line.length() <= COLUMNS ? line : line.substring(0, COLUMNS - 3) + "...";
        }
    }

    @Command(name = "show", description = "Shows a dead letter with its headers and its payload.")
    static final class ShowCommand implements Callable<Integer> {
        @Parameters(paramLabel = "ID", description = "Id of the dead letter.")
        String id;

        @Mixin RestClient rest;
        @Mixin JsonOption json;
        @Spec CommandSpec command;

        @Override
        public Integer call() throws IOException, InterruptedException {
            JsonNode letter = rest.get(path(id), JsonNode.class);
            if (json.enabled) {
                json.print(command, letter);
                return 0;
            }
            PrintWriter out = command.commandLine().getOut();
            letter.fields()
                    .forEachRemaining(
                            field -> {
                                if (field.getValue().isValueNode()
                                        && !field.getKey().equals("payload")) {
                                    out.printf(
                                            "%-12s %s%n",
                                            field.getKey(),
                                            PrintableText.of(field.getValue().asText()));
                                }
                            });
            out.println("headers");
            letter.path("headers")
                    .fields()
                    .forEachRemaining(
                            header ->
                                    out.printf(
                                            "  %s: %s%n",
                                            PrintableText.of(header.getKey()),
                                            PrintableText.of(header.getValue().asText())));
            JsonNode payload = letter.path("payload");
            out.println(payload.isTextual() ? "payload, in base64" : "payload");
            out.println(
                    payload.isTextual()
                            ? payload.textValue()
                            : JsonOption.MAPPER.writeValueAsString(payload));
            return 0;
        }
    }

    @Command(
            name = "replay",
            description = {
                "Publishes the records to their topics again, each once.",
                "A job that was made from a file does not count what comes of it: retry-failed does."
            })
    static final class ReplayCommand implements Callable<Integer> {
        @Parameters(paramLabel = "ID", arity = "0..*", description = "Ids of dead letters.")
        List<String> ids = List.of();

        @Option(names = "--all", description = "All that have not been replayed.")
        boolean all;

        @Mixin RestClient rest;
        @Mixin JsonOption json;
        @Spec CommandSpec command;

        @Override
        public Integer call() throws IOException, InterruptedException {
            if (all == !ids.isEmpty()) {
                throw new ParameterException(
                        command.commandLine(), "name the dead letters, or say --all");
            }
            // first all, then replay: a replay may fail again and become a letter at once
            List<String> wanted = new ArrayList<>(ids);
            if (all) {
                each(
                        rest,
                        Integer.MAX_VALUE,
                        letter -> {
                            if (!isReplayed(letter)) {
                                wanted.add(id(letter));
                            }
                        });
                Collections.reverse(wanted); // the oldest first
            }
            return replay(wanted);
        }

        private int replay(List<String> wanted) throws IOException, InterruptedException {
            PrintWriter out = command.commandLine().getOut();
            List<JsonNode> replayed = new ArrayList<>();
            Map<String, List<String>> refused = new LinkedHashMap<>(); // ids by the reason
            for (String id : wanted) {
                try {
                    JsonNode letter = rest.post(path(id) + "/replay", JsonNode.class);
                    replayed.add(letter);
                    if (!json.enabled) {
                        out.printf("%s replayed to %s%n", id, letter.path("topic").asText());
                    }
                } catch (RestClient.Away e) {
                    throw e; // and so would the rest
                } catch (CommandFailure e) {
                    refused.computeIfAbsent(e.getMessage(), reason -> new ArrayList<>()).add(id);
                }
            }
            if (json.enabled) {
                json.print(command, replayed);
            } else if (wanted.isEmpty()) {
                out.println("There is nothing to replay.");
            }
            refused.forEach(
                    (reason, letters) ->
                            command.commandLine()
                                    .getErr()
                                    .println(
                                            letters.size() == 1
                                                    ? "%s not replayed: %s"
                                                            .formatted(letters.get(0), reason)
                                                    : "%d not replayed: %s"
                                                            .formatted(letters.size(), reason)));
            return refused.isEmpty() ? 0 : 1;
        }
    }
}
