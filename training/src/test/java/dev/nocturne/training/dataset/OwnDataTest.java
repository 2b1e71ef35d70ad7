package dev.nocturne.training.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import dev.nocturne.training.data.Example;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What people feed trainers: folders, tables and shards as they lie there. */
class OwnDataTest {
    @TempDir Path home;
    private final ByteArrayOutputStream output = new ByteArrayOutputStream();

    private String log() {
        return output.toString(StandardCharsets.UTF_8);
    }

    private OwnData open(DataOptions options) throws IOException {
        return OwnData.open(
                options,
                Storage.local(),
                home.resolve("cache"),
                new PrintStream(output, true, StandardCharsets.UTF_8));
    }

    /** All to learn from, none held out. */
    private static DataOptions all(Path data) {
        return all(data.toString());
    }

    private static DataOptions all(String data) {
        return new DataOptions(
                data,
                new Columns(Optional.empty(), Optional.empty()),
                Views.PLAIN,
                false,
                1,
                0,
                OptionalDouble.empty());
    }

    private static DataOptions columns(Path data, String image, String caption) {
        return new DataOptions(
                data.toString(),
                new Columns(Optional.ofNullable(image), Optional.ofNullable(caption)),
                Views.PLAIN,
                false,
                1,
                0,
                OptionalDouble.empty());
    }

    private static OwnPictures pictures(OwnData data, long seed) {
        return data.pictures(8, seed, UnaryOperator.identity());
    }

    private static List<String> captions(OwnPictures pictures, long epoch) {
        return LongStream.range(epoch * pictures.size(), (epoch + 1) * pictures.size())
                .mapToObj(visit -> pictures.caption(visit, new SplittableRandom(visit)))
                .toList();
    }

    private List<String> captions(DataOptions options) throws IOException {
        try (OwnData data = open(options)) {
            return captions(pictures(data, 1), 0);
        }
    }

    private String leftOut() throws IOException {
        StringBuilder all = new StringBuilder();
        try (Stream<Path> files = Files.walk(home.resolve("cache"))) {
            for (Path file : files.filter(f -> f.endsWith(Survey.LEFT_OUT)).toList()) {
                all.append(Files.readString(file));
            }
        }
        return all.toString();
    }

    @Test
    void aFolderOfPicturesWithTextFilesIsTheFormat() throws IOException {
        Path folder = home.resolve("cats");
        SampleFiles.add(
                folder,
                "cat.jpg",
                SampleFiles.encoded(SampleFiles.picture(1, 20, 30), "jpeg"),
                "a cat\n");
        try (OwnData data = open(all(folder))) {
            Example example = pictures(data, 1).example(0, new SplittableRandom(1));
            assertThat(example.caption()).isEqualTo("a cat");
            assertThat(example.rgb()).hasSize(3 * 8 * 8);
        }
    }

    @Test
    void extensionsComeInAnyCaseAndContentCountsWhereTheNameLies() throws IOException {
        Path folder = home.resolve("phone");
        BufferedImage picture = SampleFiles.picture(1, 24, 16);
        SampleFiles.add(folder, "IMG_6003.JPG", SampleFiles.encoded(picture, "jpeg"), "one");
        SampleFiles.add(folder, "b.jpeg", SampleFiles.encoded(picture, "jpeg"), "two");
        SampleFiles.add(folder, "c.webp", SampleFiles.encoded(picture, "webp"), "three");
        SampleFiles.add(folder, "d.png", SampleFiles.png(2), "four");
        SampleFiles.add(folder, "e.GIF", SampleFiles.encoded(picture, "gif"), "five");
        SampleFiles.add(folder, "f.jpg", SampleFiles.png(3), "a PNG by another name");
        SampleFiles.add(folder, "download", SampleFiles.png(4), null);
        Files.writeString(folder.resolve("download.txt"), "without an extension");
        SampleFiles.add(
                folder,
                "IMG_6004.HEIC",
                "\0\0\0\u0018ftypheic\0\0\0\0".getBytes(StandardCharsets.ISO_8859_1),
                "six");
        SampleFiles.add(folder, "notes.md", "words".getBytes(StandardCharsets.UTF_8), null);

        assertThat(captions(all(folder)))
                .containsExactlyInAnyOrder(
                        "one",
                        "two",
                        "three",
                        "four",
                        "five",
                        "a PNG by another name",
                        "without an extension");
        assertThat(log()).contains("left out: 1 of a format that is not read");
        assertThat(leftOut()).contains("IMG_6004.HEIC").contains("HEIC: save it as JPEG");
    }

