package dev.nocturne.models.upscaler;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.nocturne.models.program.TorchProgram;
import java.util.Map;

/**
 * The sizes of a network that enlarges pictures, of whatever family: what {@link Upscaler} has to
 * know of it. In {@code model.json} the families of others have a name; ours has none.
 */
@JsonTypeInfo(
        use = JsonTypeInfo.Id.NAME,
        include = JsonTypeInfo.As.EXISTING_PROPERTY,
        property = "family",
        defaultImpl = UpscalerArchitecture.class)
@JsonSubTypes(@JsonSubTypes.Type(value = RrdbNet.class, name = RrdbNet.FAMILY))
public sealed interface UpscalerFamily permits UpscalerArchitecture, RrdbNet {
    /** How many times as wide and high pictures become. */
    int FACTOR = 4;

    /** Its program; the caller closes it. */
    TorchProgram program();

    /** Name and shape of every weight, in the order of computation. */
    Map<String, long[]> shapes();

    /** Adds the shapes of a convolution of three by three. */
    static void conv(Map<String, long[]> shapes, String name, int in, int out) {
        shapes.put(name + ".weight", new long[] {out, in, 3, 3});
        shapes.put(name + ".bias", new long[] {out});
    }
}
