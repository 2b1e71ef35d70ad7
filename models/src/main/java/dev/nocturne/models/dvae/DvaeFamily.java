package dev.nocturne.models.dvae;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.nocturne.models.program.TorchProgram;
import java.util.Map;

/**
 * The sizes of a model that turns pictures into tokens and back, of whatever family: what {@link
 * DiscreteVae} has to know of it. In {@code model.json} the families of others have a name;
 * DALL-E's has none.
 */
@JsonTypeInfo(
        use = JsonTypeInfo.Id.NAME,
        include = JsonTypeInfo.As.EXISTING_PROPERTY,
        property = "family",
        defaultImpl = DvaeArchitecture.class)
@JsonSubTypes({
    @JsonSubTypes.Type(value = DallePytorchVae.class, name = DallePytorchVae.FAMILY),
    @JsonSubTypes.Type(value = Vqgan.class, name = Vqgan.FAMILY)
})
public sealed interface DvaeFamily permits DvaeArchitecture, DallePytorchVae, Vqgan {

    /** Its program; the caller closes it. */
    TorchProgram program();

    /** Name and shape of every weight; those of convolutions are {@code [out, in, side, side]}. */
    Map<String, long[]> shapes();

    /** Whether it makes tokens of pictures, too, and not only pictures of tokens. */
    default boolean readsPictures() {
        return true;
    }

    /** Pixels per token along each side. */
    int downsampling();

    /** Size of the codebook. */
    int vocabulary();

    /** Channels of the layers that work at the size of the picture, where most memory goes. */
    int widestChannels();
}
