package dev.nocturne.models.program;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.pytorch.jni.JniUtils;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;

class LibtorchThreadsTest {
    @Test
    void aPoolHasItsNumberAndOtherThreadsKeepTheirs() throws Exception {
        assertThat(LibtorchThreads.processors()).isPositive();
        int before = JniUtils.getNumThreads();
        ExecutorService pool = LibtorchThreads.pool(1, "alone");
        ExecutorService later = Executors.newSingleThreadExecutor();
        ExecutorService newThread = Executors.newSingleThreadExecutor();
        try {
            assertThat(pool.submit(JniUtils::getNumThreads).get()).isEqualTo(1);
            assertThat(JniUtils.getNumThreads()).isEqualTo(before);
            later.submit(() -> LibtorchThreads.useHere(3)).get();
            assertThat(later.submit(JniUtils::getNumThreads).get()).isEqualTo(3);
            assertThat(newThread.submit(JniUtils::getNumThreads).get()).isEqualTo(before);
            assertThat(pool.submit(JniUtils::getNumThreads).get()).isEqualTo(1);
        } finally {
            pool.shutdown();
            later.shutdown();
            newThread.shutdown();
        }
    }
}
