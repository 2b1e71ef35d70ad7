package dev.nocturne.models.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.nocturne.models.Goldens;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class TorchFileTest {
    private static final String TENSOR = "ctorch._utils\n_rebuild_tensor_v2\n";

    @TempDir Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"zip.pt", "legacy.pt", "protocol-4.pt"})
    void readsEveryTypeAndLayout(String name) throws IOException {
        Path file = Goldens.copy("types/" + name, folder);
        Map<String, Safetensors.Tensor> golden =
                Safetensors.readAll(Goldens.copy("types/golden.safetensors", folder));
        try (TorchFile opened = TorchFile.open(file)) {
            assertThat(opened.weights()).hasSameSizeAs(golden);
            for (Map.Entry<String, Safetensors.Tensor> expected : golden.entrySet()) {
                Weight weight = opened.weights().get("model." + expected.getKey());
                assertThat(weight).as(expected.getKey()).isNotNull();
                assertThat(weight.shape()).isEqualTo(expected.getValue().shape());
                assertThat(weight.values().read())
                        .as(expected.getKey())
                        .isEqualTo(expected.getValue().data());
            }
        }
    }

    /** Wherever a file is cut off, it is refused in one line, or what it lost is never read. */
    @ParameterizedTest
    @ValueSource(strings = {"zip.pt", "legacy.pt"})
    void refusesWhatIsCutOff(String name) throws IOException {
        byte[] whole = Files.readAllBytes(Goldens.copy("types/" + name, folder));
        Path file = folder.resolve("cut.pt");
        // a prime, so that the cuts fall anywhere
        for (int length = 0; length < whole.length; length += 37) {
            Files.write(file, Arrays.copyOf(whole, length));
            assertThatExceptionOfType(InvalidModelException.class)
                    .as("%d of %d bytes", length, whole.length)
                    .isThrownBy(() -> TorchFile.open(file).close())
                    .withMessageStartingWith(file + ": ")
                    .withMessageNotContaining("\n");
        }
    }

    /** Shape, strides and offset, as opcodes, against a storage of 6 elements. */
    static List<Arguments> outside() {
        String minusOne = "J\u00ff\u00ff\u00ff\u00ff";
        String huge = "\u008a\b\0\0\0\0\0\0\0\1";
        return List.of(
                Arguments.of("K\7", "K\1", "K\0"),
                Arguments.of("K\3K\3", "K\3K\1", "K\0"),
                Arguments.of("K\2K\3", "K\3K\1", "K\1"),
                Arguments.of("K\2", "K\6", "K\0"),
                // much of little
                Arguments.of("K\7", "K\0", "K\0"),
                Arguments.of(minusOne, "K\1", "K\0"),
                Arguments.of("K\2", minusOne, "K\1"),
                Arguments.of("K\2", "K\1", minusOne),
                Arguments.of("K\2K\3", "K\1", "K\0"),
                Arguments.of(huge + huge, "K\1K\1", "K\0"),
                Arguments.of("K\2", huge, "K\0"),
                Arguments.of("K\1", "K\1", huge));
    }

    @ParameterizedTest
    @MethodSource("outside")
    void refusesTensorsOutsideTheirStorage(String shape, String strides, String offset)
            throws IOException {
        refuses(
                zip("0", 24, dictionary(storage("FloatStorage", 6), offset, shape, strides)),
                "lies outside storage 0 of 6 elements");
    }

    @Test
    void refusesStoragesThatAreMissingShortOrOfNoType() throws IOException {
        String six = dictionary(storage("FloatStorage", 6), "K\0", "K\6", "K\1");
        refuses(zip("1", 24, six), "the tensor w lies in storage 0, which is missing");
        refuses(
                zip("0", 20, six),
                "storage 0 has 20 bytes, too few for 6 elements of torch.FloatStorage");
        refuses(
                zip("0", 24, dictionary(storage("QInt8Storage", 6), "K\0", "K\6", "K\1")),
                "storage 0 is a torch.QInt8Storage");
    }

    @Test
    void refusesModulesThatHoldThemselvesOrEachOtherWithoutEnd() throws IOException {
        refuses(zip("0", 0, "}q\0X\1\0\0\0ah\0s."), "nested more than 64 deep");
        // at each level the dictionary of the level before, under ten names
        StringBuilder levels = new StringBuilder("}X\1\0\0\0aK\1sq\0" + "0");
        for (int level = 1; level < 10; level++) {
            levels.append("}(");
            for (char name = 'a'; name < 'k'; name++) {
                levels.append("X\1\0\0\0").append(name).append('h').append((char) (level - 1));
            }
            levels.append("uq").append((char) level).append('0');
        }
        refuses(zip("0", 0, levels + "h\t."), "more than 100,000 attributes");
        refuses(
                zip("0", 0, "}X\1\0\0\0a".repeat(100) + "}X\1\0\0\0aK\1s" + "s".repeat(100) + "."),
                "nested more than 64 deep");
    }

    @Test
    void refusesWhatIsNoneOfTorchs() throws IOException {
        Path file = folder.resolve("file.pt");
        Files.writeString(file, "<html>Not found</html>");
        refuses(file, "it is neither a zip archive nor a file of torch's");
        Files.write(file, new byte[] {(byte) 0x80, 2, '}', '.'});
        refuses(file, "it is neither a zip archive nor a file of torch's");
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
            zip.putNextEntry(new ZipEntry("archive/data.pkl"));
            zip.write("}.".getBytes(StandardCharsets.US_ASCII));
        }
        refuses(file, "its entry archive/data.pkl is compressed");
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
            zip.putNextEntry(new ZipEntry("data.pkl"));
        }
        refuses(file, "it is a zip archive with 0 data.pkl");
    }

    private void refuses(Path file, String reason) {
        assertThatExceptionOfType(InvalidModelException.class)
                .isThrownBy(() -> TorchFile.open(file).close())
                .withMessageStartingWith(file + ": ")
                .withMessageContaining(reason)
                .withMessageNotContaining("\n");
    }

    /** A dictionary of one tensor {@code w}, from opcodes. */
    private static String dictionary(String storage, String offset, String shape, String strides) {
        return "}X\1\0\0\0w"
                + TENSOR
                + "("
                + storage
                + offset
                + "("
                + shape
                + "t("
                + strides
                + "t\u0089}tRs.";
    }

    private static String storage(String type, int elements) {
        return "(X\7\0\0\0storagectorch\n%s\nX\1\0\0\0".formatted(type)
                + "0X\3\0\0\0cpuK"
                + (char) elements
                + "tQ";
    }

    /** An archive of this pickle, in Latin-1, and one storage. */
    private Path zip(String key, int storageBytes, String pickle) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            store(zip, "archive/data.pkl", pickle.getBytes(StandardCharsets.ISO_8859_1));
            store(zip, "archive/data/" + key, new byte[storageBytes]);
        }
        return Files.write(folder.resolve("made.pt"), bytes.toByteArray());
    }

    private static void store(ZipOutputStream zip, String name, byte[] content) throws IOException {
        CRC32 checksum = new CRC32();
        checksum.update(content);
        ZipEntry entry = new ZipEntry(name);
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(content.length);
        entry.setCrc(checksum.getValue());
        zip.putNextEntry(entry);
        zip.write(content);
        zip.closeEntry();
    }
}
