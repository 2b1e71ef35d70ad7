package dev.nocturne.training.dataset;

import java.util.OptionalDouble;

/**
 * Which pictures to learn from, and how.
 *
 * @param place a folder, a table, shards ({@code 00000.tar}, {@code {00000..00099}.tar}) or {@code
 *     s3://bucket/prefix}
 * @param uncaptioned whether pictures without a caption are learned from, too, with an empty one
 * @param mostLeftOut the share of the pictures that may be left out, in [0, 1]
 * @param heldOut the share that is never trained on, in [0, 1)
 * @param leastScore of a picture in Nocturne's shards; with a lower one, or none, it is left out
 */
public record DataOptions(
        String place,
        Columns columns,
        Views views,
        boolean uncaptioned,
        double mostLeftOut,
        double heldOut,
        OptionalDouble leastScore) {}
