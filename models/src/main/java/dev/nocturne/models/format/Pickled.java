package dev.nocturne.models.format;

import java.util.Arrays;
import java.util.Map;

/** What a pickle of tensors holds beside plain values; see {@link Unpickler}. */
final class Pickled {
    private Pickled() {}

    /** A class or function, never looked up. */
    record Name(String module, String name) {
        @Override
        public String toString() {
            return module + "." + name;
        }
    }

    /** An object that was not made: its class and, if it was given one, its state. */
    static final class Instance {
        private final Name type;
        Object state;

        Instance(Name type) {
            this.type = type;
        }

        Name type() {
            return type;
        }

        /** The attributes by name; none if the state is something else. */
        Map<?, ?> attributes() {
            return state instanceof Map<?, ?> map ? map : Map.of();
        }
    }

    /**
     * Values in the file, by key.
     *
     * @param type e.g. {@code torch.FloatStorage}
     */
    record Storage(Name type, String key, long elements) {}

    /**
     * A tensor: elements of a storage, which has them all.
     *
     * @param offset of the first element
     * @param strides in elements, for each dimension
     */
    record View(Storage storage, long offset, long[] shape, long[] strides) {

        /** The product of the shape. */
        long elements() {
            return Arrays.stream(shape).reduce(1, Math::multiplyExact);
        }

        /** Whether the elements lie beside each other in row-major order. */
        boolean isContiguous() {
            long step = 1;
            for (int i = shape.length - 1; i >= 0; i--) {
                if (shape[i] != 1 && strides[i] != step) {
                    return false;
                }
                step *= shape[i];
            }
            return true;
        }

        /** Elements of the storage from the first to the last, both included. */
        long span() {
            if (elements() == 0) {
                return 0;
            }
            long span = 1;
            for (int i = 0; i < shape.length; i++) {
                span = Math.addExact(span, Math.multiplyExact(shape[i] - 1, strides[i]));
            }
            return span;
        }
    }
}
