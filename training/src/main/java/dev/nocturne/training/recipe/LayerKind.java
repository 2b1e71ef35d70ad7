package dev.nocturne.training.recipe;

import java.util.regex.Pattern;

/** What a weight of a transformer or of CLIP belongs to, by its name, in every family. */
public enum LayerKind {
    /** Queries, keys, values and the way out of attention, to the picture and to the caption. */
    ATTENTION("\\.(attn|cross)\\."),
    /** The feed-forward layers. */
    MLP("\\.(mlp|ff|glu)\\."),
    /** Gains and biases of norms, and the scales of branches. */
    NORMS("(^|\\.)(ln_|norm)\\w*\\.(weight|bias)$|\\.scale$"),
    /** What becomes numbers from logits or of vectors: the way out of the model. */
    HEADS("^(image_head|text_head)\\.|^(visual\\.proj|text_projection|logit_scale)$"),
    /** Tokens, patches and their positions. */
    EMBEDDINGS("");

    private final Pattern names;

    LayerKind(String names) {
        this.names = Pattern.compile(names);
    }

    /** That of a weight. */
    static LayerKind of(String weight) {
        if (NORMS.names.matcher(weight).find()) {
            return NORMS;
        }
        for (LayerKind kind : values()) {
            if (kind.names.matcher(weight).find()) {
                return kind;
            }
        }
        throw new AssertionError("the last one takes what is left");
    }
}
