package dev.nocturne.ingest.rest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;

/** Somebody who looks at the page: waits for what it is to show, and checks that all can use it. */
final class PageReader {

    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Chromium browser;

    PageReader(Chromium browser) {
        this.browser = browser;
    }

    void awaitText(String text) {
        Awaitility.await()
                .atMost(PATIENCE)
                .ignoreExceptions() // a page that is being opened answers nothing
                .untilAsserted(() -> assertThat(browser.text()).contains(text));
    }

    /** Until the JavaScript expression is true. */
    void await(String expression) {
        Awaitility.await(expression)
                .atMost(PATIENCE)
                .ignoreExceptions()
                .until(() -> browser.evaluate(expression).booleanValue());
    }

    int number(String expression) throws IOException, InterruptedException {
        return browser.evaluate(expression).intValue();
    }

    String text(String expression) throws IOException, InterruptedException {
        return browser.evaluate(expression).asText();
    }

    /** Of each element that fits the selector. */
    List<String> texts(String selector) throws IOException, InterruptedException {
        return strings(
                browser.evaluate(
                        "[...document.querySelectorAll(%s)].map((element) => element.innerText)"
                                .formatted(quoted(selector))));
    }

    /** As if somebody had entered or chosen the value. */
    void enter(String id, String value, String event) throws IOException, InterruptedException {
        browser.evaluate(
                """
                (() => { const field = document.getElementById('%s');
                field.value = %s;
                field.dispatchEvent(new Event('%s')); })()"""
                        .formatted(id, quoted(value), event));
    }

    void enterWhenThere(String id, String value, String event)
            throws IOException, InterruptedException {
        await("document.getElementById('%s') !== null".formatted(id));
        enter(id, value, event);
    }

    /** Photographs the state, and looks for errors and for what keeps people out. */
    void check(String state) throws IOException, InterruptedException {
        for (String scheme : List.of("dark", "light")) {
            for (int width : List.of(1280, 390)) {
                browser.look(width, 900, scheme);
                browser.screenshot(
                        Path.of("target", "page-%s-%d-%s.png".formatted(state, width, scheme)));
                assertThat(
                                browser.evaluate(
                                                "document.documentElement.scrollWidth <= innerWidth")
                                        .booleanValue())
                        .as("%s fits into %d pixels", state, width)
                        .isTrue();
                assertThat(violations()).as("%s, %s, %d", state, scheme, width).isEmpty();
            }
        }
        browser.look(1280, 900, "dark");
        assertThat(browser.errors()).as(state).isEmpty();
    }

    private List<String> violations() throws IOException, InterruptedException {
        try (InputStream axe = getClass().getResourceAsStream("/axe.min.js")) {
            if (browser.evaluate("typeof axe").textValue().equals("undefined")) {
                browser.evaluate(new String(axe.readAllBytes(), UTF_8) + "; 0");
            }
        }
        return strings(
                browser.evaluate(
                        """
                        axe.run(document, {resultTypes: ['violations']}).then((result) =>
                          result.violations
                            .filter(({impact}) => impact === 'serious' || impact === 'critical')
                            .map(({id, nodes}) => `${id}: ${nodes[0].html}`))"""));
    }

    private static List<String> strings(JsonNode array) {
        return JSON.convertValue(
                array, JSON.getTypeFactory().constructCollectionType(List.class, String.class));
    }

    private static String quoted(String text) throws IOException {
        return JSON.writeValueAsString(text);
    }
}
