"""Writes ../resources/imports: tiny models with random weights in the files of the original packages, and what those packages
make of them. The build does not need it; run it by hand to add a case.

    pip install torch torchvision DALL-E clip-anytorch transformers safetensors attrs ftfy regex pillow
    python import_goldens.py
"""

import collections
import io
import json
import math

import clip.clip
import clip.model
import clip.simple_tokenizer
import dall_e.decoder
import dall_e.encoder
import dall_e.utils
import numpy
import PIL.Image
import torch
import transformers

from golden_files import CAPTIONS, OUT, fill, goldens, pickled, save

CONTEXT = 77


def pictures():
    """Small pictures with edges, slopes and noise: landscape, portrait, square, smaller than the model reads."""
    generator = numpy.random.default_rng(3)
    for height, width in [(45, 64), (71, 50), (64, 64), (20, 27), (33, 32)]:
        y, x = numpy.mgrid[0:height, 0:width]
        planes = [x * 255 // width, y * 255 // height, ((x // 5 + y // 7) % 2) * 255]
        noise = generator.integers(-30, 30, (height, width, 3))
        yield PIL.Image.fromarray(numpy.clip(numpy.stack(planes, 2) + noise, 0, 255).astype(numpy.uint8))


@torch.no_grad()
def dvae():
    encoder = dall_e.encoder.Encoder(n_hid=8, n_blk_per_group=2, vocab_size=48)
    decoder = dall_e.decoder.Decoder(n_init=12, n_hid=8, n_blk_per_group=2, vocab_size=48)
    fill([*encoder.named_parameters(), *decoder.named_parameters()])
    pixels = torch.randint(0, 256, (2, 3, 32, 32), generator=torch.Generator().manual_seed(5))
    logits = encoder(dall_e.utils.map_pixels(pixels.float() / 255))
    tokens = logits.argmax(1)
    one_hot = torch.nn.functional.one_hot(tokens, 48).permute(0, 3, 1, 2).float()
    decoded = dall_e.utils.unmap_pixels(torch.sigmoid(decoder(one_hot).float()[:, :3]))
    goldens("dvae/golden.safetensors", {"pixels": pixels, "logits": logits, "tokens": tokens, "decoded": decoded})
    save("dvae/encoder.pkl.gz", pickled(encoder))
    save("dvae/decoder.pkl.gz", pickled(decoder))
    save("dvae/legacy-encoder.pkl.gz", pickled(encoder, _use_new_zipfile_serialization=False))
    save("dvae/decoder-state.pt.gz", pickled(decoder.state_dict()))


def merges(texts, count):
    """Byte-pair encoding learned from a few texts, as a file of CLIP's layout."""
    byte_characters = clip.simple_tokenizer.bytes_to_unicode()
    words = collections.Counter(word for text in texts for word in text.lower().split())
    spelled = {w: [byte_characters[b] for b in w.encode()] for w in words}
    spelled = {w: (*symbols[:-1], symbols[-1] + "</w>") for w, symbols in spelled.items()}
    learned = []
    while len(learned) < count:
        pairs = collections.Counter()
        for word, symbols in spelled.items():
            for pair in zip(symbols, symbols[1:]):
                pairs[pair] += words[word]
        left, right = max(pairs, key=lambda pair: (pairs[pair], pair))
        learned.append(f"{left} {right}")
        for word, symbols in spelled.items():
            merged = []
            for symbol in symbols:
                if merged and (merged[-1], symbol) == (left, right):
                    merged[-1] = left + right
                else:
                    merged.append(symbol)
            spelled[word] = tuple(merged)
    return "#version: tiny\n" + "\n".join(learned)


def tokens(tokenizer, captions):
    ids = torch.zeros(len(captions), CONTEXT, dtype=torch.long)
    for i, caption in enumerate(captions):
        row = [len(tokenizer.encoder) - 2, *tokenizer.encode(caption), len(tokenizer.encoder) - 1]
        ids[i, : len(row)] = torch.tensor(row)
    return ids


@torch.no_grad()
def clip_models():
    text = merges([*CAPTIONS, "the apple therein the the red dogs quoted and the cat caf\u00e9"], 60)
    save("clip/bpe.txt.gz", text.encode())
    tokenizer = clip.simple_tokenizer.SimpleTokenizer(str(OUT / "clip/bpe.txt.gz"))
    save(
        "clip/tokens.json",
        json.dumps([{"caption": c, "tokens": tokenizer.encode(c)} for c in CAPTIONS], indent=0).encode(),
    )

    model = clip.model.CLIP(64, 32, 1, 128, 8, CONTEXT, len(tokenizer.encoder), 64, 1, 2).eval()
    fill(model.named_parameters())
    model.logit_scale.fill_(math.log(100))
    clip.model.convert_weights(model)
    halves = {name for name, p in model.named_parameters() if p.dtype == torch.half}
    model.float()

    captions = ["a red apple to the left of a dog", "Two dogs and a cat", "", "IT'S the dog\u2019s caf\u00e9!!!"]
    ids = tokens(tokenizer, captions)
    shown = list(pictures())
    transform = clip.clip._transform(32)
    resize, crop = transform.transforms[:2]
    images = torch.stack([transform(picture) for picture in shown])
    unit = lambda x: x / x.norm(dim=-1, keepdim=True)
    image_embeddings, text_embeddings = unit(model.encode_image(images)), unit(model.encode_text(ids))
    found = {"image_embeddings": image_embeddings, "text_embeddings": text_embeddings, "ids": ids}
    for i, picture in enumerate(shown):
        stream = io.BytesIO()
        picture.save(stream, "PNG")
        save(f"clip/picture-{i}.png", stream.getvalue())
        found[f"fitted.{i}"] = torch.from_numpy(numpy.asarray(crop(resize(picture))).transpose(2, 0, 1).copy())
    goldens("clip/golden.safetensors", found)

    save("clip/state.pt.gz", pickled(collections.OrderedDict(half_some(model.state_dict(), halves))))
    traced = torch.jit.trace_module(
        model, {"forward": (images, ids), "encode_image": (images,), "encode_text": (ids,)}
    )
    for name, p in traced.named_parameters():
        if name in halves:
            p.data = p.data.half()
    # as in the published archives, where they are tensors
    for name, value in [("input_resolution", 32), ("context_length", CONTEXT), ("vocab_size", len(tokenizer.encoder))]:
        traced._c._register_attribute(name, torch._C.TensorType.get(), torch.tensor(value))
    stream = io.BytesIO()
    torch.jit.save(traced, stream)
    save("clip/ViT-tiny.pt.gz", stream.getvalue())
    hugging_face(model, tokenizer, text, images, ids, found)


def half_some(state, names):
    return {name: value.half() if name in names else value for name, value in state.items()}


def hugging_face(model, tokenizer, text, images, ids, found):
    size = len(tokenizer.encoder)
    config = transformers.CLIPConfig(
        text_config=dict(hidden_size=64, intermediate_size=256, num_hidden_layers=2, num_attention_heads=1,
                         vocab_size=size, bos_token_id=size - 2, eos_token_id=size - 1, pad_token_id=0),
        vision_config=dict(hidden_size=128, intermediate_size=512, num_hidden_layers=1, num_attention_heads=2,
                           image_size=32, patch_size=8),
        projection_dim=64,
    )
    theirs = transformers.CLIPModel(config).eval()
    ours = model.state_dict()
    state = {"logit_scale": ours["logit_scale"], "visual_projection.weight": ours["visual.proj"].T,
             "text_projection.weight": ours["text_projection"].T}
    for tower, prefix, layers in [("text", "", 2), ("vision", "visual.", 1)]:
        for i in range(layers):
            block, layer = f"{prefix}transformer.resblocks.{i}.", f"{tower}_model.encoder.layers.{i}."
            for p in ["weight", "bias"]:
                for part, value in zip("qkv", ours[f"{block}attn.in_proj_{p}"].chunk(3)):
                    state[f"{layer}self_attn.{part}_proj.{p}"] = value
                for a, b in [("attn.out_proj", "self_attn.out_proj"), ("ln_1", "layer_norm1"), ("ln_2", "layer_norm2"),
                             ("mlp.c_fc", "mlp.fc1"), ("mlp.c_proj", "mlp.fc2")]:
                    state[f"{layer}{b}.{p}"] = ours[f"{block}{a}.{p}"]
    for a, b in [("ln_final", "text_model.final_layer_norm"), ("visual.ln_pre", "vision_model.pre_layrnorm"),
                 ("visual.ln_post", "vision_model.post_layernorm")]:
        for p in ["weight", "bias"]:
            state[f"{b}.{p}"] = ours[f"{a}.{p}"]
    for a, b in [("token_embedding.weight", "text_model.embeddings.token_embedding.weight"),
                 ("positional_embedding", "text_model.embeddings.position_embedding.weight"),
                 ("visual.class_embedding", "vision_model.embeddings.class_embedding"),
                 ("visual.positional_embedding", "vision_model.embeddings.position_embedding.weight"),
                 ("visual.conv1.weight", "vision_model.embeddings.patch_embedding.weight")]:
        state[b] = ours[a]
    print("not in the state:", theirs.load_state_dict(state, strict=False))
    outputs = theirs(input_ids=ids, pixel_values=images)
    print("Hugging Face against openai:", (outputs.image_embeds - found["image_embeddings"]).abs().max().item(),
          (outputs.text_embeds - found["text_embeddings"]).abs().max().item())
    folder = OUT / "clip" / "hf"
    theirs.save_pretrained(folder, safe_serialization=True)
    weights = folder / "model.safetensors"
    save("clip/hf/model.safetensors.gz", weights.read_bytes())
    weights.unlink()
    save("clip/hf/merges.txt", text.encode())
    save("clip/hf/vocab.json", json.dumps(tokenizer.encoder).encode())


def types():
    """Every type and layout of tensor that may be in a file."""
    base = torch.arange(24, dtype=torch.float32).reshape(4, 6) / 8 - 1
    tensors = {
        "float32": base,
        "float16": base.half(),
        "bfloat16": base.bfloat16(),
        "float64": base.double(),
        "int64": torch.arange(-3, 3),
        "transposed": base.T,
        "sliced": base[1:3, ::2],
        "permuted": torch.arange(24.0).reshape(2, 3, 4).permute(2, 0, 1),
        "scalar": torch.tensor(2.5),
        "empty": torch.zeros(0, 3),
        "parameter": torch.nn.Parameter(torch.tensor([1.0, 2.0])),
    }
    goldens("types/golden.safetensors", {name: value.detach() for name, value in tensors.items()})
    nested = {"step": 3, "rate": 0.5, "names": ["a", "b"], "model": collections.OrderedDict(tensors)}
    save("types/zip.pt", pickled(nested))
    save("types/legacy.pt", pickled(nested, _use_new_zipfile_serialization=False))
    save("types/protocol-4.pt", pickled(nested, pickle_protocol=4))


if __name__ == "__main__":
    torch.manual_seed(0)
    dvae()
    clip_models()
    types()
