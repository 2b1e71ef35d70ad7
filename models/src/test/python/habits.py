"""Writes small models as people save them: each family in the wrappers, types and formats of one version of torch, and
what is to be refused. They have the weights of ../resources/imports. HabitsStudy imports each and compares it with the
plain file of the same type. The build does not need it.

    python habits.py FOLDER       # once with each version of torch, here 1.13.1 (Python 3.10, numpy<2) and 2.7.1

FOLDER/habits.tsv gets a line for each: its folder, its family, and "= FOLDER" of the import that it equals, or the advice
of the refusal.
"""

import argparse
import collections
import gzip
import io
import pathlib
import shutil
import sys

import torch

SOURCE = pathlib.Path(__file__).resolve().parent.parent / "resources" / "imports"
OUT = pathlib.Path(sys.argv[1])
TORCH = torch.__version__.split("+")[0]

# the folder of each family, the file that is saved anew, and whether its weights lie in a key
FAMILIES = {
    "clip": (["clip/state.pt.gz", "clip/bpe.txt.gz"], "state.pt", None),
    "dalle-pytorch": (["dalle_pytorch/reversible.pt.gz", "clip/bpe.txt.gz"], "reversible.pt", "weights"),
    "kakao": (["kakao/config.yaml", "kakao/stage1_last.ckpt.gz", "kakao/stage2_last.ckpt.gz",
               "kakao/tokenizer/bpe-16k-vocab.json", "kakao/tokenizer/bpe-16k-merges.txt"], "stage2_last.ckpt", "state_dict"),
    "dalle-mini": (["dalle_mini/vqgan/detoker.pt.gz"] + [
        f"dalle_mini/mini/{name}" for name in ("encoder.pt.gz", "decoder.pt.gz", "vocab.json", "merges.txt")],
                   "decoder.pt", None),
    "dvae": (["dvae/encoder.pkl.gz", "dvae/decoder-state.pt.gz"], "decoder-state.pt", None),
}


def load(content):
    options = {"weights_only": False} if TORCH[0] == "2" else {}
    return torch.load(io.BytesIO(content), map_location="cpu", **options)


def each(value, change):
    """The same with every tensor changed, however deep."""
    if isinstance(value, torch.Tensor):
        return change(value)
    if isinstance(value, dict):
        return type(value)((key, each(inner, change)) for key, inner in value.items())
    return value


def cast(dtype):
    return lambda tensor: tensor.to(dtype) if tensor.is_floating_point() else tensor


class Model(torch.nn.Module):
    """A state dictionary as the parameters of a module, for what saves modules."""

    def __init__(self, state):
        super().__init__()
        for name, tensor in state.items():
            *path, last = name.split(".")
            place = self
            for part in path:
                if not hasattr(place, part):
                    place.add_module(part, torch.nn.Module())
                place = getattr(place, part)
            if tensor.is_floating_point():
                place.register_parameter(last, torch.nn.Parameter(tensor, requires_grad=False))
            else:
                place.register_buffer(last, tensor)

    def forward(self, x):
        return x


def prefixed(prefix, state):
    return collections.OrderedDict((prefix + name, tensor) for name, tensor in state.items())


def training(state):
    """What a training loop keeps beside its model, whose own weights are not its average."""
    parameter = torch.nn.Parameter(torch.zeros(3))
    optimizer = torch.optim.Adam([parameter], lr=1e-4)
    parameter.grad = torch.ones(3)
    optimizer.step()
    return {"epoch": 3, "args": argparse.Namespace(lr=1e-4, dtype=torch.float16), "optimizer": optimizer.state_dict(),
            "rng": torch.get_rng_state(), "paths": [pathlib.PurePosixPath("a/b")], "model": each(state, torch.zeros_like),
            "model_ema": prefixed("module.", state)}


def lightning(state):
    return {"epoch": 1, "global_step": 9, "pytorch-lightning_version": "1.9.5", "callbacks": {"ModelCheckpoint": {}},
            "hyper_parameters": {"lr": 1e-4}, "state_dict": prefixed("model.", state)}


