"""Writes ../resources/imports/upscaler: a tiny RRDBNet with random weights under the names of Real-ESRGAN's files, and
what spandrel makes of a picture with it. The build does not need it.

    pip install torch torchvision spandrel safetensors
    python upscaler_goldens.py
"""

import spandrel
import torch

from golden_files import fill, goldens, pickled, save

FEATURES, BLOCKS = 4, 2
GROWTH = 32  # spandrel takes no other


def weights():
    def conv(name, into, out):
        return {name + ".weight": torch.empty(out, into, 3, 3), name + ".bias": torch.empty(out)}

    w = conv("conv_first", 3, FEATURES)
    for block in range(BLOCKS):
        for dense in (1, 2, 3):
            for i in range(5):
                name = f"body.{block}.rdb{dense}.conv{i + 1}"
                w.update(conv(name, FEATURES + i * GROWTH, FEATURES if i == 4 else GROWTH))
    for name in ("conv_body", "conv_up1", "conv_up2", "conv_hr"):
        w.update(conv(name, FEATURES, FEATURES))
    w.update(conv("conv_last", FEATURES, 3))
    for name, p in w.items():
        p.requires_grad_(False)
    fill((name, p) for name, p in w.items())
    # pixels in the middle of what can be shown
    w["conv_last.weight"] *= 0.4
    w["conv_last.bias"] = w["conv_last.bias"] * 0.4 + 0.4
    return w


@torch.no_grad()
def main():
    w = weights()
    model = spandrel.ModelLoader().load_from_state_dict(dict(w))
    assert model.architecture.id == "ESRGAN" and model.scale == 4, (model.architecture.id, model.scale)
    pixels = torch.randint(0, 256, (1, 3, 16, 16), generator=torch.Generator().manual_seed(5))
    enlarged = model.model.float()(pixels.float() / 255)

    print("from", enlarged.min().item(), "to", enlarged.max().item())
    goldens("upscaler/golden.safetensors", {"pixels": pixels, "enlarged": enlarged})
    others = {name: torch.ones_like(value) for name, value in w.items()}
    save("upscaler/x4.pth.gz", pickled({"params": others, "params_ema": w}))


main()
