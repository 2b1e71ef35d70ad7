"""Writes ../resources/imports/dalle_pytorch/VERSION.*: tiny models with random weights as earlier versions of DALLE-pytorch
publish them, and what these make of them. The build does not need it; run it by hand to add a version.

    pip install torch torchvision einops axial_positional_embedding==0.2.1 g-mlp-pytorch rotary-embedding-torch safetensors
    pip install --no-deps --target OLD dalle-pytorch==0.14.3
    PYTHONPATH=OLD python dalle_pytorch_versions.py 0.14.3
"""

import sys
import types
from unittest import mock

import torch

# what the packages import and these models do not need
for name in ["youtokentome", "ftfy", "tokenizers", "tokenizers.processors", "transformers", "omegaconf", "taming",
             "taming.models", "taming.models.vqgan", "deepspeed"]:
    sys.modules[name] = mock.MagicMock(__spec__=None)
pkg_resources = types.ModuleType("pkg_resources")
pkg_resources.get_distribution = mock.MagicMock()
sys.modules["pkg_resources"] = pkg_resources
sys.modules["taming.models.vqgan"].VQModel = sys.modules["taming.models.vqgan"].GumbelVQ = type("None", (), {})
sys.modules["dalle_pytorch.tokenizer"] = types.ModuleType("dalle_pytorch.tokenizer")

from dalle_pytorch import DALLE, DiscreteVAE

from golden_files import fill, goldens, pickled, save

TEXT_LENGTH = 6
# what each could do beyond the one before it; the first that stored its version was 1.1.6
SETTINGS = {
    "0.8.3": {},
    "0.9.0": {},
    "0.14.3": dict(stable=True),
    # which fails with rotary positions in any other attention
    "1.1.1": dict(rotary_emb=True, shift_tokens=True, attn_types=["full"]),
    "1.4.2": dict(rotary_emb=True, shift_tokens=True),
}


@torch.no_grad()
def case(version):
    vae_params = dict(image_size=16, num_layers=1, num_tokens=24, codebook_dim=16, hidden_dim=8, num_resnet_blocks=0)
    vae = DiscreteVAE(**vae_params).eval()
    hparams = dict(num_text_tokens=574, text_seq_len=TEXT_LENGTH, dim=24, depth=2, heads=1, dim_head=64, loss_img_weight=7,
                   **dict(attn_types=["conv_like", "axial_col"]) | SETTINGS[version])
    dalle = DALLE(vae=vae, **hparams).eval()
    fill(dalle.named_parameters())
    generator = torch.Generator().manual_seed(11)
    for name, p in dalle.named_parameters():
        if p.dim() == 1 and name.endswith("weight") or name.endswith("scale"):
            p.data.copy_(1 + torch.randn(p.shape, generator=generator) / 4)
        elif name.endswith("codebook.weight") or "_emb" in name:
            p.data.mul_(4)
        if hparams.get("stable") and (name.endswith("scale") or name.endswith("_emb.weight")):
            p.data.mul_(0.003)  # else the last norm would undo the division by the maximum
    stored = {"hparams": hparams, "vae_params": vae_params, "weights": dalle.state_dict()}
    if version == "1.4.2":
        stored |= {"epoch": 3, "version": version, "vae_class_name": "DiscreteVAE"}
    save(f"dalle_pytorch/{version}.pt.gz", pickled(stored))
    if version == "0.8.3":
        return  # whose checkpoints are refused
    text = torch.tensor([[10, 20, 0, 0, 0, 0], [5, 6, 7, 8, 9, 30]])
    side = 16 // 2
    generator = torch.Generator().manual_seed(5)
    image = torch.randint(0, 24, (2, side * side), generator=generator)
    drawn = []
    decode = vae.decode
    vae.decode = lambda codes: drawn.append(codes) or decode(codes)
    dalle.generate_images(text.clone(), filter_thres=1.0)  # keeps the likeliest token alone
    pixels = torch.randint(0, 256, (1, 3, 16, 16), generator=generator)
    logits = lambda caption: dalle(caption, image[: len(caption)])[:, TEXT_LENGTH:, 574 + TEXT_LENGTH:]
    goldens(f"dalle_pytorch/{version}.safetensors", {
        "text": text, "image": image, "logits": logits(text), "logits_without": logits(torch.zeros_like(text[:1])),
        "likeliest": drawn[0], "pixels": pixels, "decoded": (decode(image[:1]) * 0.5 + 0.5).clamp(0, 1),
        "tokens": vae.get_codebook_indices(pixels.float() / 255)})


if __name__ == "__main__":
    case(sys.argv[1])
