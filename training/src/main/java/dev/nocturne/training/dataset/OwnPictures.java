package dev.nocturne.training.dataset;

import dev.nocturne.models.dvae.DiscreteVae;
import dev.nocturne.models.picture.TokenGrid;
import dev.nocturne.runtime.PictureDecoder;
import dev.nocturne.runtime.PictureDecoder.UnreadablePictureException;
import dev.nocturne.training.data.Example;
import dev.nocturne.training.data.PictureSource;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.random.RandomGenerator;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * People's own pictures in one size. Each epoch shows every picture once, in an order that is a
 * function of the seed and the epoch alone.
 */
public final class OwnPictures implements PictureSource {
    /** Pixels of more pictures than fit in these are decoded at every visit. */
    private static final long MOST_PIXEL_BYTES = 4L << 30;

    /** Both of what is trained on and of what is held out. */
    private static final int SHOWN = 4;

    private static final long HELD_OUT_ORDER = 1;

    private final Lists lists;
    private final Views views;
    private final int imageSize;
    private final long seed;
    private final UnaryOperator<String> fitted;
    private final Optional<ViewFile> pixels;
    private final Optional<Tokens> tokens;

    /** Turns pictures into tokens; those that it rendered itself may say from which. */
    private record Dvae(DiscreteVae vae, String id) {

        Optional<TokenGrid> drawn(SampleList.Sample sample) {
            return sample.drawn().of(id, vae.gridSize(), vae.vocabulary());
        }
    }

    /**
     * Of all views of what is trained on.
     *
     * @param areDrawn whether all of them are those that were drawn
     */
    private record Tokens(ViewFile file, Dvae dvae, boolean areDrawn) {}

    /**
     * Where pictures were found.
     *
     * @param folder for what is computed once
     */
    record Lists(SampleList training, SampleList heldOut, Storage storage, Path folder) {}

    /**
     * Takes ownership of the lists.
     *
     * @param fitted makes a caption as short as the model wants it
     */
    OwnPictures(Lists lists, Views views, int imageSize, long seed, UnaryOperator<String> fitted) {
        this(lists, views, imageSize, seed, fitted, Optional.empty(), Optional.empty());
    }

    private OwnPictures(
            Lists lists,
            Views views,
            int imageSize,
            long seed,
            UnaryOperator<String> fitted,
            Optional<ViewFile> pixels,
            Optional<Tokens> tokens) {
        this.lists = lists;
        this.views = views;
        this.imageSize = imageSize;
        this.seed = seed;
        this.fitted = fitted;
        this.pixels = pixels;
        this.tokens = tokens;
    }

    /** The same, with the pixels of all views on disk, if there are not too many. */
    public OwnPictures withPixels(PrintStream log) throws IOException {
        int pictureBytes = views.count() * pixelBytes();
        if (lists.training.size() * pictureBytes > MOST_PIXEL_BYTES) {
            return this;
        }
        ViewFile file =
                ViewFile.complete(
                        lists.folder.resolve("pixels-%d-%s".formatted(imageSize, viewsName())),
                        pixelBytes(),
                        pictureBytes,
                        pictureBytes,
                        lists.training.size(),
                        this::pixels,
                        "pixels",
                        log);
        return new OwnPictures(lists, views, imageSize, seed, fitted, Optional.of(file), tokens);
    }

    /**
     * The same, with the tokens of all views on disk in place of pictures. Of pictures that a model
     * drew they are those it drew, where they are known.
     *
     * @param vae is open as long as this is
     * @param dvaeId which dVAE it is: another's tokens are others
     */
    public OwnPictures withTokens(DiscreteVae vae, String dvaeId, PrintStream log)
            throws IOException {
        if (vae.vocabulary() > 1 << Character.SIZE) {
            throw new IOException(
                    "the dVAE has %,d codes: tokens are kept in two bytes, so at most 65,536"
                            .formatted(vae.vocabulary()));
        }
        int recordBytes = vae.gridSize() * vae.gridSize() * Character.BYTES;
        Dvae dvae = new Dvae(vae, dvaeId);
        ViewFile file =
                ViewFile.complete(
                        lists.folder.resolve(
                                "tokens-%s-%d-%s".formatted(dvaeId, imageSize, viewsName())),
                        recordBytes,
                        views.count() * recordBytes,
                        views.count() * pixelBytes(),
                        lists.training.size(),
                        (first, count) -> tokens(dvae, first, count),
                        "tokens",
                        log);
        boolean areDrawn =
                LongStream.range(0, lists.training.size())
                        .mapToObj(number -> sample(lists.training, number))
                        .noneMatch(sample -> drawn(sample, dvae).isEmpty());
        return new OwnPictures(
                lists,
                views,
                imageSize,
                seed,
                fitted,
                pixels,
                Optional.of(new Tokens(file, dvae, areDrawn)));
    }

    /** Part of a file's name. */
    private String viewsName() {
        return "%s%s-%06x"
                .formatted(
                        views.crop().name().toLowerCase(Locale.ROOT),
                        views.mirrored() ? "-mirrored" : "",
                        views.background());
    }

    private int pixelBytes() {
        return 3 * imageSize * imageSize;
    }

    /** Of all views of some pictures. */
    private byte[] pixels(long first, int count) throws IOException {
        return pixels(samples(first, count));
    }

