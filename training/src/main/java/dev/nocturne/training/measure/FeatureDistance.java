package dev.nocturne.training.measure;

import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.nocturne.models.program.TorchProgram;
import java.util.Arrays;

/**
 * How far two sets of pictures lie apart, by their features. Both grow as the sets get smaller or
 * the features more, the first much, so only figures of as many pictures compare.
 *
 * @param frechet of the Gaussians with their means and covariances (Heusel et al. 2017, equation
 *     6); 0 for equals
 * @param kernel the unbiased squared maximum mean discrepancy under a cubic kernel (Bińkowski et
 *     al. 2018, KID), of all pictures at once; about 0 for equals, and below it by chance
 */
public record FeatureDistance(double frechet, double kernel) {

    /** Features of many pictures; on the CPU, since the products are small and exact. */
    private static final class Program {
        static final TorchProgram DISTANCES = TorchProgram.load("distances.py");
    }

    /**
     * @param some {@code [n, features]}, at least two
     * @param others {@code [m, features]}, at least two
     */
    public static FeatureDistance of(float[][] some, float[][] others) {
        if (some.length < 2 || others.length < 2 || some[0].length != others[0].length) {
            throw new IllegalArgumentException(
                    "distances are of at least two pictures each, with features of one kind");
        }
        TorchProgram program = Program.DISTANCES;
        try (PtNDManager scope = (PtNDManager) program.hostManager().newSubManager();
                IValue x = IValue.from(array(scope, some));
                IValue y = IValue.from(array(scope, others));
                IValue frechet = program.call("frechet", x, y);
                IValue kernel = program.call("kernel_distance", x, y)) {
            return new FeatureDistance(
                    frechet.toTensor(scope).toDoubleArray()[0],
                    kernel.toTensor(scope).toDoubleArray()[0]);
        }
    }

    private static PtNDArray array(PtNDManager scope, float[][] rows) {
        double[] flat =
                Arrays.stream(rows)
                        .flatMapToDouble(
                                row -> {
                                    double[] wide = new double[row.length];
                                    for (int i = 0; i < row.length; i++) {
                                        wide[i] = row[i];
                                    }
                                    return Arrays.stream(wide);
                                })
                        .toArray();
        return (PtNDArray) scope.create(flat, new Shape(rows.length, rows[0].length));
    }
}
