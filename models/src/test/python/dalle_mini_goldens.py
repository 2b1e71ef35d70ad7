"""Writes ../resources/imports/dalle_mini: tiny models with random weights in files as min-dalle and dalle-mini publish them, and
what min-dalle makes of them. The build does not need it; run it by hand to add a case.

    pip install torch min-dalle==0.4.11 taming-transformers-rom1504 safetensors msgpack tokenizers
    python dalle_mini_goldens.py

The files of dalle-mini are written here by the layout of its modules, since it needs a jax that is no longer to be had.
"""

import importlib
import inspect
import json
import re
import sys
import types

import msgpack
import numpy
import tokenizers
import torch
from taming.modules.diffusionmodules.model import Encoder

from golden_files import CAPTIONS, OUT, fill, goldens, pickled, save

CODES = 32
# sizes that stand in the text of min-dalle's modules, and not in arguments
SMALL = {
    "dalle_bart_decoder": [(r"2 \*\* 14", str(CODES))],
    "min_dalle": [(r"2 \*\* 14 - 1", str(CODES - 1))],
    "vqgan_detokenizer": [
        (r"vocab_count, embed_count = 2 \*\* 14, 2 \*\* 8", f"vocab_count, embed_count = {CODES}, 16"),
        (r"2 \*\* 4, 2 \*\* 4, 2 \*\* 8", "2 ** 4, 2 ** 4, 16"),
        (r"2 \*\* log2_count_in, 2 \*\* log2_count_out", "width(log2_count_in), width(log2_count_out)"),
        (r"m == n", "log2_count_in == log2_count_out or m == n"),
        (r"n = 2 \*\* log2_count\n", "n = width(log2_count)\n"),
        (r"2 \*\* 9", "width(9)"),
        (r"2 \*\* 7", "width(7)"),
        (r"nn.Conv2d\(2 \*\* 8,", "nn.Conv2d(16,"),
    ],
}


def min_dalle():
    """Its modules with small sizes; requests, with which it fetches weights, is not asked for."""
    sys.modules.setdefault("requests", types.ModuleType("requests"))
    package = importlib.import_module("min_dalle")
    found = {}
    for name in ["dalle_bart_encoder", "dalle_bart_decoder", "vqgan_detokenizer", "text_tokenizer", "min_dalle"]:
        path = "min_dalle." + ("models." + name if "dalle_bart" in name or "vqgan" in name else name)
        module = importlib.import_module(path)
        text = inspect.getsource(module)
        for pattern, small in SMALL.get(name, []):
            text, count = re.subn(pattern, small, text)
            assert count > 0, pattern
        module.__dict__["width"] = lambda log2: {7: 32, 8: 32, 9: 64}[log2]
        exec(compile(text, path, "exec"), module.__dict__)
        found[name] = module
    return types.SimpleNamespace(**found)


def bart_files():
    """A vocabulary and merges as BART's: byte-level, with a blank before each word."""
    trainer = tokenizers.ByteLevelBPETokenizer(add_prefix_space=True, lowercase=True)
    trainer.train_from_iterator(CAPTIONS[2:7] * 3, vocab_size=340, special_tokens=["<s>", "<pad>", "</s>", "<unk>"], min_frequency=2)
    whole = json.loads(trainer.to_str())
    vocabulary = whole["model"]["vocab"]
    merges = [" ".join(merge) if isinstance(merge, list) else merge for merge in whole["model"]["merges"]]
    # as in theirs, not every letter has a token: without z, which is unknown then
    vocabulary.pop("z")
    return vocabulary, merges


def random_weights(model):
    fill(model.named_parameters())
    generator = torch.Generator().manual_seed(11)
    for name, p in model.named_parameters():
        if p.dim() == 1 and name.endswith("weight"):
            p.data.copy_(1 + torch.randn(p.shape, generator=generator) / 4)
        elif "embed" in name:
            p.data.mul_(4)
        elif name == "lm_head.weight":
            p.data.mul_(2)


def state(model, half):
    """Norms that were trained without gains have none in the files, and 1 in the module."""
    kept = {}
    for name, p in model.state_dict().items():
        if re.search(r"(pre_.*_layer_norm|ln0|ln1|final_ln)\.weight", name):
            p.fill_(1)
        else:
            if half:
                p.copy_(p.half().float())
            kept[name] = p.half() if half else p
    return kept


def flax_array(values):
    values = numpy.ascontiguousarray(values)
    return msgpack.ExtType(1, msgpack.packb((values.shape, values.dtype.name, values.tobytes())))


def nested(flat):
    """Flax's maps within maps."""
    root = {}
    for name, value in flat.items():
        *path, last = name.split("/")
        at = root
        for key in path:
            at = at.setdefault(key, {})
        at[last] = flax_array(value)
    return msgpack.packb(root)


