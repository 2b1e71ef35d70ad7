package dev.nocturne.models.format;

import dev.nocturne.models.format.Pickled.Instance;
import dev.nocturne.models.format.Pickled.Name;
import dev.nocturne.models.format.Pickled.Storage;
import dev.nocturne.models.format.Pickled.View;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads pickles of tensors and of the modules that hold them, and runs nothing: a class becomes a
 * {@link Instance} without behaviour, and only the calls that rebuild a tensor have a meaning;
 * those of {@link PickleNames} have none. Any other class, function or opcode is refused by its
 * name.
 *
 * <p>Values are {@code null}, Boolean, Long, BigInteger, Double, String, byte[], List (tuples
 * unmodifiable), Map, {@link Name}, {@link Instance}, {@link Storage} and {@link View}. Opcodes:
 * {@code pickletools} of Python, protocols 0 to 5 as far as torch writes them.
 */
final class Unpickler {

    /** Far more than a pickle of the largest model has; a step may make an object. */
    private static final int MAX_STEPS = 2_000_000;

    private final PickleBytes bytes;
    private final List<Object> stack = new ArrayList<>();

    /** Where the open marks are, as sizes of the stack; the innermost last. */
    private final Deque<Integer> marks = new ArrayDeque<>();

    private final Map<Integer, Object> memo = new HashMap<>();

    private final Map<String, Storage> storages = new HashMap<>();

    /**
     * @param bytes with the pickle at its position
     */
    Unpickler(Path file, ByteBuffer bytes) {
        this.bytes = new PickleBytes(file, bytes);
    }

    /**
     * The value of the pickle; the buffer's position is behind it afterwards.
     *
     * @throws InvalidModelException if the pickle is damaged, or holds what tensors do not need
     */
    Object read() throws InvalidModelException {
        try {
            return run();
        } catch (BufferUnderflowException e) {
            throw bytes.broken("its pickle ends too early");
        }
    }

    /** The storages that the pickle refers to, by key. */
    Map<String, Storage> storages() {
        return storages;
    }

    private Object run() throws InvalidModelException {
        for (int step = 0; step < MAX_STEPS; step++) {
            int opcode = bytes.unsignedByte();
            switch (opcode) {
                case 0x80 -> bytes.unsignedByte(); // PROTO
                case 0x95 -> bytes.int8(); // FRAME
                case '.' -> { // STOP
                    return pop();
                }
                case '(' -> marks.push(stack.size());
                case '0' -> pop();
                case '1' -> popMark();
                case '2' -> push(peek()); // DUP
                case 'N' -> push(null);
                case 0x88 -> push(true);
                case 0x89 -> push(false);
                case 'I' -> push(bytes.decimal());
                case 'J' -> push((long) bytes.int4());
                case 'K' -> push((long) bytes.unsignedByte());
                case 'M' -> push((long) bytes.unsignedShort());
                case 0x8a -> push(bytes.whole(bytes.unsignedByte())); // LONG1
                case 0x8b -> push(bytes.whole(bytes.int4())); // LONG4
                case 'G' -> push(bytes.float8());
                case 'X', 'T' -> push(bytes.text(Integer.toUnsignedLong(bytes.int4())));
                case 0x8c, 'U' -> push(bytes.text(bytes.unsignedByte()));
                case 0x8d -> push(bytes.text(bytes.int8()));
                case 'B' -> push(bytes.raw(Integer.toUnsignedLong(bytes.int4())));
                case 'C' -> push(bytes.raw(bytes.unsignedByte()));
                case ')' -> push(List.of());
                case 't' -> push(tuple(popMark()));
                case 0x85, 0x86, 0x87 -> push(tuple(pop(opcode - 0x84)));
                case ']' -> push(new ArrayList<>());
                case 'l' -> push(popMark());
                case 'a' -> append(pop(1));
                case 'e' -> append(popMark());
                case '}' -> push(new LinkedHashMap<>());
                case 'd' -> {
                    List<Object> items = popMark();
                    push(new LinkedHashMap<>());
                    put(items);
                }
                case 's' -> put(pop(2));
                case 'u' -> put(popMark());
                case 0x8f -> push(new Instance(new Name("builtins", "set")));
                case 0x90 -> popMark(); // ADDITEMS: nothing reads a set
                case 'p' -> memo.put(Math.toIntExact(bytes.decimal()), peek());
                case 'q' -> memo.put(bytes.unsignedByte(), peek());
                case 'r' -> memo.put(bytes.int4(), peek());
                case 0x94 -> memo.put(memo.size(), peek());
                case 'g' -> push(remembered(Math.toIntExact(bytes.decimal())));
                case 'h' -> push(remembered(bytes.unsignedByte()));
                case 'j' -> push(remembered(bytes.int4()));
                case 'c', 'i' -> { // GLOBAL, INST
                    Name name = admitted(new Name(bytes.line(), bytes.line()));
                    if (opcode == 'i') {
                        throw bytes.refused("the opcode INST on " + name);
                    }
                    push(name);
                }
                case 0x93 -> { // STACK_GLOBAL
                    List<Object> name = pop(2);
                    push(admitted(new Name(string(name.get(0)), string(name.get(1)))));
                }
                case 'Q' -> push(persistent(pop()));
                case 'R' -> { // REDUCE
                    List<Object> call = pop(2);
                    push(called(call.get(0), arguments(call.get(1))));
                }
                case 0x81 -> { // NEWOBJ
                    List<Object> call = pop(2);
                    arguments(call.get(1));
                    push(instance(call.get(0)));
                }
                case 'b' -> { // BUILD
                    Object state = pop();
                    if (peek() instanceof Instance instance) {
                        instance.state = state;
                    } else if (!(peek() instanceof Map)) {
                        // the attributes of an ordered dictionary are of no use
                        throw bytes.refused("a state for " + describe(peek()));
                    }
                }
                default -> throw bytes.refused("the opcode 0x%02x".formatted(opcode));
            }
        }
        throw bytes.refused("a pickle of more than %,d steps".formatted(MAX_STEPS));
    }

