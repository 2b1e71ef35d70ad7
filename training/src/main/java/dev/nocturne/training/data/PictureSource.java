package dev.nocturne.training.data;

import java.util.List;
import java.util.random.RandomGenerator;

/**
 * What a model learns from: captioned pictures without end, some of them held out. Threads may
 * share it.
 */
public interface PictureSource extends AutoCloseable {

    /**
     * What is seen at a visit, the same at every call.
     *
     * @param visit counts the examples of a training from 0, over all its epochs
     * @param random decides all that is left to chance at this visit
     */
    Example example(long visit, RandomGenerator random);

    /** The caption alone of what {@link #example} shows. */
    default String caption(long visit, RandomGenerator random) {
        return example(visit, random).caption();
    }

    /** Up to {@code count} examples that training never sees, the same ones at every call. */
    List<Example> heldOut(int count);

    /** Captions whose pictures tell how far a training is. */
    List<String> shown();

    /** How many pictures there are; {@link Long#MAX_VALUE} if no two visits are alike. */
    long size();

    /**
     * Whether all of them were drawn, and the examples have the tokens that were: samples of what a
     * transformer draws from at its temperature, of which ranking chose some.
     */
    default boolean areDrawn() {
        return false;
    }

    @Override
    default void close() {}
}
