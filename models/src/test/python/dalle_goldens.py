"""Writes ../resources/imports/dalle_pytorch: tiny models with random weights in checkpoints of DALLE-pytorch, and what that package
makes of them. The build does not need it; run it by hand to add a case.

    pip install dalle-pytorch pytorch-lightning   # youtokentome, a tokenizer of other models, may be missing
    pip install ...                               # and what import_goldens.py asks for
    python dalle_goldens.py
"""

import gzip
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

from import_goldens import OUT, fill, goldens, pickled, save

TEXT_LENGTH = 6


def refused():
    """A model whose pictures are coded by what is not read."""
    save("dalle_pytorch/vqgan.pt", pickled({"hparams": dict(num_text_tokens=574), "vae_params": None, "vae_class_name": "VQGanVAE",
                                            "weights": {"vae.model.post_quant_conv.bias": torch.zeros(2)}}))


def fill_all(model):
    """Random weights that all show in the output."""
    fill(model.named_parameters())
    generator = torch.Generator().manual_seed(11)
    for name, p in model.named_parameters():
        if "norm" in name and name.endswith("weight") or name == "to_logits.0.weight" or name.endswith("scale"):
            p.data.copy_(1 + torch.randn(p.shape, generator=generator) / 4)
        elif name.endswith("codebook.weight") or "_emb" in name and "linear" not in name:
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


if __name__ == "__main__":
    torch.manual_seed(0)
    main()
