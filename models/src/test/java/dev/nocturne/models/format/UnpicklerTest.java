package dev.nocturne.models.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Pickles are written as their opcodes, in Latin-1. */
class UnpicklerTest {
    private static final Path FILE = Path.of("weights.pt");

    private static Object read(String pickle) throws InvalidModelException {
        byte[] bytes = pickle.getBytes(StandardCharsets.ISO_8859_1);
        return new Unpickler(FILE, ByteBuffer.wrap(bytes)).read();
    }

    @Test
    void readsPlainValues() throws InvalidModelException {
        assertThat(read("\u0080\2](K\1J\u00fe\u00ff\u00ff\u00ffM\0\1X\2\0\0\0\u00c3\u00a9e."))
                .isEqualTo(List.of(1L, -2L, 256L, "\u00e9"));
        assertThat(read("\u0080\4}\u0094\u008c\1a\u0094\u0088h\1\u0089\u0087\u0094s."))
                .isInstanceOf(Map.class);
        assertThat(read("}(X\1\0\0\0aK\1K\2\u0086X\1\0\0\0bNu."))
                .hasToString("{a=(1, 2), b=null}".replace('(', '[').replace(')', ']'));
        assertThat(read("\u008a\2\0\u0080.")).isEqualTo(-32768L);
        assertThat(read("G?\u00e0\0\0\0\0\0\0.")).isEqualTo(0.5);
    }

    static List<Arguments> attacks() {
        return List.of(
                attack("cposix\nsystem\nX\2\0\0\0id\u0085R.", "refused posix.system;"),
                attack("c__builtin__\neval\nX\1\0\0\0" + "1\u0085R.", "refused __builtin__.eval;"),
                attack("cbuiltins\ngetattr\n.", "refused builtins.getattr;"),
                attack("cos\nsystem\n.", "refused os.system;"),
                attack("csubprocess\nPopen\n.", "refused subprocess.Popen;"),
                attack("ctorch\nload\n.", "refused torch.load;"),
                attack(
                        "ctorch._utils\n_rebuild_qtensor\n.",
                        "refused torch._utils._rebuild_qtensor; save plain tensors: quantized ones after .dequantize()"),
                attack("ctorch.hub\nload\n.", "refused torch.hub.load;"),
                attack("ctorch.nn\nModule\n.", "refused torch.nn.Module;"),
                attack("cdall_e_evil\nEncoder\n.", "refused dall_e_evil.Encoder;"),
                // hidden in a value of the tenth attribute
                attack("}(X\1\0\0\0a](K\1(cnt\nsystem\nteu.", "refused nt.system;"),
                // the names put together from strings, also remembered ones
                attack("\u0080\4\u008c\5posix\u008c\6system\u0093.", "refused posix.system;"),
                attack(
                        "\u0080\4\u008c\6system\u0094" + "0\u008c\5posix\u0094" + "0h\1h\0\u0093.",
                        "refused posix.system;"),
                attack("K\1K\2\u0093.", "a name is 1;"),
                // a name that would clear the terminal
                attack("X\3\0\0\0o\u001bsX\2\0\0\0\n[\u0093.", "refused o?s.?[;"),
                // an admitted name, reached into
                attack(
                        "\u008c\14torch._utils\u008c\36_rebuild_tensor_v2.__globals__\u0093.",
                        "refused torch._utils._rebuild_tensor_v2.__globals__;"),
                attack(
                        "\u008c\13collections\u008c\24OrderedDict.__init__\u0093.",
                        "refused collections.OrderedDict.__init__;"),
                // classes are not called, functions are no classes, strings are neither
                attack(
                        "ctorch.nn.modules.linear\nLinear\n)R.",
                        "refused a call of torch.nn.modules.linear.Linear;"),
                attack("c__torch__.os\nsystem\n)R.", "refused a call of __torch__.os.system;"),
                attack("ctorch\nFloatStorage\n)R.", "refused a call of torch.FloatStorage;"),
                attack("X\2\0\0\0id)R.", "refused a call of a String;"),
                attack(
                        "ctorch._utils\n_rebuild_tensor_v2\n)\u0081.",
                        "refused an object of torch._utils._rebuild_tensor_v2;"),
                attack("cfunctools\npartial\n)\u0081.", "refused an object of functools.partial;"),
                // a partial stays what it is: nothing that can be called
                attack("cfunctools\npartial\n)R)R.", "refused a call of a Instance;"),
                attack("(iposix\nsystem\n.", "refused posix.system;"),
                attack("(ctorch\nFloatStorage\no.", "refused the opcode 0x6f;"),
                attack("\u0082\1.", "refused the opcode 0x82;"),
                attack("K\1\u0092.", "refused the opcode 0x92;"),
                attack("X\1\0\0\0aPab\n.", "refused the opcode 0x50;"),
                attack("](K\1eNb.", "refused a state for a ArrayList;"),
                attack("ctorch._utils\n_rebuild_tensor_v2\n(NNNNt R.", "refused the opcode 0x20;"),
                attack("ctorch._utils\n_rebuild_tensor_v2\n(NNNNtR.", "other arguments than torch"),
                attack("ctorch._utils\n_rebuild_tensor_v2\n)R.", "other arguments than torch does"),
                attack("ctorch._utils\n_rebuild_parameter\n(K\1tR.", "other arguments than torch"),
                attack("ccollections\nOrderedDict\n(]tR.", "other arguments than torch does"),
                attack("X\4\0\0\0pathQ.", "it calls with a String instead of a tuple;"),
                attack("(X\4\0\0\0fileX\1\0\0\0atQ.", "refers to something else than a storage;"));
    }

