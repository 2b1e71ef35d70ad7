"""Writes more of ../resources/imports: the tiny CLIP of import_goldens.py in the ways that other packages and training save
it, what open_clip makes of it with the exact GELU, and what train_dalle.py of DALLE-pytorch leaves beside weights under
DeepSpeed. The build does not need it; run it by hand to add a case.

    pip install torch torchvision clip-anytorch open_clip_torch transformers safetensors ftfy regex pillow
    python saved_goldens.py
"""

import argparse
import gzip
import io
import json
import pathlib
import sys
import tempfile

import clip.clip
import clip.model
import numpy
import open_clip
import PIL.Image
import safetensors.torch
import torch
import transformers

from golden_files import OUT, goldens, pickled, save

FOLDER = OUT / "clip"
SAVE_FOR_HF = sys.modules["open_clip.push_to_hf_hub"].save_config_for_hf


def base():
    return torch.load(io.BytesIO(gzip.decompress((FOLDER / "state.pt.gz").read_bytes())))


def ids_and_images():
    ids = safetensors.torch.load_file(FOLDER / "golden.safetensors")["ids"].long()
    images = []
    transform = clip.clip._transform(32)
    for i in range(5):
        images.append(transform(PIL.Image.open(FOLDER / f"picture-{i}.png")))
    return ids, torch.stack(images)


@torch.no_grad()
def of_open_clip(state):
    """A model with its text tower apart, a bias of logits and the exact GELU: open_clip's default."""
    config = dict(embed_dim=64, vision_cfg=dict(image_size=32, layers=1, width=128, patch_size=8),
                  text_cfg=dict(context_length=77, vocab_size=574, width=64, heads=1, layers=2))
    model = open_clip.CustomTextCLIP(**config, init_logit_bias=-10.0).eval()
    open_clip.model.set_model_preprocess_cfg(model, open_clip.transform.PreprocessCfg().__dict__)
    theirs = {("" if name.startswith("visual.") or name == "logit_scale" else "text.") + name: value.float()
              for name, value in state.items()}
    print("open_clip:", model.load_state_dict(theirs, strict=False))
    ids, images = ids_and_images()
    goldens("clip/open_clip/golden.safetensors",
            {"image_embeddings": model.encode_image(images, normalize=True),
             "text_embeddings": model.encode_text(ids, normalize=True)})
    with tempfile.TemporaryDirectory() as folder:
        SAVE_FOR_HF(model, pathlib.Path(folder) / "c.json", config | dict(init_logit_bias=-10.0, custom_text=True))
        save("clip/open_clip/open_clip_config.json", (pathlib.Path(folder) / "c.json").read_bytes())
    half = {name: value.half() if value.numel() > 1000 else value for name, value in model.state_dict().items()}
    save("clip/open_clip/open_clip_model.safetensors.gz", safetensors.torch.save(half))


def whole_module(model):
    save("clip/module.pt.gz", pickled(torch.nn.DataParallel(model)))


def checkpoint(model):
    """What a training loop leaves: its own weights, their average, and much that is no weight."""
    wrapped = torch.nn.Module()
    wrapped.module = model  # as DistributedDataParallel
    optimizer = torch.optim.AdamW([model.logit_scale, model.visual.class_embedding], lr=1e-4)
    for p in optimizer.param_groups[0]["params"]:
        p.grad = torch.ones_like(p)
    averaged = torch.optim.swa_utils.AveragedModel(model)
    averaged.update_parameters(model)
    optimizer.step()
    save("clip/checkpoint.pt.gz", pickled({
        "epoch": 32,
        "name": pathlib.PurePosixPath("runs/tiny"),
        "args": argparse.Namespace(lr=1e-4, betas=(0.9, 0.98), precision=torch.float16, device=torch.device("cpu")),
        "best": numpy.float64(0.25),
        "history": numpy.arange(3),
        "state_dict": {name: torch.zeros_like(value) for name, value in wrapped.state_dict().items()},
        "state_dict_ema": averaged.state_dict(),
        "optimizer": optimizer.state_dict(),
        "scheduler": torch.optim.lr_scheduler.MultiStepLR(optimizer, [3, 5]).state_dict(),
        "scaler": {"scale": 65536.0, "_growth_tracker": 0},
        "rng": [torch.get_rng_state()[:8], numpy.random.get_state()[0]],
    }))


def tokenizer():
    with tempfile.TemporaryDirectory() as folder:
        merges = [tuple(line.split()) for line in (FOLDER / "hf/merges.txt").read_text().splitlines()[1:]]
        vocabulary = json.loads((FOLDER / "hf/vocab.json").read_text())
        print("transformers", transformers.__version__)
        theirs = transformers.CLIPTokenizer(vocab=vocabulary, merges=merges)
        print(theirs("a red apple to the left of a dog")["input_ids"])
        theirs.save_pretrained(folder)
        print("it writes", sorted(path.name for path in pathlib.Path(folder).iterdir()))
        save("clip/current/tokenizer.json", (pathlib.Path(folder) / "tokenizer.json").read_bytes())
        config = transformers.CLIPConfig.from_pretrained(FOLDER / "hf")
        config.save_pretrained(folder)
        save("clip/current/config.json", (pathlib.Path(folder) / "config.json").read_bytes())
        model = transformers.CLIPModel(config)
        model.save_pretrained(folder)
        print("its names", sorted(safetensors.torch.load_file(pathlib.Path(folder) / "model.safetensors"))[:4])


def deepspeed():
    """save_model() of train_dalle.py writes this into the folder of the checkpoint, in these words."""
    packed = (OUT / "dalle_pytorch/sparse.pt.gz").read_bytes()
    whole = torch.load(io.BytesIO(gzip.decompress(packed)), weights_only=False)
    whole["weights"] = "To get a working standard checkpoint, look into consolidating DeepSpeed checkpoints."
    save("dalle_pytorch/auxiliary.pt", pickled(whole))


def bfloat16(value):
    if isinstance(value, torch.Tensor):
        return value.bfloat16() if value.is_floating_point() else value
    return {key: bfloat16(inner) for key, inner in value.items()} if isinstance(value, dict) else value


def before_archives():
    """As torch before 1.6 wrote files, and as people still ask for it, of weights that were rounded."""
    for name in ["dalle_pytorch/reversible.pt", "kakao/stage2_last.ckpt", "clip/state.pt", "dalle_mini/mini/decoder.pt"]:
        whole = torch.load(io.BytesIO(gzip.decompress((OUT / f"{name}.gz").read_bytes())), weights_only=False)
        packed = io.BytesIO()
        torch.save(bfloat16(whole), packed, _use_new_zipfile_serialization=False)
        save(f"legacy/{name}.gz", packed.getvalue())


if __name__ == "__main__":
    before_archives()
    state = base()
    of_open_clip(state)
    model = clip.model.build_model(dict(state)).eval()
    whole_module(model)
    checkpoint(model)
    tokenizer()
    deepspeed()