    @Test
    void theStemIsTheNameWithoutItsLastExtension() throws IOException {
        Path folder = home.resolve("crops");
        SampleFiles.add(folder, "photo.png.crop.png", SampleFiles.png(1), "a crop");
        assertThat(captions(all(folder))).containsExactly("a crop");
    }

    @Test
    void aDamagedPictureIsSkippedOnceCountedAndNamed() throws IOException {
        Path folder = home.resolve("damaged");
        SampleFiles.folder(folder, 5);
        byte[] cut = Arrays.copyOf(SampleFiles.png(9), 60);
        SampleFiles.add(folder, "broken.png", cut, "never seen");

        byte[] jpeg = SampleFiles.encoded(SampleFiles.picture(9, 300, 300), "jpeg");
        SampleFiles.add(folder, "half.jpg", Arrays.copyOf(jpeg, jpeg.length / 2), "grey below");
        SampleFiles.add(folder, "whole.jpg", jpeg, "whole");

        assertThat(captions(all(folder))).hasSize(6).doesNotHaveDuplicates().contains("whole");
        assertThat(log()).contains("6 pictures to learn from").contains("left out: 2 damaged");
        assertThat(leftOut().lines())
                .satisfiesExactlyInAnyOrder(
                        line -> assertThat(line).contains("broken.png"),
                        line -> assertThat(line).contains("half.jpg").contains("cut off"));
    }

    @Test
    void picturesWithoutCaptionsAreLeftOutUnlessAskedForAndTooManyAreRefused() throws IOException {
        Path folder = home.resolve("uncaptioned");
        SampleFiles.folder(folder, 10);
        for (int i = 0; i < 50; i++) {
            SampleFiles.add(folder, "bare-" + i + ".png", SampleFiles.png(i), null);
        }
        assertThatIOException()
                .isThrownBy(() -> open(SampleFiles.options(folder)))
                .withMessageContaining("83.3 % of the pictures are left out")
                .withMessageContaining("50 without a caption")
                .withMessageContaining("--uncaptioned");
        assertThat(leftOut()).contains("bare-0.png").contains("bare-49.png");
        assertThat(captions(all(folder))).hasSize(10).doesNotContain("");

        DataOptions asked =
                new DataOptions(
                        folder.toString(),
                        all(folder).columns(),
                        Views.PLAIN,
                        true,
                        0.05,
                        0,
                        OptionalDouble.empty());
        assertThat(captions(asked)).hasSize(60).filteredOn(String::isEmpty).hasSize(50);
    }

    @Test
    void blankLinesAreNoCaptionsAndOneOfSeveralIsDrawnAtEachVisit() throws IOException {
        Path folder = home.resolve("five");
        SampleFiles.add(
                folder,
                "a.png",
                SampleFiles.png(1),
                "\uFEFFone\r\n\r\ntwo\n three \n\t\nfour\nfive\n\n");
        try (OwnData data = open(all(folder))) {
            Set<String> seen = new HashSet<>();
            for (long epoch = 0; epoch < 60; epoch++) {
                seen.addAll(captions(pictures(data, 1), epoch));
            }
            assertThat(seen).containsExactlyInAnyOrder("one", "two", "three", "four", "five");
        }
    }

    /** As editors of Windows write them. */
    @Test
    void aMarkAtTheStartCarriageReturnsAndCapitalExtensionsAreNoPartOfACaption()
            throws IOException {
        Path folder = home.resolve("windows");
        SampleFiles.add(folder, "CAT.PNG", SampleFiles.png(1), null);
        Files.writeString(folder.resolve("CAT.TXT"), "\ufeffa cat\r\n\r\n");
        Path table = home.resolve("excel").resolve("captions.csv");
        SampleFiles.add(table.getParent(), "dog.png", SampleFiles.png(2), null);
        Files.writeString(table, "\ufefffile_name,text\r\ndog.png,\"a dog, asleep\"\r\n");

        assertThat(captions(all(folder))).containsExactly("a cat");
        assertThat(captions(all(table))).containsExactly("a dog, asleep");
    }