    static List<Arguments> damage() {
        return List.of(
                attack("", "its pickle ends too early;"),
                attack("\u0080", "its pickle ends too early;"),
                attack("K\1", "its pickle ends too early;"),
                attack("cposix", "its pickle ends too early;"),
                attack("X\u00ff\u00ff\u00ff\u00ffa.", "ends inside a value of 4294967295 bytes;"),
                attack(
                        "\u008d\0\0\0\0\0\0\0\u0080.",
                        "ends inside a value of -9223372036854775808 bytes;"),
                attack("\u008b\u00ff\u00ff\u00ff\u00ff.", "ends inside a value of -1 bytes;"),
                attack("0.", "its pickle takes more values than it has;"),
                attack(".", "its pickle takes more values than it has;"),
                attack("t.", "its pickle lacks a mark;"),
                // values under a mark are out of reach
                attack("K\1(\u0085.", "its pickle takes more values than it has;"),
                attack("h\7.", "it recalls memo 7, which it never kept;"),
                attack("gx\n.", "'x' is no number;"),
                attack("g99999999999\n.", "'99999999999' is no number;"),
                attack(")K\1a.", "it appends to"),
                attack("]K\1K\2s.", "it puts 2 values into a ArrayList;"),
                attack("}(K\1u.", "it puts 1 values into"),
                attack("}]K\1s.", "a dictionary has the key a ArrayList;"),
                attack("}NK\1s.", "a dictionary has the key None;"),
                attack(
                        storage("0", 4) + "0" + storage("0", 5) + ".",
                        "storage 0 has two types or lengths;"));
    }

    @ParameterizedTest
    @MethodSource({"attacks", "damage"})
    void refuses(String pickle, String reason) {
        assertThatExceptionOfType(InvalidModelException.class)
                .isThrownBy(() -> read(pickle))
                .withMessageStartingWith("weights.pt: ")
                .withMessageContaining(reason)
                .withMessageNotContaining("\n");
    }

    /** Each takes memory or time that its file does not. */
    @Test
    @Timeout(30)
    void refusesEndlessPicklesAndHugeNumbers() {
        for (String opcode : List.of("]", "}", "(", "N2", "N\u0094", ")", "\u008f")) {
            String pickle = opcode.repeat(4_000_000 / opcode.length());
            assertRefused(pickle + ".", "refused a pickle of more than 2,000,000 steps;");
        }
        String digits = "\7".repeat(2_000_000);
        assertRefused("}\u008b\u0080\u0084\36\0" + digits + "Ns.", "a number or name of more");
        assertRefused("g" + "1".repeat(2_000_000) + "\n.", "a number or name of more than 1024");
        assertRefused("c" + "a".repeat(2_000_000) + "\nb\n.", "a number or name of more than 1024");
    }

    private static void assertRefused(String pickle, String reason) {
        assertThatExceptionOfType(InvalidModelException.class)
                .isThrownBy(() -> read(pickle))
                .withMessageContaining(reason);
    }

    @Test
    void aListThatHoldsItselfIsOnlyAValue() throws InvalidModelException {
        List<?> list = (List<?>) read("]q\0h\0a.");
        assertThat(list.get(0)).isSameAs(list);
    }

    private static Arguments attack(String pickle, String reason) {
        return Arguments.of(pickle, reason);
    }

    private static String storage(String key, int elements) {
        return "(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0"
                + key
                + "X\3\0\0\0cpuK"
                + (char) elements
                + "tQ";
    }
}
