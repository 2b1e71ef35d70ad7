package dev.nocturne.models.format;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** The bytes of a pickle, read a value at a time: protocols 0 to 5. Belongs to its unpickler. */
final class PickleBytes {
    /** Of a number or a name; no file of weights has longer ones. */
    private static final int MAX_VALUE_BYTES = 1024;

    private final Path file;
    private final ByteBuffer bytes;

    /**
     * @param bytes with the pickle at its position, which moves
     */
    PickleBytes(Path file, ByteBuffer bytes) {
        this.file = file;
        this.bytes = bytes.order(ByteOrder.LITTLE_ENDIAN);
    }

    long int8() {
        return bytes.getLong();
    }

    int int4() {
        return bytes.getInt();
    }

    int unsignedShort() {
        return Short.toUnsignedInt(bytes.getShort());
    }

    /** The one kind of number that pickles keep big-endian. */
    double float8() {
        return Double.longBitsToDouble(Long.reverseBytes(bytes.getLong()));
    }

    int unsignedByte() {
        return Byte.toUnsignedInt(bytes.get());
    }

    private void requireShort(long length) throws InvalidModelException {
        if (length > MAX_VALUE_BYTES) {
            throw refused("a number or name of more than %d bytes".formatted(MAX_VALUE_BYTES));
        }
    }

    byte[] raw(long length) throws InvalidModelException {
        if (length < 0 || length > bytes.remaining()) {
            throw broken("its pickle ends inside a value of %d bytes".formatted(length));
        }
        byte[] value = new byte[(int) length];
        bytes.get(value);
        return value;
    }

    String text(long length) throws InvalidModelException {
        return new String(raw(length), StandardCharsets.UTF_8);
    }

    String line() throws InvalidModelException {
        int start = bytes.position();
        while (bytes.get() != '\n') {
            requireShort(bytes.position() - start);
        }
        byte[] text = new byte[bytes.position() - 1 - start];
        bytes.get(start, text);
        return new String(text, StandardCharsets.UTF_8);
    }

    long decimal() throws InvalidModelException {
        String digits = line();
        try {
            return Integer.parseInt(digits);
        } catch (NumberFormatException e) {
            throw broken("'%s' is no number".formatted(digits));
        }
    }

    /** A little-endian number in two's complement, as a Long if it fits. */
    Number whole(long length) throws InvalidModelException {
        requireShort(length);
        byte[] digits = raw(length);
        if (digits.length == 0) {
            return 0L;
        }
        for (int i = 0; i < digits.length / 2; i++) {
            byte swapped = digits[i];
            digits[i] = digits[digits.length - 1 - i];
            digits[digits.length - 1 - i] = swapped;
        }
        BigInteger number = new BigInteger(digits);
        return number.bitLength() < Long.SIZE ? (Number) number.longValue() : number;
    }

    InvalidModelException refused(String what) {
        // tensors of torch's that are no plain arrays
        boolean special = what.startsWith("torch._utils._rebuild_");
        return Refusal.of(
                file,
                "refused " + what,
                special
                        ? "save plain tensors: quantized ones after .dequantize(), sparse ones after .to_dense()"
                        : "no file of weights needs it: save the state_dict() alone, or get another file");
    }

    InvalidModelException broken(String wrong) {
        return Refusal.of(file, wrong, "copy or export it again");
    }
}
