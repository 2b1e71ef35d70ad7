package dev.nocturne.standalone.pipeline;

import dev.nocturne.embedded.S3Keys;
import dev.nocturne.ingest.rest.ApiConfig;
import dev.nocturne.ingest.rest.ApiKeys;
import dev.nocturne.ingest.webhook.WebhookSettings;
import dev.nocturne.runtime.ObjectStoreSettings;
import dev.nocturne.standalone.option.DataOption;
import dev.nocturne.standalone.option.ModelOptions;
import io.quarkus.runtime.Quarkus;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "up",
        description = "Runs the whole pipeline in this process until Ctrl-C (ports: 0 = any free).")
public final class UpCommand implements Callable<Integer> {
    @Mixin DataOption data;
    @Mixin ModelOptions model;

    @Option(
            names = "--http-port",
            paramLabel = "PORT",
            defaultValue = "8080",
            description = "Port of the REST API (default: ${DEFAULT-VALUE}).")
    int httpPort;

    @Option(
            names = "--kafka-port",
            paramLabel = "PORT",
            defaultValue = "9092",
            description = "Port of the Kafka broker (default: ${DEFAULT-VALUE}).")
    int kafkaPort;

    @Option(
            names = "--s3-port",
            paramLabel = "PORT",
            defaultValue = "9000",
            description = "Port of the S3 endpoint (default: ${DEFAULT-VALUE}).")
    int s3Port;

    @Spec CommandSpec command;

    @Override
    public Integer call() throws Exception {
        ApiKeys.of(System.getenv(ApiConfig.KEY_VARIABLE)); // a wrong one is told before all starts
        WebhookSettings webhooks =
                new WebhookSettings(
                        System.getenv(WebhookSettings.URL_VARIABLE),
                        System.getenv(WebhookSettings.SECRET_VARIABLE));
        return PipelineHost.run(
                new Pipeline.Settings(
                        data.folder, model.directory, kafkaPort, s3Port, model.batch, webhooks),
                httpPort,
                this::serve);
    }

    private int serve(Pipeline pipeline, String url) {
        ObjectStoreSettings store = pipeline.objectStore();
        PrintWriter out = command.commandLine().getOut();
        out.printf(
                "REST   %s/v1/jobs  (health %s/q/health, metrics %s/q/metrics)%n", url, url, url);
        out.printf("Kafka  %s%n", pipeline.kafka().bootstrapServers());
        out.printf(
                "S3     %s  bucket %s, AWS_SHARED_CREDENTIALS_FILE=%s%n",
                store.endpoint(), store.bucket(), S3Keys.file(pipeline.data().objects()));
        out.println("Ctrl-C stops it; what is unfinished then goes on at the next start.");
        pipeline.failure().thenRun(() -> Quarkus.asyncExit());
        Quarkus.waitForExit();
        if (pipeline.failure().isDone()) {
            throw pipeline.failure().join();
        }
        return 0;
    }
}
