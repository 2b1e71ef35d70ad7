package dev.nocturne.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.embedded.EmbeddedBroker;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Programs on machines whose language has other digits, letters or calendars than English. */
class LocaleFaultIT {

    private static final List<String> ARABIC = List.of("-Duser.language=ar", "-Duser.country=EG");

    private static final Path COMMAND_LINE =
            Path.of("../standalone/target/quarkus-app/quarkus-run.jar");

    @TempDir Path folder;

    @Test
    void theBrokerStartsAgainOnItsFolder() throws Exception {
        for (int start = 0; start < 2; start++) {
            try (JavaProcess broker =
                    process(
                            ARABIC,
                            "-cp",
                            System.getProperty("java.class.path"),
                            EmbeddedBroker.class.getName(),
                            folder.resolve("kafka").toString(),
                            "0")) {
                assertThat(broker.awaitOutput("ready at")).matches("127\\.0\\.0\\.1:[0-9]+");
                broker.kill();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "-Duser.language=ar -Duser.country=EG",
                "-Duser.language=tr -Duser.country=TR",
                "-Duser.language=th -Duser.country=TH -Duser.extensions=u-ca-buddhist-nu-thai"
            })
    void paintTellsItsNumbersInAscii(String locale) throws Exception {
        Path model = folder.resolve("model");
        TinyModel.write(model);
        try (JavaProcess paint =
                process(
                        List.of(locale.split(" ")),
                        "-jar",
                        COMMAND_LINE.toString(),
                        "paint",
                        "--model",
                        model.toString(),
                        "--out",
                        folder.toString(),
                        "--candidates",
                        "2",
                        "--top",
                        "2",
                        "a red heart")) {
            assertThat(paint.awaitOutput("2  score")).matches("-?0\\.[0-9]{3}  seed -?[0-9]+ .*");
        }
        assertThat(Files.readString(folder.resolve("result.json"))).contains("a red heart");
    }

    private JavaProcess process(List<String> locale, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(locale);
        command.addAll(List.of(arguments));
        return JavaProcess.start("program", folder, Map.of(), command);
    }
}