def strided(tensor):
    """Not contiguous, and a part of a larger storage."""
    if tensor.dim() < 2:
        return torch.cat([tensor.new_zeros(3), tensor.reshape(-1)])[3:].reshape(tensor.shape)
    return tensor.transpose(0, 1).contiguous().transpose(0, 1)


# how the weights of a family are wrapped, and options of torch.save
HABITS = {
    "module": (lambda state: prefixed("module.", state), {}),
    "compiled": (lambda state: {"state_dict": prefixed("_orig_mod.", state)}, {}),
    "training": (training, {}),
    "lightning": (lightning, {}),
    "parameters": (lambda state: {name: torch.nn.Parameter(t, requires_grad=t.is_floating_point())
                                  for name, t in state.items()}, {}),
    "strided": (lambda state: each(state, strided), {}),
    "own-class": (lambda state: torch.nn.ModuleList([Model(state)]), {}),
    "protocol-4": (lambda state: state, {"pickle_protocol": 4}),
    "before-1.6": (lambda state: state, {"_use_new_zipfile_serialization": False}),
}
TYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16, "float64": torch.float64}


def refused(state):
    name = max(state, key=lambda n: state[n].numel() if state[n].is_floating_point() else 0)
    quantized = torch.quantize_per_tensor(state[name].float(), 0.1, 0, torch.qint8)
    return {
        "quantized": (lambda: {**state, name: quantized}, ".dequantize()"),
        "sparse": (lambda: {**state, name: state[name].float().to_sparse()}, ".to_dense()"),
        "numpy": (lambda: {n: t.float().numpy() for n, t in state.items()}, "save the model's state_dict() alone"),
        "list": (lambda: list(state.values()), "save the model's state_dict() alone"),
        "two": (lambda: {"generator": state, "teacher": each(state, lambda t: t + 1)}, "save the state_dict() of one of them alone"),
    }


def write(folder, family, content, expected):
    files, changed, _ = FAMILIES[family]
    place = OUT / folder
    for file in files:
        name = pathlib.PurePosixPath(file)
        to = place / (name.relative_to("dalle_mini") if family == "dalle-mini" else
                      name.relative_to("kakao") if family == "kakao" else name.name)
        to.parent.mkdir(parents=True, exist_ok=True)
        packed = (SOURCE / file).read_bytes()
        if file.endswith(".gz") and not file.endswith(".txt.gz"):
            to, packed = to.with_name(to.name[:-3]), gzip.decompress(packed)
        to.write_bytes(content if to.name == changed else packed)
    with open(OUT / "habits.tsv", "a") as table:
        table.write(f"{folder}\t{family}\t{expected}\n")


def saved(value, options):
    stream = io.BytesIO()
    torch.save(value, stream, **options)
    return stream.getvalue()


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    for family, (files, changed, key) in FAMILIES.items():
        content = gzip.decompress((SOURCE / next(f for f in files if f.endswith(changed + ".gz"))).read_bytes())
        whole = load(content)
        state = whole[key] if key else whole

        def put(state, within=key):
            return {**whole, within: state} if within else state

        golden = f"{family}-golden-{TORCH}"
        write(golden, family, content, "= ")
        plain = {}
        for kind, dtype in TYPES.items():
            plain[kind] = f"{family}-plain-{kind}-{TORCH}"
            like = golden if kind in ("float32", "float64") else ""
            write(plain[kind], family, saved(put(each(state, cast(dtype))), {}), f"= {like}")
        for i, (habit, (wrap, options)) in enumerate(HABITS.items()):
            kind = list(TYPES)[i % 3]
            wrapped = wrap(each(state, cast(TYPES[kind])))
            if key and habit not in ("protocol-4", "before-1.6"):
                # what wraps lies where the weights do
                content = saved({**{k: v for k, v in whole.items() if k != key}, key: wrapped}, options)
            else:
                content = saved(put(wrapped), options)
            write(f"{family}-{habit}-{kind}-{TORCH}", family, content, f"= {plain[kind]}")
        for habit, (make, advice) in refused(state).items():
            write(f"{family}-{habit}-{TORCH}", family, saved(put(make()), {}), advice)


if __name__ == "__main__":
    main()
