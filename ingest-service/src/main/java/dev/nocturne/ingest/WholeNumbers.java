package dev.nocturne.ingest;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * Integers as JSON has them: spreadsheets and data frames write a whole column of them as {@code
 * 2.0} or {@code 1e3}.
 */
public final class WholeNumbers {

    /** From here on a fraction may have been an integer that is no double. */
    private static final double FIRST_INEXACT = 0x1p53;

    private WholeNumbers() {}

    /** Empty if it is no number, no whole one, or too large. */
    public static OptionalInt intOf(JsonNode node) {
        OptionalLong number = node.isNumber() ? longOf(node) : OptionalLong.empty();
        return number.isPresent() && number.getAsLong() == (int) number.getAsLong()
                ? OptionalInt.of((int) number.getAsLong())
                : OptionalInt.empty();
    }

    /** Also of a string, for readers and writers that round large numbers. */
    public static OptionalLong longOf(JsonNode node) {
        if (node.isTextual()) {
            return parsed(node.textValue());
        }
        if (node.isIntegralNumber()) {
            return node.canConvertToLong()
                    ? OptionalLong.of(node.longValue())
                    : OptionalLong.empty();
        }
        double number = node.doubleValue(); // 0 of what is no number
        boolean isExact = node.isNumber() && number == Math.rint(number) && !mayBeRounded(node);
        return isExact ? OptionalLong.of((long) number) : OptionalLong.empty();
    }

    private static OptionalLong parsed(String text) {
        try {
            return text.matches("-?[0-9]{1,19}")
                    ? OptionalLong.of(Long.parseLong(text))
                    : OptionalLong.empty();
        } catch (NumberFormatException e) { // more than 64 bits
            return OptionalLong.empty();
        }
    }

    /** Whether it is a fraction that may have been an integer before a double held it. */
    public static boolean mayBeRounded(JsonNode node) {
        return node.isFloatingPointNumber() && Math.abs(node.doubleValue()) >= FIRST_INEXACT;
    }
}
