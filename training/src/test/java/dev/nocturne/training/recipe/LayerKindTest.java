package dev.nocturne.training.recipe;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nocturne.models.clip.ClipArchitecture;
import dev.nocturne.models.transformer.AttentionPattern;
import dev.nocturne.models.transformer.DalleMiniTransformer;
import dev.nocturne.models.transformer.DallePytorchTransformer;
import dev.nocturne.models.transformer.KakaoTransformer;
import dev.nocturne.models.transformer.TransformerArchitecture;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class LayerKindTest {

    /** The weights of one layer, and those outside of layers, by their kinds. */
    private static Map<LayerKind, Set<String>> kinds(Map<String, long[]> shapes) {
        return shapes.keySet().stream()
                .collect(
                        Collectors.groupingBy(
                                LayerKind::of,
                                TreeMap::new,
                                Collectors.toCollection(TreeSet::new)));
    }

    @Test
    void everyWeightOfOurTransformerHasItsKind() {
        Map<LayerKind, Set<String>> kinds =
                kinds(new TransformerArchitecture(1, 64, 30, 6, 16, 4, null).shapes());
        assertThat(kinds.get(LayerKind.ATTENTION))
                .containsExactly(
                        "resblocks.0.attn.in_proj_bias",
                        "resblocks.0.attn.in_proj_weight",
                        "resblocks.0.attn.out_proj.bias",
                        "resblocks.0.attn.out_proj.weight");
        assertThat(kinds.get(LayerKind.MLP))
                .containsExactly(
                        "resblocks.0.mlp.c_fc.bias",
                        "resblocks.0.mlp.c_fc.weight",
                        "resblocks.0.mlp.c_proj.bias",
                        "resblocks.0.mlp.c_proj.weight");
        assertThat(kinds.get(LayerKind.NORMS))
                .hasSize(6)
                .contains("ln_final.bias", "resblocks.0.ln_1.weight");
        assertThat(kinds.get(LayerKind.HEADS))
                .containsExactly("image_head.weight", "text_head.weight");
        assertThat(kinds.get(LayerKind.EMBEDDINGS))
                .containsExactly(
                        "image_column.weight",
                        "image_row.weight",
                        "image_token.weight",
                        "text_position.weight",
                        "text_token.weight");
    }

    @Test
    void everyWeightOfOtherFamiliesDoes() {
        assertThat(kinds(new KakaoTransformer(1, 64, 30, 1, 6, 16, 4).shapes()))
                .containsEntry(LayerKind.HEADS, Set.of("image_head.weight"))
                .containsEntry(
                        LayerKind.EMBEDDINGS,
                        Set.of(
                                "text_token.weight",
                                "text_position.weight",
                                "image_token.weight",
                                "image_position.weight"));
        Map<LayerKind, Set<String>> pytorch =
                kinds(
                        new DallePytorchTransformer(
                                        1,
                                        64,
                                        1,
                                        30,
                                        6,
                                        16,
                                        4,
                                        List.of(AttentionPattern.FULL),
                                        false,
                                        false,
                                        true,
                                        false,
                                        false)
                                .shapes());
        assertThat(pytorch.get(LayerKind.ATTENTION))
                .containsExactly(
                        "layers.0.attn.to_out.bias",
                        "layers.0.attn.to_out.weight",
                        "layers.0.attn.to_qkv.weight");
        assertThat(pytorch.get(LayerKind.MLP)).hasSize(4);
        assertThat(pytorch.get(LayerKind.NORMS))
                .hasSize(12)
                .contains("layers.0.attn.scale", "layers.0.ff.norm_out.bias", "norm_final.weight");
        assertThat(pytorch.get(LayerKind.HEADS))
                .containsExactly("image_head.bias", "image_head.weight");
        Map<LayerKind, Set<String>> mini =
                kinds(new DalleMiniTransformer(1, 1, 64, 100, 30, 0, 2, 8, 16, 4).shapes());
        assertThat(mini.get(LayerKind.ATTENTION))
                .containsExactly(
                        "encoder.layers.0.attn.out.weight",
                        "encoder.layers.0.attn.qkv.weight",
                        "layers.0.attn.out.weight",
                        "layers.0.attn.qkv.weight",
                        "layers.0.cross.kv.weight",
                        "layers.0.cross.out.weight",
                        "layers.0.cross.q.weight");
        assertThat(mini.get(LayerKind.MLP)).hasSize(6);
        assertThat(mini.get(LayerKind.EMBEDDINGS))
                .containsExactly(
                        "encoder.position.weight",
                        "encoder.token.weight",
                        "image_position.weight",
                        "image_token.weight",
                        "start_token.weight");
    }

    @Test
    void everyWeightOfClipDoes() {
        Map<LayerKind, Set<String>> kinds =
                kinds(new ClipArchitecture(16, 8, 1, 64, 1, 64, 8, 602, 64).shapes());
        assertThat(kinds.get(LayerKind.ATTENTION)).hasSize(8);
        assertThat(kinds.get(LayerKind.MLP)).hasSize(8);
        assertThat(kinds.get(LayerKind.HEADS))
                .containsExactly("logit_scale", "text_projection", "visual.proj");
        assertThat(kinds.get(LayerKind.EMBEDDINGS))
                .containsExactly(
                        "positional_embedding",
                        "token_embedding.weight",
                        "visual.class_embedding",
                        "visual.conv1.weight",
                        "visual.positional_embedding");
    }
}
