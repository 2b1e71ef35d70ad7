package dev.nocturne.models.program;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class MachineTest {

    /** Bounds that no load and no hardware crosses. */
    @Test
    void readsAndMultiplies() {
        Machine machine = Machine.measure(Precision.FLOAT32);
        assertThat(machine.readBytesPerSecond()).isBetween(1e6, 1e14);
        assertThat(machine.flopsPerSecond()).isBetween(1e6, 1e16);
        assertThat(machine.device()).isNotBlank();
    }
}
