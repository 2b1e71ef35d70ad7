package dev.nocturne.models.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.nocturne.models.format.Safetensors.ElementType;
import dev.nocturne.models.format.Safetensors.StorageType;
import dev.nocturne.models.format.Safetensors.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class SafetensorsTest {

    @TempDir Path folder;
    private Path file;

    @BeforeEach
    void nameTheFile() {
        file = folder.resolve("weights.safetensors");
    }

    /** So that a model may be larger than memory. */
    @Test
    void asksForEachTensorOnce() throws IOException {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        shapes.put("w", new long[] {2});
        shapes.put("b", new long[] {1});
        List<String> asked = new ArrayList<>();
        LazyTensors tensors =
                new LazyTensors(
                        shapes.keySet(),
                        name -> {
                            asked.add(name);
                            return new Tensor(
                                    shapes.get(name), new float[(int) shapes.get(name)[0]]);
                        });

        Safetensors.write(file, shapes, tensors, StorageType.F16, Map.of());

        assertThat(asked).containsExactly("w", "b");
        assertThat(Safetensors.readAll(file).keySet()).containsExactly("w", "b");
    }

    @ParameterizedTest
    @EnumSource(StorageType.class)
    void returnsWhatWasWritten(StorageType type) throws IOException {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        tensors.put("w", new Tensor(new long[] {2, 3}, new float[] {1, -2, 0.5f, 0, 96, -0.125f}));
        tensors.put("none", new Tensor(new long[] {0, 4}, new float[0]));
        tensors.put("steps", new Tensor(new long[0], new float[] {7}));

        Safetensors.write(file, tensors, type, Map.of("format", "pt"));

        Map<String, Tensor> read = Safetensors.readAll(file);
        assertThat(read.keySet()).containsExactly("w", "none", "steps");
        read.forEach(
                (name, tensor) -> {
                    assertThat(tensor.shape()).isEqualTo(tensors.get(name).shape());
                    assertThat(tensor.data()).isEqualTo(tensors.get(name).data());
                });
        try (Safetensors opened = Safetensors.open(file)) {
            assertThat(opened.metadata()).containsExactly(Map.entry("format", "pt"));
        }
    }

    @Test
    void keepsNoTensorThatIsReadWhenAskedFor() throws IOException {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        tensors.put("b", new Tensor(new long[] {2}, new float[] {1, 2}));
        tensors.put("a", new Tensor(new long[0], new float[] {7}));
        Safetensors.write(file, tensors, StorageType.F16, Map.of());

        try (Safetensors opened = Safetensors.open(file)) {
            Map<String, Tensor> read = opened.tensors();
            assertThat(read.keySet()).containsExactly("b", "a");
            assertThat(read).hasSize(2).doesNotContainKey("c");
            assertThat(read.get("c")).isNull();
            assertThat(read.get("b").data()).containsExactly(1, 2);
            assertThat(read.get("b")).isNotSameAs(read.get("b"));
        }
    }

    @Test
    void layoutIsTheSpecified() throws IOException {
        Safetensors.write(
                file,
                Map.of("w", new Tensor(new long[] {2}, new float[] {1, -2})),
                StorageType.F32,
                Map.of("format", "pt"));

        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        String json =
                "{\"__metadata__\":{\"format\":\"pt\"},"
                        + "\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}";
        int padded = (json.length() + 7) / 8 * 8;
        assertThat(bytes.getLong()).isEqualTo(padded);
        byte[] header = new byte[padded];
        bytes.get(header);
        assertThat(new String(header, StandardCharsets.UTF_8).stripTrailing()).isEqualTo(json);
        assertThat(bytes.getFloat()).isEqualTo(1);
        assertThat(bytes.getFloat()).isEqualTo(-2);
        assertThat(bytes.hasRemaining()).isFalse();
    }

    @Test
    void writesMoreThanOneChunk() throws IOException {
        float[] values = new float[700_001];
        for (int i = 0; i < values.length; i++) {
            values[i] = i;
        }
        Tensor tensor = new Tensor(new long[] {values.length}, values);

        Safetensors.write(file, Map.of("w", tensor), StorageType.F32, Map.of());

        assertThat(Safetensors.readAll(file).get("w").data()).isEqualTo(values);
    }

    @Test
    void replacesAnOlderFileAndLeavesNothingElse() throws IOException {
        for (float value : new float[] {1, 2}) {
            Tensor tensor = new Tensor(new long[] {1}, new float[] {value});
            Safetensors.write(file, Map.of("w", tensor), StorageType.F32, Map.of());
        }

        assertThat(Safetensors.readAll(file).get("w").data()).containsExactly(2);
        assertThat(folder).isDirectoryContaining(path -> path.equals(file));
        assertThat(folder.toFile().list()).hasSize(1);
    }

    @Test
    void readsOtherTypesAsBytesOnly() throws IOException {
        store("{'ids':{'dtype':'I64','shape':[2],'data_offsets':[0,16]}}", 16);

        try (Safetensors opened = Safetensors.open(file)) {
            assertThat(opened.entries().get("ids").type()).isEqualTo(ElementType.I64);
            assertThat(opened.bytes("ids").asLongBuffer().remaining()).isEqualTo(2);
            assertThatExceptionOfType(InvalidModelException.class)
                    .isThrownBy(() -> opened.floats("ids"))
                    .withMessageContaining("tensor ids holds I64; store weights as F32, F16");
            assertThatExceptionOfType(InvalidModelException.class)
                    .isThrownBy(opened::tensors)
                    .withMessageContaining("tensor ids holds I64; store weights as F32, F16");
            assertThatExceptionOfType(InvalidModelException.class)
                    .isThrownBy(() -> opened.floats("absent"))
                    .withMessageContaining("it has no tensor absent");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "[]                                                          | 0 | not a JSON object",
                "{'w':{'dtype':'F32'                                         | 0 | not JSON",
                "{} {}                                                       | 0 | not JSON",
                "{'__metadata__':{'step':3}}                                 | 0 | metadata step is not",
                "{'__metadata__':3}                                          | 0 | metadata is not a",
                "{'w':{'dtype':'F33','shape':[1],'data_offsets':[0,4]}}      | 4 | unknown dtype 'F33'",
                "{'w':{'shape':[1],'data_offsets':[0,4]}}                    | 4 | unknown dtype ''",
                "{'w':{'dtype':'F32','data_offsets':[0,4]}}                  | 4 | no list shape",
                "{'w':{'dtype':'F32','shape':[1]}}                           | 4 | no list data_offsets",
                "{'w':{'dtype':'F32','shape':[-1],'data_offsets':[0,4]}}     | 4 | has the shape [-1]",
                "{'w':{'dtype':'F32','shape':[1.5],'data_offsets':[0,4]}}    | 4 | has the shape [1.5]",
                "{'w':{'dtype':'F32','shape':[2],'data_offsets':[0,4]}}      | 4 | [2] has 4 bytes",
                "{'w':{'dtype':'F32','shape':[1],'data_offsets':[4,0]}}      | 4 | data_offsets [4, 0]",
                "{'w':{'dtype':'F32','shape':[1],'data_offsets':[0]}}        | 4 | data_offsets [0]",
                "{'w':{'dtype':'F32','shape':[1],'data_offsets':[0,4]}}      | 0 | describes",
                "{'w':{'dtype':'F32','shape':[1],'data_offsets':[0,4]}}      | 8 | describes",
                "{'w':{'dtype':'F32','shape':[1],'data_offsets':[4,8]}}      | 8 | a gap before it",
                "{'w':{'dtype':'U8','shape':[4611686018427387904,4],"
                        + "'data_offsets':[0,0]}}                            | 0 | has the shape [46",
                "{'w':{'dtype':'U8','shape':[4],'data_offsets':[0,4]},"
                        + "'v':{'dtype':'U8','shape':[4],'data_offsets':[2,6]}} | 6 | v overlaps another",
                "{'w':{'dtype':'U8','shape':[4],'data_offsets':[0,4]},"
                        + "'w':{'dtype':'U8','shape':[4],'data_offsets':[4,8]}} | 8 | Duplicate field",
            })
    void refusesAMalformedHeader(String header, int dataBytes, String reason) throws IOException {
        store(header, dataBytes);

        assertThatExceptionOfType(InvalidModelException.class)
                .isThrownBy(() -> Safetensors.open(file))
                .withMessageStartingWith(file + ": ")
                .withMessageContaining(reason)
                .withMessageNotContaining("\n");
    }

    @Test
    void refusesAFileWithoutAWholeHeader() throws IOException {
        Files.write(file, new byte[3]);
        assertThatExceptionOfType(InvalidModelException.class)
                .isThrownBy(() -> Safetensors.open(file))
                .withMessage("%s: it has 3 bytes and no header; copy or export it again", file);

        Files.write(file, new byte[] {99, 0, 0, 0, 0, 0, 0, 0, '{', '}'});
        assertThatExceptionOfType(InvalidModelException.class)
                .isThrownBy(() -> Safetensors.open(file))
                .withMessageContaining("it ends inside its header of 99 bytes");

        Files.write(file, new byte[] {-1, -1, -1, -1, -1, -1, -1, -1, '{', '}'});
        assertThatExceptionOfType(InvalidModelException.class)
                .isThrownBy(() -> Safetensors.open(file))
                .withMessageContaining("it claims a header of 18446744073709551615 bytes");
    }

    @Test
    void aTensorsValuesFillItsShape() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Tensor(new long[] {2, 2}, new float[3]))
                .withMessage("3 values do not fill the shape [2, 2]");
    }

    /** Writes a file of this header, in which {@code '} stands for {@code "}, and zeros. */
    private void store(String header, int dataBytes) throws IOException {
        byte[] json = header.replace('\'', '"').getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes =
                ByteBuffer.allocate(8 + json.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(json.length).put(json);
        Files.write(file, bytes.array());
    }
}
