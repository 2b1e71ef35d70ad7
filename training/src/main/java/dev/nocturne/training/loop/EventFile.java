package dev.nocturne.training.loop;

import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.zip.CRC32C;

/**
 * Scalars for TensorBoard: an event file, which is a TFRecord of {@code Event} messages in Protocol
 * Buffers' encoding (tensorflow/core/util/event.proto, summary.proto).
 */
final class EventFile implements Closeable {
    // Event
    private static final int WALL_TIME = 1;
    private static final int STEP = 2;
    private static final int FILE_VERSION = 3;
    private static final int SUMMARY = 5;
    // Summary and Summary.Value
    private static final int VALUE = 1;
    private static final int TAG = 1;
    private static final int SIMPLE_VALUE = 2;
    // wire types
    private static final int VARINT = 0;
    private static final int FIXED64 = 1;
    private static final int BYTES = 2;
    private static final int FIXED32 = 5;

    private static final int MASK = 0xa282ead8;

    private final OutputStream out;
    private final Clock clock;

    private EventFile(OutputStream out, Clock clock) {
        this.out = out;
        this.clock = clock;
    }

    /** A new file beside those of earlier processes, in the order of their names. */
    static EventFile create(Path folder, Clock clock) throws IOException {
        Files.createDirectories(folder);
        String name = "events.out.tfevents.%010d.nocturne".formatted(clock.millis() / 1000);
        EventFile file =
                new EventFile(
                        new BufferedOutputStream(Files.newOutputStream(folder.resolve(name))),
                        clock);
        Message event = file.event(0);
        event.bytes(FILE_VERSION, "brain.Event:2".getBytes(StandardCharsets.UTF_8));
        file.write(event);
        return file;
    }

    void scalar(String tag, long step, float value) throws IOException {
        Message entry = new Message();
        entry.bytes(TAG, tag.getBytes(StandardCharsets.UTF_8));
        entry.fixed32(SIMPLE_VALUE, Float.floatToIntBits(value));
        Message summary = new Message();
        summary.bytes(VALUE, entry.encoded());
        Message event = event(step);
        event.bytes(SUMMARY, summary.encoded());
        write(event);
    }

    private Message event(long step) {
        Message event = new Message();
        event.fixed64(WALL_TIME, Double.doubleToLongBits(clock.millis() / 1000.0));
        event.varint(STEP, step);
        return event;
    }

    /** As a TFRecord: length and data, each with its masked checksum. */
    private void write(Message event) throws IOException {
        byte[] data = event.encoded();
        ByteBuffer record =
                ByteBuffer.allocate(Long.BYTES + Integer.BYTES + data.length + Integer.BYTES)
                        .order(ByteOrder.LITTLE_ENDIAN);
        record.putLong(data.length);
        record.putInt(masked(record.array(), Long.BYTES));
        record.put(data);
        record.putInt(masked(data, data.length));
        out.write(record.array());
    }

    static int masked(byte[] bytes, int length) {
        CRC32C checksum = new CRC32C();
        checksum.update(bytes, 0, length);
        int crc = (int) checksum.getValue();
        return (crc >>> 15 | crc << 17) + MASK;
    }

    void flush() throws IOException {
        out.flush();
    }

    @Override
    public void close() throws IOException {
        out.close();
    }

    /** A message that is being encoded. */
    private static final class Message {
        private final ByteArrayOutputStream encoded = new ByteArrayOutputStream();

        byte[] encoded() {
            return encoded.toByteArray();
        }

        private void number(long value) {
            long rest = value;
            while ((rest & ~0x7F) != 0) {
                encoded.write((int) (rest & 0x7F | 0x80));
                rest >>>= 7;
            }
            encoded.write((int) rest);
        }

        private void key(int field, int wireType) {
            number((long) field << 3 | wireType);
        }

        void varint(int field, long value) {
            key(field, VARINT);
            number(value);
        }

        void fixed64(int field, long bits) {
            key(field, FIXED64);
            encoded.writeBytes(
                    ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(bits).array());
        }

        void fixed32(int field, int bits) {
            key(field, FIXED32);
            encoded.writeBytes(
                    ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(bits).array());
        }

        void bytes(int field, byte[] value) {
            key(field, BYTES);
            number(value.length);
            encoded.writeBytes(value);
        }
    }
}
