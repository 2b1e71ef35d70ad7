package dev.nocturne.schemas;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.events.CandidatesRanked;
import dev.nocturne.events.DrawingOptions;
import dev.nocturne.events.OtherCandidate;
import dev.nocturne.events.RequestRef;
import java.io.File;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;

class RecordTrustTest {

    /** What a program does that builds records and neither writes nor reads any. */
    public static final class BuildsARecord implements Callable<String> {
        @Override
        public String call() {
            CandidatesRanked ranked =
                    CandidatesRanked.newBuilder()
                            .setRequest(new RequestRef("j", "0123456789abcdef", "c", "a tree"))
                            .setModel("m")
                            .setGridHeight(1)
                            .setGridWidth(1)
                            .setWinners(List.of())
                            .setMeanScore(0.0)
                            .setOptions(
                                    DrawingOptions.newBuilder()
                                            .setCandidates(2)
                                            .setTemperature(1.0)
                                            .build())
                            .build(); // its others are the schema's default
            return CandidatesRanked.newBuilder(ranked)
                    .setOthers(List.of(new OtherCandidate(1, 2L, -1.0, 0.5f)))
                    .build()
                    .toString();
        }
    }

    /** As in a process of its own: with classes of Avro and of ours that nobody has used yet. */
    @Test
    void recordsAreBuiltWhereTheCodecWasNeverUsed() throws Exception {
        List<URL> classPath = new ArrayList<>();
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
            classPath.add(Path.of(entry).toUri().toURL());
        }
        try (URLClassLoader fresh =
                new URLClassLoader(
                        classPath.toArray(new URL[0]), ClassLoader.getPlatformClassLoader())) {
            Callable<?> program =
                    (Callable<?>)
                            fresh.loadClass(BuildsARecord.class.getName())
                                    .getConstructor()
                                    .newInstance();
            assertThat(program.call()).isEqualTo(new BuildsARecord().call());
        }
    }
}
