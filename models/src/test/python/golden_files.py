"""What the scripts beside this one have in common: where goldens lie, captions, and random weights that compress."""

import gzip
import io
import math
import pathlib

import safetensors.torch
import torch

OUT = pathlib.Path(__file__).resolve().parent.parent / "resources" / "imports"
CAPTIONS = [
    "",
    "   ",
    "a red apple to the left of a dog",
    "  Two\tdogs\n and   a CAT. ",
    "IT'S the dog's; they'll say we're, I'm, I'd, I've, don't",
    "it\u2019s \u201cquoted\u201d \u2018twice\u2019 \u02bc \u201a \u201e",
    "3.14159 and 1,000 and 42nd \u00bd \u00b2 \u2167 \u0663",
    "red-hot!!! ... :-) a_b c/d #tag @me",
    "caf\u00e9 cafe\u0301 CAF\u00c9 \u00e6 \u00df \u1e9e \u0130stanbul I\u0307 \u0131",
    "\u03a3\u039f\u03a6\u039f\u03a3 \u03a3 \u03c3\u03c2 \u01c4 \u01c5 \u212a \u212b 'S 'LL '\u017f",
    "\U0001f436 \U0001f468\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f \U0001f1e9\U0001f1ea",
    "\u72d7\u548c\u732b \u3053\u3093\u306b\u3061\u306f \uac00\ub098 \u0939\u093f\u0928\u094d\u0926\u0940 \u0e44\u0e17\u0e22",
    "\uff21\uff22\uff23 \uff11\uff12 \uff01 \u3000 \uff71\uff9e \uffe5",
    "\ufb01re \ufb02y \ufb03 \u0133 \u0149 \ufb06 \u01c9",
    "a\u00a0b\u2003c\u200bd\u00ade\ufefff\u2028g\u0085h",
    "bell\u0007 null\u0000 esc\u001b[31mred\u001b[0m vt\u000b us\u001f",
    "a &amp; b &lt;c&gt; &quot;d&quot; &#39;e&#39; &#x41; &nbsp;f",
    "caf&eacute; &Eacute;t&eacute; &copy; 2021 &euro; &hellip; &mdash; &ldquo;x&rdquo; &szlig;",
    "a &amp;amp; b &amp;lt; c &amp;amp;amp; d",
    "1 < 2 &amp; 3 > 2 &eacute;",
    "AT&T R&D &unknown; &; &# &#; &amp",
    "x\u0301y\u0323\u0307z q\u0307\u0323",
    "\ud7a4 \ufdfa \ufffd \ue000 \U000e0041",
    "caf\u00c3\u00a9 it\u00e2\u20ac\u2122s na\u00c3\u00afve",
    "\u00f0\u0178\u0090\u00b6 dog",
    "zzzzzzzzzz aaaaaaa the the the therein",
]


def save(name, content):
    path = OUT / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content, 9, mtime=0) if name.endswith(".gz") else content)
    print(f"{path.stat().st_size:8,d} {name}")


def pickled(value, **options):
    stream = io.BytesIO()
    torch.save(value, stream, **options)
    return stream.getvalue()


def goldens(name, tensors):
    save(name, safetensors.torch.save({key: value.float().contiguous() for key, value in tensors.items()}))


def fill(parameters):
    """Random weights; the large ones take three values, so that the files compress."""
    generator = torch.Generator().manual_seed(7)
    for name, p in parameters:
        fan_in = math.prod(p.shape[1:]) if p.dim() > 1 else 4
        if p.numel() >= 1024:
            sign = torch.randint(0, 16, p.shape, generator=generator)
            value = ((sign == 0).float() - (sign == 1).float()) * 3
        else:
            value = torch.randn(p.shape, generator=generator)
        value = value / math.sqrt(fan_in)
        if name.endswith("conv_4.w"):
            value = value * 64  # else the residual paths, which count 1/64, would hardly show
        if "ln_" in name and name.endswith("weight"):
            value = 1 + value / 4
        p.data.copy_(value)