MODULES = {
    "pre_self_attn_layer_norm": "LayerNorm_0", "self_attn": "FlaxBartAttention_0", "self_attn_layer_norm": "LayerNorm_1",
    "pre_encoder_attn_layer_norm": "LayerNorm_2", "encoder_attn": "FlaxBartAttention_1", "encoder_attn_layer_norm": "LayerNorm_3",
    "glu.ln0": "GLU_0/LayerNorm_0", "glu.ln1": "GLU_0/LayerNorm_1",
    "glu.fc0": "GLU_0/Dense_0", "glu.fc1": "GLU_0/Dense_1", "glu.fc2": "GLU_0/Dense_2",
}


def flax_transformer(encoder, decoder, scanned):
    """The same weights as dalle-mini has them: a module for each layer, or all layers in one."""
    flat = {}
    for half, weights in [("encoder", encoder), ("decoder", decoder)]:
        layers = {}
        for name, value in weights.items():
            value = value.numpy()
            path, kind = name.rsplit(".", 1)
            norm = "layer_norm" in path or "layernorm" in path or re.search(r"ln\d?$", path)
            if kind == "weight":
                kind = "embedding" if "embed_" in path else "scale" if norm else "kernel"
            if kind == "kernel":
                value = value.T
            layer = re.fullmatch(r"layers\.(\d+)\.(.+)", path)
            if layer:
                module = layer.group(2)
                first = module if module in MODULES else module.split(".")[0]
                path = MODULES[first] + module[len(first):].replace(".", "/")
                layers.setdefault(f"{path}/{kind}", []).append(value)
            elif path == "lm_head":
                flat["lm_head/kernel"] = value
            else:
                flat[f"model/{half}/{path}/{kind}"] = value
        for path, values in layers.items():
            prefix = f"model/{half}/layers/FlaxBart{half.title()}Layer"
            if scanned:
                flat[f"{prefix}s/{path}"] = numpy.stack(values)
            else:
                flat.update({f"{prefix}_{i}/{path}": value for i, value in enumerate(values)})
    return nested(flat)


@torch.no_grad()
def case(modules, name, layers, width, heads, middle, image_vocabulary, half, scanned):
    vocabulary, merges = bart_files()
    folder = f"dalle_mini/{name}"
    text_vocabulary = max(vocabulary.values()) + 4
    sizes = dict(embed_count=width, attention_head_count=heads, glu_embed_count=middle, layer_count=layers, device="cpu")
    encoder = modules.dalle_bart_encoder.DalleBartEncoder(text_vocab_count=text_vocabulary, text_token_count=64, **sizes).eval()
    decoder = modules.dalle_bart_decoder.DalleBartDecoder(image_vocab_count=image_vocabulary, **sizes).eval()
    random_weights(encoder)
    random_weights(decoder)
    encoder_state, decoder_state = state(encoder, half), state(decoder, half)
    tokenizer = modules.text_tokenizer.TextTokenizer(vocabulary, merges)
    save(f"{folder}/encoder.pt.gz", pickled(encoder_state))
    save(f"{folder}/decoder.pt.gz", pickled(decoder_state))
    save(f"{folder}/vocab.json", json.dumps(vocabulary).encode())
    save(f"{folder}/merges.txt", "\n".join(["#version: 0.2", *merges, ""]).encode())
    save(f"{folder}/flax_model.msgpack.gz", flax_transformer(encoder_state, decoder_state, scanned))
    save(f"{folder}/config.json", json.dumps(dict(
        model_type="dallebart", d_model=width, encoder_attention_heads=heads, decoder_attention_heads=heads, activation_function="gelu",
        ln_positions="normformer", ln_type="layernorm", use_bias=False, use_scan=scanned, image_vocab_size=image_vocabulary)).encode())
    save(f"{folder}/tokenizer.json", json.dumps(dict(version="1.0", model=dict(type="BPE", vocab=vocabulary, merges=merges))).encode())

    encoded = [tokenizer.tokenize(caption) for caption in CAPTIONS]
    save(f"{folder}/tokens.json", json.dumps([dict(caption=c, tokens=t) for c, t in zip(CAPTIONS, encoded)], indent=0).encode())
    begin, end = vocabulary["<s>"], vocabulary["</s>"]
    caption = encoded[2]
    text = torch.ones(2, 64, dtype=torch.long)
    text[0, :2] = torch.tensor([begin, end])
    text[1, :len(caption)] = torch.tensor(caption)
    states = encoder(text)
    # every token of an image in one pass, after the start token that dalle-mini trains with
    image = torch.randint(0, CODES, (1, 256), generator=torch.Generator().manual_seed(3))
    before = torch.cat([torch.full((1, 1), image_vocabulary), image[:, :-1]], 1)
    logits, _ = decoder(text.not_equal(1)[:, None, None, :], states, torch.zeros(layers, 4, 256, width), before, torch.arange(256))
    dalle = modules.min_dalle.MinDalle.__new__(modules.min_dalle.MinDalle)
    dalle.__dict__.update(device="cpu", dtype=torch.float32, is_reusable=True, is_verbose=False, text_token_count=64, layer_count=layers,
                          embed_count=width, tokenizer=tokenizer, encoder=encoder, decoder=decoder)
    drawn = []
    dalle.image_grid_from_tokens = lambda image_tokens, is_seamless, is_verbose=False: drawn.append(image_tokens.clone())
    for _ in dalle.generate_raw_image_stream(CAPTIONS[2], seed=1, grid_size=1, top_k=1, supercondition_factor=16):
        pass
    # what it would draw the first token from with these settings
    kept = []
    multinomial = torch.multinomial
    torch.multinomial = lambda p, count: kept.append(p / p.sum(1, keepdim=True)) or multinomial(p, count)
    for _ in dalle.generate_raw_image_stream(CAPTIONS[2], seed=1, grid_size=1, top_k=5, temperature=7.5, supercondition_factor=4):
        pass
    torch.multinomial = multinomial
    goldens(f"{folder}/golden.safetensors", dict(
        text=text[1:, :len(caption)], states=states[1:, :len(caption)], uncaptioned=states[:1, :2], image=image,
        logits=logits[1:, :, :CODES], uncaptioned_logits=logits[:1, :, :CODES], likeliest=drawn[0], first=kept[0]))