    @Test
    void aLinkToAFolderAboveEndsAndAnEmptyFileIsNamed() throws IOException {
        Path folder = home.resolve("looped");
        SampleFiles.folder(folder.resolve("deep"), 3);
        Files.createSymbolicLink(folder.resolve("deep").resolve("up"), folder);
        SampleFiles.add(folder, "empty.jpg", new byte[0], "nothing");

        assertThat(captions(all(folder)))
                .containsExactlyInAnyOrder(
                        "a square number 0", "a square number 1", "a square number 2");
        assertThat(leftOut()).contains("empty.jpg");
    }

    @Test
    void columnsOfOtherNamesAreListedAndCanBeNamed() throws IOException {
        Path folder = home.resolve("imagefolder");
        SampleFiles.add(folder, "0.png", SampleFiles.png(0), null);
        Files.writeString(
                folder.resolve("metadata.jsonl"),
                "{\"file_name\": \"0.png\", \"additional_feature\": \"a star\"}\n");
        assertThatIOException()
                .isThrownBy(() -> open(all(folder)))
                .withMessageContaining("its columns are additional_feature, file_name")
                .withMessageContaining("--caption-column");
        assertThat(captions(columns(folder, null, "additional_feature"))).containsExactly("a star");
    }

    @Test
    void tablesOfEveryKindAreRead() throws IOException {
        Path folder = home.resolve("tables");
        SampleFiles.folder(folder.resolve("sub folder"), 3);
        Path csv =
                Files.writeString(
                        folder.resolve("a.csv"),
                        "\uFEFFimage,caption\nsub folder/picture 0.png,\"a cat, asleep\"\n"
                                + "sub folder/picture 0.png,the same cat\nsub folder/picture 1.png,\n"
                                + "gone.png,nobody\n\0.png,no path\n");
        Path tsv =
                Files.writeString(
                        folder.resolve("a.tsv"),
                        "filepath\ttitle\nsub folder/picture 2.png\ta dog\n");
        Path json =
                Files.writeString(
                        folder.resolve("a.json"),
                        "[{\"path\": \"sub folder/picture 0.png\", \"captions\": [\"x\", \"\", \"y\"]}]");

        try (OwnData data = open(all(csv))) {
            assertThat(data.size()).isEqualTo(1);
            assertThat(data.anyCaption(caption -> caption.equals("the same cat"))).isPresent();
            assertThat(data.anyCaption(caption -> caption.equals("a cat, asleep"))).isPresent();
        }
        assertThat(log()).contains("1 without a caption, 2 not there or not readable");
        assertThat(captions(all(tsv))).containsExactly("a dog");
        assertThat(captions(all(json))).containsAnyOf("x", "y").hasSize(1);
    }

    @Test
    void imagefoldersHaveATableInAnySubfolder() throws IOException {
        Path folder = home.resolve("splits");
        SampleFiles.add(folder.resolve("train"), "0.png", SampleFiles.png(0), null);
        Files.writeString(
                folder.resolve("train/metadata.csv"), "file_name,text\n0.png,a red square\n");
        SampleFiles.add(folder.resolve("test"), "1.png", SampleFiles.png(1), null);
        Files.writeString(
                folder.resolve("test/metadata.jsonl"),
                "{\"file_name\": \"1.png\", \"text\": \"a blue one\"}");
        assertThat(captions(all(folder))).containsExactlyInAnyOrder("a red square", "a blue one");
    }

