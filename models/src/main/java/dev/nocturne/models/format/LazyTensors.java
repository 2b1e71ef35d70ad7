package dev.nocturne.models.format;

import dev.nocturne.models.format.Safetensors.Tensor;
import java.util.AbstractMap;
import java.util.AbstractSet;
import java.util.Iterator;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/**
 * Tensors by name, of which each is made anew whenever it is asked for and none is kept: a model
 * may be larger than Java's memory.
 */
public final class LazyTensors extends AbstractMap<String, Tensor> {
    private final Set<String> names;
    private final Function<String, Tensor> source;

    /**
     * @param names in the order of the map
     * @param source makes the tensor of each
     */
    public LazyTensors(Set<String> names, Function<String, Tensor> source) {
        this.names = names;
        this.source = source;
    }

    @Override
    public Tensor get(Object name) {
        return containsKey(name) ? source.apply((String) name) : null;
    }

    @Override
    public boolean containsKey(Object name) {
        return names.contains(name);
    }

    /** The entries make their tensors when asked for the value. */
    @Override
    public Set<Map.Entry<String, Tensor>> entrySet() {
        return new AbstractSet<>() {
            @Override
            public Iterator<Map.Entry<String, Tensor>> iterator() {
                return names.stream().<Map.Entry<String, Tensor>>map(Named::new).iterator();
            }

            @Override
            public int size() {
                return names.size();
            }
        };
    }

    private final class Named implements Map.Entry<String, Tensor> {
        private final String name;

        private Named(String name) {
            this.name = name;
        }

        @Override
        public String getKey() {
            return name;
        }

        @Override
        public Tensor getValue() {
            return source.apply(name);
        }

        @Override
        public Tensor setValue(Tensor value) {
            throw new UnsupportedOperationException();
        }
    }
}