def flax_vqgan(weights):
    """The same weights as vqgan-jax has them."""
    flat = {}
    for name, value in weights.items():
        value = value.numpy()
        path, kind = name.rsplit(".", 1)
        if kind == "weight":
            kind = "embedding" if "embedding" in path else "scale" if "norm" in path else "kernel"
        if kind == "kernel":
            value = value.transpose(2, 3, 1, 0)
        path = re.sub(r"\.(down|up|block|attn)\.(\d+)", r".\1_\2", path)
        flat[f"{path.replace('.', '/')}/{kind}"] = value
    return nested(flat)


@torch.no_grad()
def vqgan(modules):
    detokenizer = modules.vqgan_detokenizer.VQGanDetokenizer().eval()
    random_weights(detokenizer)
    detokenizer.embedding.weight.copy_(torch.randn(CODES, 16, generator=torch.Generator().manual_seed(2)))
    detokenizer.decoder.conv_out.weight.mul_(0.3)
    detokenizer.decoder.conv_out.bias.fill_(0.4)
    save("dalle_mini/vqgan/detoker.pt.gz", pickled(detokenizer.state_dict()))
    tokens = torch.randint(0, CODES, (1, 256), generator=torch.Generator().manual_seed(4))
    drawn = detokenizer(False, tokens).permute(2, 0, 1).round()

    # min-dalle has no encoder: that of taming-transformers, with pixels of 0 to 1
    encoder = Encoder(ch=32, out_ch=3, ch_mult=(1, 1, 1, 1, 2), num_res_blocks=2, attn_resolutions=[16], in_channels=3, resolution=256,
                      z_channels=16, double_z=False).eval()
    quant_conv = torch.nn.Conv2d(16, 16, 1)
    random_weights(encoder)
    random_weights(quant_conv)
    weights = {name: value for name, value in detokenizer.state_dict().items() if not name.startswith("embedding")}
    weights["quantize.embedding.weight"] = detokenizer.embedding.weight
    weights.update({f"encoder.{name}": value for name, value in encoder.state_dict().items()})
    weights.update({f"quant_conv.{name}": value for name, value in quant_conv.state_dict().items()})
    save("dalle_mini/vqgan/flax_model.msgpack.gz", flax_vqgan(weights))
    # a colour for each token
    picture = torch.randint(0, 256, (1, 3, 16, 16), generator=torch.Generator().manual_seed(6)).float()
    picture = torch.nn.functional.interpolate(picture, scale_factor=16)
    z = quant_conv(encoder(picture / 255)).permute(0, 2, 3, 1).reshape(256, 16)
    nearest = torch.cdist(z, detokenizer.embedding.weight).sort(1)
    print("codes", nearest.indices[:, 0].unique().numel(), "closest call", (nearest.values[:, 1] - nearest.values[:, 0]).min().item())
    goldens("dalle_mini/vqgan/golden.safetensors", dict(
        image=tokens, pixels=drawn[:, ::4, ::4], picture=picture[:, :, ::16, ::16], tokens=nearest.indices[:, 0]))


if __name__ == "__main__":
    modules = min_dalle()
    torch.set_num_threads(1)
    # as mini: 2/3 of 4 in the middle, codes and the start token; as mega: wider, more logits than codes, stacked layers
    case(modules, "mini", layers=2, width=64, heads=1, middle=171, image_vocabulary=CODES, half=False, scanned=False)
    case(modules, "mega", layers=3, width=128, heads=2, middle=256, image_vocabulary=CODES + 31, half=True, scanned=True)
    vqgan(modules)