    private Name admitted(Name name) throws InvalidModelException {
        if (PickleNames.isKnown(name)) {
            return name;
        }
        throw bytes.refused(name.toString());
    }

    private Instance instance(Object type) throws InvalidModelException {
        if (type instanceof Name name && PickleNames.isClass(name)) {
            return new Instance(name);
        }
        throw bytes.refused("an object of " + describe(type));
    }

    private Object called(Object function, List<?> arguments) throws InvalidModelException {
        if (!(function instanceof Name name)) {
            throw bytes.refused("a call of " + describe(function));
        }
        if (PickleNames.isInert(name)) {
            return new Instance(name);
        }
        try {
            return switch (name.toString()) {
                case "collections.OrderedDict" -> {
                    if (!arguments.isEmpty()) {
                        throw new IndexOutOfBoundsException();
                    }
                    yield new LinkedHashMap<>();
                }
                // its arguments make the value of what is missing
                case "collections.defaultdict" -> new LinkedHashMap<>();
                case "torch._utils._rebuild_parameter",
                        "torch._utils._rebuild_parameter_with_state" ->
                        (View) arguments.get(0);
                // a tensor that has attributes of Python's
                case "torch._tensor._rebuild_from_type_v2" ->
                        called(arguments.get(0), (List<?>) arguments.get(2));
                case "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2" ->
                        view(
                                (Storage) arguments.get(0),
                                (Long) arguments.get(1),
                                sizes((List<?>) arguments.get(2)),
                                sizes((List<?>) arguments.get(3)));
                default -> throw bytes.refused("a call of " + name);
            };
        } catch (ClassCastException | IndexOutOfBoundsException | NullPointerException e) {
            throw bytes.broken("it calls %s with other arguments than torch does".formatted(name));
        }
    }

    private View view(Storage storage, long offset, long[] shape, long[] strides)
            throws InvalidModelException {
        View view = new View(storage, offset, shape, strides);
        boolean inside;
        try {
            inside =
                    offset >= 0
                            && shape.length == strides.length
                            && Arrays.stream(shape).allMatch(size -> size >= 0)
                            && Arrays.stream(strides).allMatch(stride -> stride >= 0)
                            // strides of 0 would make much of little
                            && view.elements() <= storage.elements()
                            && Math.addExact(offset, view.span()) <= storage.elements();
        } catch (ArithmeticException e) {
            inside = false;
        }
        if (!inside) {
            throw bytes.broken(
                    "a tensor of shape %s, strides %s and offset %d lies outside storage %s of %d elements"
                            .formatted(
                                    Arrays.toString(shape),
                                    Arrays.toString(strides),
                                    offset,
                                    storage.key(),
                                    storage.elements()));
        }
        return view;
    }

