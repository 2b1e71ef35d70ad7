"""Writes more of ../resources/imports: the tiny CLIP of import_goldens.py in the ways that other packages and training save
it, what open_clip makes of it with the exact GELU and of another with heads of another width, and what train_dalle.py
of DALLE-pytorch leaves beside weights under DeepSpeed. The build does not need it; run it by hand to add a case.

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

from golden_files import OUT, fill, goldens, pickled, save

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


@torch.no_grad()
def other_heads():
    """As ViT-H, g and bigG: heads of the image tower 48 wide, not 64, and its MLPs not four times as wide; of open_clip
    and, with the same weights, of transformers."""
    vision = dict(image_size=32, layers=1, width=96, head_width=48, patch_size=8, mlp_ratio=4.3637)
    config = dict(embed_dim=64, vision_cfg=vision,
                  text_cfg=dict(context_length=77, vocab_size=574, width=64, heads=1, layers=1))
    model = open_clip.CLIP(**config).eval()
    open_clip.model.set_model_preprocess_cfg(model, open_clip.transform.PreprocessCfg().__dict__)
    fill(model.named_parameters())
    model.load_state_dict({name: value.half().float() for name, value in model.state_dict().items()})
    ids, images = ids_and_images()
    expected = {"image_embeddings": model.encode_image(images, normalize=True),
                "text_embeddings": model.encode_text(ids, normalize=True)}
    goldens("clip/heads/golden.safetensors", expected)
    with tempfile.TemporaryDirectory() as folder:
        SAVE_FOR_HF(model, pathlib.Path(folder) / "c.json", config)
        save("clip/heads/open_clip_config.json", (pathlib.Path(folder) / "c.json").read_bytes())
    theirs = model.state_dict()
    save("clip/heads/open_clip_model.safetensors.gz",
         safetensors.torch.save({name: value.half() for name, value in theirs.items()}))
    other = transformers.CLIPModel(transformers.CLIPConfig(
        text_config=dict(vocab_size=574, hidden_size=64, intermediate_size=256, num_hidden_layers=1,
                         num_attention_heads=1, hidden_act="gelu", bos_token_id=572, eos_token_id=573),
        vision_config=dict(image_size=32, patch_size=8, hidden_size=96, intermediate_size=int(96 * 4.3637),
                           num_hidden_layers=1, num_attention_heads=2, hidden_act="gelu"),
        projection_dim=64)).eval()
    ours = {}
    for name, value in theirs.items():
        tower, name = ("vision_model.", name[7:]) if name.startswith("visual.") else ("text_model.", name)
        layer = f"{tower}encoder.layers.0."
        name = name.replace("transformer.resblocks.0.", layer)
        for kind in ("weight", "bias"):
            if name == f"{layer}attn.in_proj_{kind}":
                for part, rows in zip("qkv", value.chunk(3)):
                    ours[f"{layer}self_attn.{part}_proj.{kind}"] = rows
        for before, after in (("ln_1", "layer_norm1"), ("ln_2", "layer_norm2"), ("attn.out", "self_attn.out"),
                              ("mlp.c_fc", "mlp.fc1"), ("mlp.c_proj", "mlp.fc2")):
            name = name.replace(before, after)
        top = {"proj": "visual_projection.weight", "text_projection": "text_projection.weight",
               "class_embedding": "vision_model.embeddings.class_embedding",
               "conv1.weight": "vision_model.embeddings.patch_embedding.weight",
               "token_embedding.weight": "text_model.embeddings.token_embedding.weight",
               "positional_embedding": f"{tower}embeddings.position_embedding.weight",
               "ln_pre.weight": "vision_model.pre_layrnorm.weight", "ln_pre.bias": "vision_model.pre_layrnorm.bias",
               "ln_post.weight": "vision_model.post_layernorm.weight",
               "ln_post.bias": "vision_model.post_layernorm.bias",
               "ln_final.weight": "text_model.final_layer_norm.weight",
               "ln_final.bias": "text_model.final_layer_norm.bias"}
        name = top.get(name, name)
        if "in_proj" not in name:
            ours[name] = value.t() if name.endswith("_projection.weight") else value
    print("transformers:", other.load_state_dict(ours, strict=False))
    for name, embeddings in (("image", other.get_image_features(images)), ("text", other.get_text_features(ids))):
        embeddings = embeddings if isinstance(embeddings, torch.Tensor) else embeddings.pooler_output
        embeddings = embeddings / embeddings.norm(dim=-1, keepdim=True)
        print(name, (embeddings - expected[f"{name}_embeddings"]).abs().max())
    with tempfile.TemporaryDirectory() as folder:
        other.half().save_pretrained(folder)
        save("clip/heads/hf/config.json", (pathlib.Path(folder) / "config.json").read_bytes())
        save("clip/heads/hf/model.safetensors.gz", (pathlib.Path(folder) / "model.safetensors").read_bytes())


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
    other_heads()
    model = clip.model.build_model(dict(state)).eval()
    whole_module(model)
    checkpoint(model)
    tokenizer()
    deepspeed()