    private byte[] pixels(List<SampleList.Sample> samples) throws IOException {
        List<byte[]> pictures;
        try {
            pictures = samples.parallelStream().map(this::allViews).toList();
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        ByteBuffer all = ByteBuffer.allocate(samples.size() * views.count() * pixelBytes());
        pictures.forEach(all::put);
        return all.array();
    }

    private List<SampleList.Sample> samples(long first, int count) throws IOException {
        List<SampleList.Sample> samples = new ArrayList<>();
        for (long number = first; number < first + count; number++) {
            samples.add(lists.training.get(number));
        }
        return samples;
    }

    private byte[] tokens(Dvae dvae, long first, int count) throws IOException {
        List<SampleList.Sample> samples = samples(first, count);
        List<SampleList.Sample> unknown =
                samples.stream().filter(sample -> drawn(sample, dvae).isEmpty()).toList();
        Iterator<TokenGrid> encoded =
                unknown.isEmpty()
                        ? Collections.emptyIterator()
                        : dvae.vae
                                .encode(pixels(unknown), unknown.size() * views.count())
                                .iterator();
        int tokens = dvae.vae.gridSize() * dvae.vae.gridSize();
        ByteBuffer all = ByteBuffer.allocate(count * views.count() * tokens * Character.BYTES);
        for (SampleList.Sample sample : samples) {
            Optional<TokenGrid> drawn = drawn(sample, dvae);
            for (int view = 0; view < views.count(); view++) {
                for (int token : drawn.orElseGet(encoded::next).tokens()) {
                    all.putChar((char) token);
                }
            }
        }
        return all.array();
    }

    /** Empty where a picture has several views: what was drawn is one of them at most. */
    private Optional<TokenGrid> drawn(SampleList.Sample sample, Dvae dvae) {
        return views.count() == 1 ? dvae.drawn(sample) : Optional.empty();
    }

    private byte[] allViews(SampleList.Sample sample) {
        BufferedImage picture = picture(sample);
        ByteBuffer all = ByteBuffer.allocate(views.count() * pixelBytes());
        for (int view = 0; view < views.count(); view++) {
            all.put(views.rgb(picture, sample.hash(), view, imageSize));
        }
        return all.array();
    }

    private BufferedImage picture(SampleList.Sample sample) {
        try {
            return PictureDecoder.decode(lists.storage.read(sample.place()), PictureNames.READ);
        } catch (UnreadablePictureException e) {
            throw new UncheckedIOException(
                    new IOException(
                            "%s %s now: give the same command again, which goes through the pictures anew"
                                    .formatted(sample.place().file(), e.getMessage()),
                            e));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static SampleList.Sample sample(SampleList list, long number) {
        try {
            return list.get(number);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The number of the picture that is visited. */
    private long number(long visit) {
        long epoch = visit / lists.training.size();
        return Shuffle.at(
                visit % lists.training.size(),
                lists.training.size(),
                Shuffle.mixed(seed) + 31 * epoch);
    }

    @Override
    public Example example(long visit, RandomGenerator random) {
        long number = number(visit);
        SampleList.Sample sample = sample(lists.training, number);
        String caption = caption(sample, random);
        int view = random.nextInt(views.count());
        long record = number * views.count() + view;
        try {
            if (tokens.isPresent()) {
                return Example.ofTokens(caption, unpacked(tokens.get().file.read(record)));
            }
            return new Example(
                    caption,
                    pixels.isPresent()
                            ? pixels.get().read(record)
                            : views.rgb(picture(sample), sample.hash(), view, imageSize));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int[] unpacked(byte[] record) {
        return ByteBuffer.wrap(record).asCharBuffer().chars().toArray();
    }

    @Override
    public String caption(long visit, RandomGenerator random) {
        return caption(sample(lists.training, number(visit)), random);
    }

    private String caption(SampleList.Sample sample, RandomGenerator random) {
        List<String> captions = sample.captions();
        return captions.isEmpty()
                ? ""
                : fitted.apply(captions.get(random.nextInt(captions.size())));
    }

    @Override
    public List<Example> heldOut(int count) {
        return some(lists.heldOut, count).parallelStream().map(this::plain).toList();
    }

    private Example plain(SampleList.Sample sample) {
        Optional<TokenGrid> drawn = tokens.flatMap(known -> known.dvae.drawn(sample));
        if (drawn.isPresent()) {
            return Example.ofTokens(first(sample), drawn.get().tokens());
        }
        return new Example(
                first(sample), views.plain().rgb(picture(sample), sample.hash(), 0, imageSize));
    }

    private String first(SampleList.Sample sample) {
        return sample.captions().isEmpty() ? "" : fitted.apply(sample.captions().get(0));
    }

    /** From all over the list. */
    private static List<SampleList.Sample> some(SampleList list, int count) {
        return LongStream.range(0, Math.min(count, list.size()))
                .map(place -> Shuffle.at(place, list.size(), HELD_OUT_ORDER))
                .mapToObj(number -> sample(list, number))
                .toList();
    }

    /** Of pictures that were trained on, then of some that were not. */
    @Override
    public List<String> shown() {
        Set<String> captions = new LinkedHashSet<>();
        some(lists.training, SHOWN).forEach(sample -> captions.add(first(sample)));
        some(lists.heldOut, SHOWN).forEach(sample -> captions.add(first(sample)));
        return List.copyOf(captions);
    }

    @Override
    public long size() {
        return lists.training.size();
    }

    @Override
    public boolean areDrawn() {
        return tokens.map(Tokens::areDrawn).orElse(false);
    }

    @Override
    public void close() {
        try {
            lists.training.close();
            lists.heldOut.close();
            for (ViewFile file :
                    Stream.of(pixels, tokens.map(Tokens::file))
                            .flatMap(Optional::stream)
                            .toList()) {
                file.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