    private static long[] sizes(List<?> numbers) {
        return numbers.stream().mapToLong(number -> (Long) number).toArray();
    }

    /** What torch keeps outside the pickle: a storage, or the source text of a class. */
    private Object persistent(Object id) throws InvalidModelException {
        List<?> parts = arguments(id);
        if (parts.size() == 4 && "module".equals(parts.get(0))) {
            return parts.get(1);
        }
        if (parts.size() >= 5
                && "storage".equals(parts.get(0))
                && parts.get(1) instanceof Name type
                && PickleNames.isStorage(type)
                && parts.get(2) instanceof String key
                && parts.get(4) instanceof Long elements
                && elements >= 0
                && (parts.size() == 5 || parts.get(5) == null)) {
            Storage storage = new Storage(type, key, elements);
            if (!storage.equals(storages.computeIfAbsent(key, absent -> storage))) {
                throw bytes.broken("storage %s has two types or lengths".formatted(key));
            }
            return storage;
        }
        throw bytes.broken("it refers to something else than a storage");
    }

    private void append(List<Object> values) throws InvalidModelException {
        if (peek() instanceof Instance) {
            return; // a list of another kind, which nothing reads
        }
        if (!(peek() instanceof ArrayList)) {
            throw bytes.broken("it appends to " + describe(peek()));
        }
        @SuppressWarnings("unchecked")
        List<Object> list = (List<Object>) peek();
        list.addAll(values);
    }

    private void put(List<Object> items) throws InvalidModelException {
        if (peek() instanceof Instance) {
            return; // a dictionary of another kind, which nothing reads
        }
        if (!(peek() instanceof LinkedHashMap) || items.size() % 2 != 0) {
            throw bytes.broken(
                    "it puts %d values into %s".formatted(items.size(), describe(peek())));
        }
        @SuppressWarnings("unchecked")
        Map<Object, Object> map = (Map<Object, Object>) peek();
        for (int i = 0; i < items.size(); i += 2) {
            map.put(key(items.get(i)), items.get(i + 1));
        }
    }

    /** Containers are no keys: one that holds itself could not be hashed. */
    private Object key(Object value) throws InvalidModelException {
        if (value instanceof String || value instanceof Long || value instanceof Name) {
            return value;
        }
        throw bytes.broken("a dictionary has the key " + describe(value));
    }

    private Object remembered(int number) throws InvalidModelException {
        if (!memo.containsKey(number)) {
            throw bytes.broken("it recalls memo %d, which it never kept".formatted(number));
        }
        return memo.get(number);
    }

    private void push(Object value) {
        stack.add(value);
    }

    private Object pop() throws InvalidModelException {
        return pop(1).get(0);
    }

    private Object peek() throws InvalidModelException {
        requireDepth(1);
        return stack.get(stack.size() - 1);
    }

    /** The topmost values, the lowest first. */
    private List<Object> pop(int count) throws InvalidModelException {
        requireDepth(count);
        List<Object> top = stack.subList(stack.size() - count, stack.size());
        List<Object> values = new ArrayList<>(top);
        top.clear();
        return values;
    }

    /** The values above the innermost mark, which goes. */
    private List<Object> popMark() throws InvalidModelException {
        if (marks.isEmpty()) {
            throw bytes.broken("its pickle lacks a mark");
        }
        int mark = marks.pop();
        return pop(stack.size() - mark);
    }

    /** Nothing reaches below the innermost mark. */
    private void requireDepth(int count) throws InvalidModelException {
        int floor = marks.isEmpty() ? 0 : marks.peek();
        if (stack.size() - count < floor) {
            throw bytes.broken("its pickle takes more values than it has");
        }
    }

    private List<?> arguments(Object value) throws InvalidModelException {
        if (value instanceof List<?> list) {
            return list;
        }
        throw bytes.broken("it calls with %s instead of a tuple".formatted(describe(value)));
    }

    private static List<Object> tuple(List<Object> values) {
        return Collections.unmodifiableList(values);
    }

    private String string(Object value) throws InvalidModelException {
        if (value instanceof String text) {
            return text;
        }
        throw bytes.broken("a name is " + describe(value));
    }

    /** A value in a message, without its contents, which may hold themselves. */
    private static String describe(Object value) {
        if (value instanceof Name || value instanceof Number || value instanceof Boolean) {
            return value.toString();
        }
        return value == null ? "None" : "a " + value.getClass().getSimpleName();
    }
}