    @Test
    void blanksInNamesLinksAndWhatMacsHide() throws IOException {
        Path folder = home.resolve("my pictures");
        SampleFiles.folder(folder.resolve("of 2024"), 2);
        Path elsewhere = home.resolve("elsewhere");
        SampleFiles.add(elsewhere, "linked.png", SampleFiles.png(7), "linked");
        Files.createSymbolicLink(folder.resolve("link"), elsewhere);
        Files.createSymbolicLink(folder.resolve("second link"), elsewhere);
        Files.createSymbolicLink(folder.resolve("round"), folder);
        Files.createSymbolicLink(folder.resolve("nowhere.png"), home.resolve("gone.png"));
        SampleFiles.add(folder, "._linked.png", new byte[] {0, 5, 22, 7}, "hidden");
        SampleFiles.add(folder.resolve("__MACOSX"), "x.png", SampleFiles.png(8), "hidden");
        SampleFiles.add(folder.resolve(".thumbs"), "y.png", SampleFiles.png(8), "hidden");

        assertThat(captions(all(folder)))
                .containsExactlyInAnyOrder("a square number 0", "a square number 1", "linked");
        assertThat(leftOut()).contains("nowhere.png");
    }

    @Test
    void shardsAreReadByRangesAndBreakingOffLeavesWhatWasThere() throws IOException {
        Path folder = home.resolve("shards");
        SampleFiles.shard(folder.resolve("00000.tar"), SampleFiles.shardFiles(0, 7));
        SampleFiles.shard(folder.resolve("00001.tar"), SampleFiles.shardFiles(7, 5));
        byte[] whole =
                Files.readAllBytes(
                        SampleFiles.shard(
                                folder.resolve("00002.tar"), SampleFiles.shardFiles(12, 4)));
        // in the second sample's picture: a header of 512 bytes before every file
        Files.write(folder.resolve("00002.tar"), Arrays.copyOf(whole, 3 * 1024 + 530));

        assertThat(captions(all(folder + "/{00000..00001}.tar")))
                .containsExactlyInAnyOrderElementsOf(numbered(0, 12));
        assertThat(captions(all(folder))).containsExactlyInAnyOrderElementsOf(numbered(0, 13));
        assertThat(leftOut()).contains("00002.tar").contains("breaks off after");
        assertThatIOException()
                .isThrownBy(() -> open(all(folder + "/{00000..00009}.tar")))
                .withMessageContaining("00003.tar is not there");
        assertThatIOException()
                .isThrownBy(() -> open(all(folder + "/00000.tar.gz")))
                .withMessageContaining("unpack it");
    }

    private static List<String> numbered(int from, int to) {
        return IntStream.range(from, to).mapToObj(i -> "caption " + i).toList();
    }

    @Test
    void picturesInTheMiddleOfAShardAreThoseOfTheirCaptions() throws IOException {
        Path folder = home.resolve("middle");
        SampleFiles.shard(folder.resolve("0.tar"), SampleFiles.shardFiles(0, 9));
        SampleFiles.folder(home.resolve("plain"), 9);
        try (OwnData shards = open(all(folder));
                OwnData files = open(all(home.resolve("plain")))) {
            for (long visit = 0; visit < 9; visit++) {
                Example one = pictures(shards, 1).example(visit, new SplittableRandom(1));
                Example other = find(pictures(files, 1), one.caption().substring(8));
                assertThat(one.rgb()).isEqualTo(other.rgb());
            }
        }
    }

