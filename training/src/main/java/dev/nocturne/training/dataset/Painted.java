package dev.nocturne.training.dataset;

import java.util.OptionalDouble;

/**
 * What the shards of our own jobs say of a picture, which a model drew.
 *
 * @param score that ranking gave it; empty where none is known
 */
record Painted(OptionalDouble score, DrawnTokens tokens) {

    /** Of a picture from elsewhere. */
    static final Painted ELSEWHERE = new Painted(OptionalDouble.empty(), DrawnTokens.UNKNOWN);
}
