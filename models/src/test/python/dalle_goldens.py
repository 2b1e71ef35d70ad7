"""Writes ../resources/imports/dalle_pytorch and kakao: tiny models with random weights in files as DALLE-pytorch and minDALL-E
publish them, and what these packages make of them. The build does not need it; run it by hand to add a case.

    pip install dalle-pytorch pytorch-lightning   # youtokentome, a tokenizer of other models, may be missing
    pip install ...                               # and what import_goldens.py asks for
    python dalle_goldens.py MINDALL-E             # a clone of kakaobrain/minDALL-E, which is no package
"""

import gzip
import importlib
import json
import pathlib
import sys
import types

import torch

# old imports of what the goldens do not need
import pytorch_lightning.utilities.rank_zero

sys.modules["pytorch_lightning.utilities.distributed"] = pytorch_lightning.utilities.rank_zero
sys.modules.setdefault("youtokentome", types.ModuleType("youtokentome"))

import dall_e.decoder
import dall_e.encoder
import dalle_pytorch
import dalle_pytorch.tokenizer
from dalle_pytorch import DALLE, DiscreteVAE, OpenAIDiscreteVAE

import tokenizers
from omegaconf import OmegaConf

from golden_files import CAPTIONS, OUT, fill, goldens, pickled, save

TEXT_LENGTH = 6


def refused():
    """A model whose pictures are coded by what is not read."""
    save("dalle_pytorch/vqgan.pt", pickled({"hparams": dict(num_text_tokens=574), "vae_params": None, "vae_class_name": "VQGanVAE",
                                            "weights": {"vae.model.post_quant_conv.bias": torch.zeros(2),
                                                        "to_logits.1.weight": torch.zeros(1, 1)}}))


def fill_all(model):
    """Random weights that all show in the output."""
    fill(model.named_parameters())
    generator = torch.Generator().manual_seed(11)
    for name, p in model.named_parameters():
        gain = p.dim() == 1 and name.endswith("weight")
        if gain or name.endswith("scale"):
            p.data.copy_(1 + torch.randn(p.shape, generator=generator) / 4)
        elif name.endswith("codebook.weight") or name == "quantize.embedding.weight" or "_emb" in name and "linear" not in name:
            p.data.mul_(4)
        if getattr(model, "stable", False) and (name.endswith("scale") or name.endswith("_emb.weight")):
            p.data.mul_(0.003)  # else the last norm would undo the division by the maximum


def openai_vae(image_size):
    """Their wrapper loads published files, which are not at hand."""
    vae = OpenAIDiscreteVAE.__new__(OpenAIDiscreteVAE)
    torch.nn.Module.__init__(vae)
    vae.enc = dall_e.encoder.Encoder(n_hid=8, n_blk_per_group=1, vocab_size=48)
    vae.dec = dall_e.decoder.Decoder(n_init=12, n_hid=8, n_blk_per_group=1, vocab_size=48)
    vae.channels, vae.num_layers, vae.image_size, vae.num_tokens = 3, 3, image_size, 48
    return vae


@torch.no_grad()
def case(name, vae, vae_params, text, **settings):
    hparams = dict(num_text_tokens=574, text_seq_len=TEXT_LENGTH, dim=32, heads=2, dim_head=64, loss_img_weight=7, **settings)
    dalle = DALLE(vae=vae, **hparams).eval()
    fill_all(dalle)
    save(
        f"dalle_pytorch/{name}.pt.gz",
        pickled({"hparams": hparams, "vae_params": vae_params, "epoch": 3, "version": dalle_pytorch.__version__,
                 "vae_class_name": type(vae).__name__, "weights": dalle.state_dict(), "opt_state": None,
                 "scheduler_state": None}),
    )
    batch, side = len(text), vae.image_size // 2**vae.num_layers
    generator = torch.Generator().manual_seed(5)
    image = torch.randint(0, vae.num_tokens, (batch, side * side), generator=generator)
    pixels = torch.randint(0, 256, (1, 3, vae.image_size, vae.image_size), generator=generator)
    logits = lambda caption: dalle(caption, image[: len(caption)])[:, TEXT_LENGTH:, 574 + TEXT_LENGTH :]
    drawn = []
    decode = vae.decode
    vae.decode = lambda codes: drawn.append(codes) or decode(codes)
    # a threshold of 1 keeps the likeliest token alone
    dalle.generate_images(text.clone(), filter_thres=1.0, use_cache=False)
    decoded = decode(image[:1])
    if isinstance(vae, DiscreteVAE):
        decoded = (decoded * 0.5 + 0.5).clamp(0, 1)  # the inverse of what it does to pictures first
    goldens(
        f"dalle_pytorch/{name}.safetensors",
        {"text": text, "image": image, "logits": logits(text), "logits_without": logits(torch.zeros_like(text[:1])),
         "likeliest": drawn[0], "pixels": pixels, "decoded": decoded,
         "tokens": vae.get_codebook_indices(pixels.float() / 255)},
    )


def kakao_modules(clone):
    """Its modules, without the packages' own imports, which need more than they do."""
    for package in ["dalle", "dalle.models", "dalle.utils"]:
        module = types.ModuleType(package)
        module.__path__ = [str(clone / package.replace(".", "/"))]
        sys.modules[package] = module
    names = ["models.stage1.vqgan", "models.stage2.transformer", "models.tokenizer", "utils.sampling"]
    return [importlib.import_module("dalle." + name) for name in names]


