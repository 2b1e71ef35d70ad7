package dev.nocturne.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;

/** Asks one ingest-service. */
final class BatchClient {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final HttpClient http = HttpClient.newHttpClient();
    private final String url;

    BatchClient(String url) {
        this.url = url;
    }

    /** Whether it says that it leads. */
    boolean leads() throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create(url + "/q/metrics")).build();
        return http.send(request, BodyHandlers.ofString(UTF_8))
                .body()
                .lines() // that of its help has a 1, too
                .anyMatch(line -> line.startsWith("nocturne_ingest_leading 1"));
    }

    /**
     * Uploads a file of captions.
     *
     * @return its id
     */
    String upload(int captions) throws IOException, InterruptedException {
        StringBuilder form =
                new StringBuilder(
                        """
                        --b\r
                        Content-Disposition: form-data; name="purpose"\r
                        \r
                        batch\r
                        --b\r
                        Content-Disposition: form-data; name="file"; filename="captions.jsonl"\r
                        \r
                        """);
        for (int i = 0; i < captions; i++) {
            form.append("{\"custom_id\":\"%d\",\"prompt\":\"a red heart\"}\n".formatted(i));
        }
        form.append("\r\n--b--\r\n");
        return send(HttpRequest.newBuilder(uri("files"))
                        .header("Content-Type", "multipart/form-data; boundary=b")
                        .POST(BodyPublishers.ofString(form.toString())))
                .get("id")
                .textValue();
    }

    /**
     * Creates a batch.
     *
     * @param webdataset whether its pictures are packed into archives
     * @return its id
     */
    String create(String fileId, String key, boolean webdataset)
            throws IOException, InterruptedException {
        String body =
                """
                {"input_file_id":"%s","endpoint":"/v1/images/generations",
                 "completion_window":"24h","webdataset":%s}"""
                        .formatted(fileId, webdataset);
        return send(HttpRequest.newBuilder(uri("batches"))
                        .header("Idempotency-Key", key)
                        .POST(BodyPublishers.ofString(body)))
                .get("id")
                .textValue();
    }

    JsonNode batch(String id) throws IOException, InterruptedException {
        return send(HttpRequest.newBuilder(uri("batches/" + id)));
    }

    int completed(String id) throws IOException, InterruptedException {
        return batch(id).at("/request_counts/completed").intValue();
    }

    private URI uri(String path) {
        return URI.create(url + "/v1/" + path);
    }

    private JsonNode send(HttpRequest.Builder request) throws IOException, InterruptedException {
        HttpResponse<String> response = http.send(request.build(), BodyHandlers.ofString(UTF_8));
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return JSON.readTree(response.body());
    }
}
