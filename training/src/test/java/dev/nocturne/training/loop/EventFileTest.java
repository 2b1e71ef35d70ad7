package dev.nocturne.training.loop;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EventFileTest {
    @TempDir Path folder;

    @Test
    void aRecordIsLengthAndEventWithTheirChecksums() throws IOException {
        Clock clock = Clock.fixed(Instant.ofEpochSecond(1_700_000_000), ZoneOffset.UTC);
        try (EventFile file = EventFile.create(folder, clock)) {
            file.scalar("loss", 300, 1.5f);
        }
        ByteBuffer bytes =
                ByteBuffer.wrap(
                                Files.readAllBytes(
                                        folder.resolve("events.out.tfevents.1700000000.nocturne")))
                        .order(ByteOrder.LITTLE_ENDIAN);
        assertThat(new String(record(bytes), StandardCharsets.ISO_8859_1))
                .endsWith("brain.Event:2");
        // wall_time: 1.7e9 as a double; step: 300; summary { value { tag: "loss" simple_value: 1.5
        // } }
        assertThat(HexFormat.of().formatHex(record(bytes)))
                .isEqualTo("0900000040fc54d94110ac02" + "2a0d0a0b0a046c6f7373150000c03f");
        assertThat(bytes.hasRemaining()).isFalse();
    }

    private static byte[] record(ByteBuffer bytes) {
        byte[] length = new byte[8];
        bytes.get(bytes.position(), length);
        byte[] data = new byte[(int) bytes.getLong()];
        assertThat(bytes.getInt()).isEqualTo(EventFile.masked(length, length.length));
        bytes.get(data);
        assertThat(bytes.getInt()).isEqualTo(EventFile.masked(data, data.length));
        return data;
    }

    /** As in TensorFlow's tests of crc32c: of 32 bytes of zero it is 8a9136aa. */
    @Test
    void checksumsAreMasked() {
        int crc = 0x8a9136aa;
        assertThat(EventFile.masked(new byte[32], 32))
                .isEqualTo((crc >>> 15 | crc << 17) + 0xa282ead8);
    }
}