    private static Example find(OwnPictures pictures, String number) {
        return LongStream.range(0, pictures.size())
                .mapToObj(visit -> pictures.example(visit, new SplittableRandom(1)))
                .filter(example -> example.caption().endsWith(" " + number))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void everySampleIsSeenOnceAnEpochWhateverTheNumberOfThreads() throws IOException {
        Path folder = home.resolve("threads");
        SampleFiles.shard(folder.resolve("0.tar"), SampleFiles.shardFiles(0, 30));
        SampleFiles.shard(folder.resolve("1.tar"), SampleFiles.shardFiles(30, 31));
        try (OwnData data = open(all(folder))) {
            OwnPictures pictures = pictures(data, 1);
            List<String> seen =
                    LongStream.range(0, 3 * 61)
                            .parallel()
                            .mapToObj(v -> pictures.example(v, new SplittableRandom(v)).caption())
                            .toList();
            for (int epoch = 0; epoch < 3; epoch++) {
                assertThat(seen.subList(epoch * 61, (epoch + 1) * 61))
                        .containsExactlyInAnyOrderElementsOf(numbered(0, 61));
            }
        }
    }

    @Test
    void ordersDifferBetweenEpochsAndTheSameSeedGivesTheSame() throws IOException {
        Path folder = home.resolve("orders");
        SampleFiles.folder(folder, 40);
        List<String> first;
        try (OwnData data = open(all(folder))) {
            first = captions(pictures(data, 1), 0);
            assertThat(captions(pictures(data, 1), 1)).isNotEqualTo(first);
            assertThat(captions(pictures(data, 2), 0)).isNotEqualTo(first);
        }
        try (OwnData again = open(all(folder))) {
            assertThat(captions(pictures(again, 1), 0)).isEqualTo(first);
        }
        assertThat(log().lines().filter(line -> line.contains("to learn from"))).hasSize(2);
    }

    @Test
    void shardsThatAreSortedBySubjectAreMixed() throws IOException {
        Path folder = home.resolve("sorted");
        SampleFiles.shard(folder.resolve("0.tar"), SampleFiles.shardFiles(0, 100));
        SampleFiles.shard(folder.resolve("1.tar"), SampleFiles.shardFiles(100, 100));
        List<String> order = captions(all(folder));
        long ofTheFirst =
                order.subList(0, 50).stream()
                        .filter(caption -> Integer.parseInt(caption.substring(8)) < 100)
                        .count();
        assertThat(ofTheFirst).isBetween(14L, 36L);
    }

    @Test
    void twinsStayOnOneSideAndOfFewPicturesOneIsHeldOut() throws IOException {
        Path folder = home.resolve("ten");
        for (int i = 0; i < 10; i++) {
            BufferedImage picture = SampleFiles.picture(i, 24, 16);
            SampleFiles.add(folder, i + ".png", SampleFiles.png(i), "one of " + i);
            // the same pixels in another file
            SampleFiles.add(
                    folder, i + "-copy.gif", SampleFiles.encoded(picture, "gif"), "twin of " + i);
        }
        try (OwnData data = open(SampleFiles.options(folder))) {
            OwnPictures pictures = pictures(data, 1);
            List<Example> heldOut = pictures.heldOut(100);
            assertThat(heldOut).hasSizeBetween(2, 8);
            assertThat(pictures.size()).isEqualTo(20 - heldOut.size());
            assertThat(numbers(heldOut.stream().map(Example::caption).toList()))
                    .doesNotContainAnyElementsOf(numbers(captions(pictures, 0)));
        }
    }

    private static Set<String> numbers(List<String> captions) {
        Set<String> numbers = new HashSet<>();
        captions.forEach(c -> numbers.add(c.substring(c.lastIndexOf(' ') + 1)));
        return numbers;
    }

    @Test
    void pixelsAreComputedOnceAndGoOnWhereAProcessWasEnded() throws IOException {
        Path folder = home.resolve("once");
        SampleFiles.folder(folder, 9);
        try (OwnData data = open(all(folder))) {
            OwnPictures decoded = pictures(data, 1);
            OwnPictures kept = decoded.withPixels(System.out);
            for (long visit = 0; visit < 9; visit++) {
                assertThat(kept.example(visit, new SplittableRandom(visit)))
                        .usingRecursiveComparison()
                        .isEqualTo(decoded.example(visit, new SplittableRandom(visit)));
            }
        }
        Path file = home.resolve("kept");
        List<Long> computed = new ArrayList<>();
        ViewFile.Computation doubles =
                (first, count) -> {
                    computed.add(first);
                    byte[] records = new byte[2 * count];
                    for (int i = 0; i < count; i++) {
                        records[2 * i] = (byte) (first + i);
                    }
                    return records;
                };
        // three records and a half
        Files.write(home.resolve("kept.part"), new byte[] {0, 0, 1, 0, 2, 0, 3});
        try (ViewFile views = ViewFile.complete(file, 2, 2, 1, 100, doubles, "", System.out)) {
            assertThat(computed).containsExactly(3L, 67L);
            for (byte number : new byte[] {0, 3, 66, 67, 99}) {
                assertThat(views.read(number)).containsExactly(number, 0);
            }
        }
    }
}
