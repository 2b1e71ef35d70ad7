package dev.nocturne.models.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class DrawersTest {
    @Test
    void allSharesAreDrawn() {
        AtomicInteger drawn = new AtomicInteger();
        try (Drawers drawers = Drawers.of(0, 8)) {
            Drawers.Share share = going -> drawn.incrementAndGet();
            drawers.run(List.of(share, share, share), () -> true);
        }
        assertThat(drawn).hasValue(3);
    }

    @Test
    void whatOneThrowsEndsTheOthersAndIsThrown() {
        CountDownLatch begun = new CountDownLatch(1);
        try (Drawers drawers = Drawers.of(0, 8)) {
            assertThatThrownBy(
                            () ->
                                    drawers.run(
                                            List.of(
                                                    going -> untilToldToStop(begun, going),
                                                    going -> {
                                                        throw new IllegalStateException("broken");
                                                    }),
                                            () -> true))
                    .hasMessage("broken");
        }
    }

    private static void untilToldToStop(CountDownLatch begun, BooleanSupplier going) {
        begun.countDown();
        while (going.getAsBoolean()) {
            Thread.onSpinWait();
        }
        throw new CancelledException();
    }

    @Test
    void anInterruptEndsTheDrawingAndIsKept() throws InterruptedException {
        CountDownLatch begun = new CountDownLatch(1);
        AtomicInteger kept = new AtomicInteger();
        Thread caller =
                new Thread(
                        () -> {
                            try (Drawers drawers = Drawers.of(0, 8)) {
                                drawers.run(
                                        List.of(going -> untilToldToStop(begun, going)),
                                        () -> true);
                            } catch (CancelledException e) {
                                kept.set(Thread.currentThread().isInterrupted() ? 1 : -1);
                            }
                        });
        caller.start();
        begun.await();
        caller.interrupt();
        caller.join();
        assertThat(kept).hasValue(1);
    }
}
