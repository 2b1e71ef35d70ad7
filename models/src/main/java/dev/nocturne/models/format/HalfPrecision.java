package dev.nocturne.models.format;

/**
 * IEEE 754 binary16 and bfloat16, as their bits. Narrowing rounds to nearest, ties to even, and
 * overflows to infinity; widening is exact.
 */
public final class HalfPrecision {

    private static final int SIGN = 0x8000;
    private static final int FLOAT32_INFINITY = 0x7f800000;

    /** The smallest normal binary16, 2^-14, as float32 bits. */
    private static final int SMALLEST_NORMAL = 0x38800000;

    /** 65520, half-way between the largest binary16 and the next power of two, as float32 bits. */
    private static final int OVERFLOW = 0x477ff000;

    /** Difference of the exponent biases, 127 - 15, in the exponent's place. */
    private static final int BIAS = 112 << 23;

    private HalfPrecision() {}

    static short toFloat16(float value) {
        int bits = Float.floatToRawIntBits(value);
        int sign = (bits >>> 16) & SIGN;
        int magnitude = bits & Integer.MAX_VALUE;
        if (magnitude > FLOAT32_INFINITY) {
            return (short) (sign | 0x7e00);
        }
        if (magnitude >= OVERFLOW) {
            return (short) (sign | 0x7c00);
        }
        if (magnitude < SMALLEST_NORMAL) {
            // subnormals are multiples of 2^-24; the product is exact
            return (short) (sign | (int) Math.rint(Math.abs(value) * 0x1p24f));
        }
        int rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
        return (short) (sign | ((rounded - BIAS) >>> 13));
    }

    /** The number whose binary16 has these bits. */
    public static float fromFloat16(short half) {
        int sign = (half & SIGN) << 16;
        int exponent = (half >>> 10) & 0x1f;
        int fraction = half & 0x3ff;
        int magnitude;
        if (exponent == 0) {
            magnitude = Float.floatToRawIntBits(fraction * 0x1p-24f);
        } else if (exponent == 0x1f) {
            magnitude = FLOAT32_INFINITY | fraction << 13;
        } else {
            magnitude = (exponent << 23 | fraction << 13) + BIAS;
        }
        return Float.intBitsToFloat(sign | magnitude);
    }

    static short toBfloat16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return (short) (bits >>> 16 | 0x40);
        }
        return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
    }

    /** The number whose bfloat16 has these bits. */
    public static float fromBfloat16(short half) {
        return Float.intBitsToFloat(half << 16);
    }
}