@torch.no_grad()
def kakao(clone):
    stage1, stage2, tokenization, sampling = kakao_modules(clone)
    config = OmegaConf.load(clone / "configs" / "dalle-1.3B.yaml")
    trainer = tokenizers.CharBPETokenizer(unk_token="[UNK]", lowercase=True)
    # a letter in one caption alone stays unknown
    trainer.train_from_iterator(CAPTIONS[:5] * 3 + CAPTIONS[8:9], vocab_size=120, special_tokens=["[PAD]", "[UNK]"], min_frequency=2)
    folder = OUT / "kakao" / "tokenizer"
    folder.mkdir(parents=True, exist_ok=True)
    trainer.save_model(str(folder), "bpe-16k")
    tokenizer = tokenization.build_tokenizer(str(folder), context_length=512, lowercase=True, dropout=None)
    pad = tokenizer.token_to_id("[PAD]")
    encoded = [[token for token in tokenizer.encode(c).ids if token != pad] for c in CAPTIONS]
    save("kakao/tokens.json", json.dumps([{"caption": c, "tokens": t} for c, t in zip(CAPTIONS, encoded)], indent=0).encode())

    config.stage1.update(n_embed=32, embed_dim=16)
    config.stage1.hparams.update(resolution=8, ch=32, ch_mult=[1, 2], num_res_blocks=1, attn_resolutions=[4], z_channels=8)
    config.stage2.update(vocab_size_txt=128, vocab_size_img=32)
    config.stage2.hparams.update(embed_dim=128, n_layers=2, n_dense_layers=2, n_heads=2, ctx_len_img=16, ctx_len_txt=12)
    vqgan = stage1.VQGAN(config.stage1.n_embed, config.stage1.embed_dim, config.stage1.hparams).eval()
    transformer = stage2.Transformer1d(128, 32, config.stage2.hparams).eval()
    fill_all(vqgan)
    fill_all(transformer)
    save("kakao/config.yaml", OmegaConf.to_yaml(config).encode())
    # as Lightning writes them
    for name, model in [("stage1_last", vqgan), ("stage2_last", transformer)]:
        save(f"kakao/{name}.ckpt.gz", pickled({"epoch": 7, "global_step": 9, "pytorch-lightning_version": "1.5.1",
                                                  "state_dict": model.state_dict()}))
    generator = torch.Generator().manual_seed(5)
    image = torch.randint(0, 32, (4, 16), generator=generator)
    pixels = torch.randint(0, 256, (1, 3, 8, 8), generator=generator)
    tokenizer.enable_padding(length=12, pad_id=pad)
    text = torch.tensor([tokenizer.encode(c).ids for c in ["two dogs", "", "a red apple", "caf\u00e9 \u72d7"]])
    positions = sampling.get_positional_encoding
    logits, _ = transformer(image, text, positions(image), positions(text))
    goldens(
        "kakao/golden.safetensors",
        {"text": text, "image": image, "logits": logits,
         "likeliest": sampling.sampling(transformer, text, top_k=1, is_tqdm=False, use_fp16=False, max_seq_len=16),
         "pixels": pixels, "tokens": vqgan.get_codes(pixels / 127.5 - 1),
         "decoded": (vqgan.decode_code(image[:1].view(1, 4, 4)) * 0.5 + 0.5).clamp(0, 1)},
    )
    print(logits.shape, logits.std(-1).mean(), vqgan.get_codes(pixels / 127.5 - 1), [len(t) for t in encoded], [t.count(tokenizer.token_to_id("[UNK]")) for t in encoded])


def main():
    plain = OUT / "clip" / "bpe.txt"
    plain.write_bytes(gzip.decompress((OUT / "clip" / "bpe.txt.gz").read_bytes()))
    tokenizer = dalle_pytorch.tokenizer.SimpleTokenizer(str(plain))
    plain.unlink()
    # "!" alone in the last caption is token 0 where it does not end a word
    text = tokenizer.tokenize(["the red", "", "a cat!!", "the dog"], TEXT_LENGTH)

    params = dict(image_size=32, num_tokens=24, codebook_dim=16, num_layers=2, num_resnet_blocks=1, hidden_dim=8)
    case("sparse", DiscreteVAE(**params), params, text, depth=5,
         attn_types=("full", "axial_row", "axial_col", "conv_like"), sandwich_norm=True, stable=True)
    params = dict(image_size=16, num_tokens=24, codebook_dim=16, num_layers=2, num_resnet_blocks=0, hidden_dim=8)
    case("reversible", DiscreteVAE(**params), params, text, depth=2, reversible=True, shift_tokens=False,
         attn_types=("conv_like", "full"), share_input_output_emb=True)
    case("positions", openai_vae(48), None, text, depth=3, rotary_emb=False, shift_tokens=True, attn_types=["axial_row"],
         shared_attn_ids=(0,), shared_ff_ids=(0, 1))
    refused()
    kakao(pathlib.Path(sys.argv[1]))


if __name__ == "__main__":
    torch.manual_seed(0)
    main()
