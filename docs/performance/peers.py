"""Times Nocturne beside its peers on this machine, in one run; see docs/performance.md.

    python peers.py decode [--grid 16|32] [--kakao DIR]    draws a batch of 16 with each
    python peers.py sparse                                     draws a batch of 32, 32x32 tokens, with Nocturne's two layouts
    python peers.py mini [--model DIR] [--candidates 9]        draws guided candidates of DALL·E mini's sizes with min-dalle, too
    python peers.py train                                      makes training steps with each

A peer that has not drawn its batch when --seconds are up is stopped: the rest of its positions then count as the mean of those that it
drew. Later positions take longer, so this flatters the peer. Nocturne always draws whole batches.

Needs: torch, dalle-pytorch (1.6.6), a checkout of kakaobrain/minDALL-E, min-dalle (0.4.11), and Nocturne built (./nocturne --version).
Weights are random.
Nothing of Nocturne needs this script.
"""
import argparse
import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time
import types

import torch
import torch.nn.functional as F

HERE = pathlib.Path(__file__).resolve().parent
NOCTURNE = HERE.parent.parent / "nocturne"
DEPTH, WIDTH, TEXT, VOCABULARY, BATCH = 8, 512, 256, 8192, 16
ONE_ARENA = {"MALLOC_ARENA_MAX": "1"}  # as `nocturne train` has it, and `nocturne bench`, which also draws, does not
PRECISIONS = {"FLOAT32": contextlib.nullcontext, "BFLOAT16": lambda: torch.autocast("cpu", torch.bfloat16)}


def nocturne(model, batch, precision, work, seconds=0):
    """items/s of one row of `nocturne bench models`, measured for so many seconds, but at least once."""
    report = json.loads(subprocess.run(
        [NOCTURNE, "bench", "models", model, "--only", work, "--batches", str(batch), "--precision", precision, "--seconds", str(seconds), "--json"],
        check=True, stdout=subprocess.PIPE, env=os.environ | ONE_ARENA if work == "transformer train" else None).stdout)
    return report["rows"][0]["per_second"]


class Enough(Exception):
    """The time of a measurement is up."""


class Loop:
    """A peer's own drawing loop, which calls the method `step` of `model` once for each of its positions."""

    def __init__(self, model, step, positions, draw):
        self.all, self.draw = positions, draw
        original = getattr(model, step)

        def counted(*args, **kwargs):
            now = time.perf_counter()
            if self.positions == 1:
                self.first = now - self.began
            if self.positions > 1 and now - self.began > self.limit:
                raise Enough
            self.positions += 1
            return original(*args, **kwargs)
        setattr(model, step, counted)

    def run(self, limit, precision):
        """Draws until `limit` seconds are up; -> the seconds of the whole batch."""
        self.positions, self.limit, self.began = 0, limit, time.perf_counter()
        with torch.no_grad(), PRECISIONS[precision](), contextlib.suppress(Enough):
            self.draw()
        later = time.perf_counter() - self.began - self.first
        # the text and the first position once, the later ones as the mean of those drawn
        return self.first + later * (self.all - 1) / (self.positions - 1)


def pytorch_lightning_is_not_needed():
    """Both peers import it for training alone."""
    for name in ["pytorch_lightning", "pytorch_lightning.trainer", "pytorch_lightning.callbacks", "pytorch_lightning.utilities",
                 "pytorch_lightning.utilities.distributed", "taming.main"]:
        module = sys.modules[name] = types.ModuleType(name)
        for attribute in ["Trainer", "Callback", "ModelCheckpoint", "LearningRateMonitor", "LightningDataModule", "seed_everything",
                          "rank_zero_only", "instantiate_from_config"]:
            setattr(module, attribute, object)
    sys.modules["pytorch_lightning"].LightningModule = torch.nn.Module


def dalle_pytorch(grid):
    from dalle_pytorch import DALLE, DiscreteVAE
    vae = DiscreteVAE(image_size=8 * grid, num_layers=3, num_tokens=VOCABULARY, codebook_dim=64, hidden_dim=16)
    vae.decode = lambda tokens: tokens  # the transformer alone
    model = DALLE(dim=WIDTH, vae=vae, num_text_tokens=16384, text_seq_len=TEXT, depth=DEPTH, heads=WIDTH // 64, dim_head=64).eval()
    # As released (1.6.6), forward_with_cond_scale loses the cache when cond_scale is 1, and every token costs a whole pass. Repaired here.
    model.forward_with_cond_scale = lambda text, image, cond_scale=1, cache=None: model(text, image, cache=cache)
    text = torch.randint(1, 16384, (1, TEXT)).repeat(BATCH, 1)
    return Loop(model, "forward_with_cond_scale", grid * grid, lambda: model.generate_images(text, use_cache=True, filter_thres=0.))


def kakao(grid, checkout):
    # its packages' own __init__ files want an older Python
    for package in ["dalle", "dalle.models", "dalle.models.stage2", "dalle.utils"]:
        sys.modules[package] = types.ModuleType(package)
        sys.modules[package].__path__ = [str(pathlib.Path(checkout, *package.split(".")))]
    from dalle.models.stage2.transformer import Transformer1d
    from dalle.utils.sampling import sampling
    sizes = types.SimpleNamespace(embed_dim=WIDTH, n_layers=DEPTH, n_heads=WIDTH // 64, n_dense_layers=DEPTH, ctx_len_img=grid * grid,
                                  ctx_len_txt=TEXT, embd_pdrop=0., resid_pdrop=0., attn_pdrop=0., mlp_bias=True, attn_bias=True,
                                  gelu_use_approx=False)
    model = Transformer1d(16384, VOCABULARY, sizes).eval()
    text = torch.randint(1, 16384, (1, TEXT)).repeat(BATCH, 1)
    return Loop(model, "sampling", grid * grid, lambda: sampling(model, text, is_tqdm=False, use_fp16=False, max_seq_len=grid * grid))


def decode(grid, precisions, limit, checkout):
    print(f"draw {BATCH} candidates of one caption, {grid}x{grid} tokens, depth {DEPTH}, width {WIDTH}, text {TEXT}, codebook {VOCABULARY},"
          f" {torch.get_num_threads()} threads, torch {torch.__version__}")
    peers = {"DALLE-pytorch": dalle_pytorch(grid)}
    if checkout:
        peers["minDALL-E"] = kakao(grid, checkout)
    for precision in precisions:
        rates = {}
        for name, loop in peers.items():
            loop.run(0, precision)  # warms up
            rates[name] = BATCH / loop.run(limit, precision)
            print(f"{precision:9} {name} drew {loop.positions} of {loop.all} positions")
        for layout in ["dense", "sparse"]:
            rates["Nocturne " + layout] = nocturne(HERE / f"grid-{grid}-{layout}", BATCH, precision, "transformer draw")
        for name, rate in rates.items():
            print(f"{precision:9} {name:16} {rate:7.3f} images/s   " + "   ".join(
                f"{rate / rates[peer]:5.2f} of {peer}" for peer in peers))


def min_dalle(sizes, candidates):
    """min-dalle's own loop, the transformer alone, with a caption of three tokens."""
    from min_dalle.min_dalle import MinDalle
    from min_dalle.models import DalleBartDecoder, DalleBartEncoder
    common = dict(attention_head_count=sizes["width"] // 64, embed_count=sizes["width"], glu_embed_count=sizes["middle"], device="cpu")
    dalle = MinDalle.__new__(MinDalle)
    dalle.device, dalle.dtype, dalle.is_reusable, dalle.text_token_count = "cpu", torch.float32, True, sizes["text_positions"]
    dalle.layer_count, dalle.embed_count = sizes["layers"], sizes["width"]
    dalle.encoder = DalleBartEncoder(layer_count=sizes["encoder_layers"], text_vocab_count=sizes["text_vocabulary"],
                                     text_token_count=sizes["text_positions"], **common).eval()
    dalle.decoder = DalleBartDecoder(layer_count=sizes["layers"], image_vocab_count=sizes["image_vocabulary"], **common).eval()
    dalle.tokenizer = types.SimpleNamespace(tokenize=lambda text, is_verbose: [0, 5, 6, 7, 2])
    dalle.image_grid_from_tokens = lambda **kwargs: None
    side = int(candidates ** 0.5)
    draw = lambda: list(dalle.generate_raw_image_stream("", seed=1, grid_size=side))
    return Loop(dalle.decoder, "sample_tokens", sizes["grid_size"] ** 2, draw)


def mini(model, candidates, precisions, limit):
    """Guided: with and without the caption, which Nocturne's bench draws as twice as many candidates."""
    sizes = json.loads((model / "model.json").read_text())["transformer"]
    assert sizes["grid_size"] == 16 and int(candidates ** 0.5) ** 2 == candidates, "min-dalle draws 16x16 tokens, and squares of candidates"
    loop = min_dalle(sizes, candidates)
    for precision in precisions:
        loop.run(0, precision)  # warms up
        theirs = candidates / loop.run(limit, precision)
        ours = nocturne(model, 2 * candidates, precision, "transformer draw") / 2
        print(f"{precision:9} {candidates} guided candidates: min-dalle {theirs:.4f} images/s ({loop.positions} of {loop.all} positions),"
              f" Nocturne {ours:.4f} images/s, {ours / theirs:.2f}")


def sparse(precisions):
    batch = 32
    print(f"draw {batch} candidates, two captions, 32x32 tokens, depth {DEPTH}, width {WIDTH}, text {TEXT}, codebook {VOCABULARY}")
    for precision in precisions:
        rates = [nocturne(HERE / f"grid-32-{layout}", batch, precision, "transformer draw") for layout in ["sparse", "dense"]]
        print(f"{precision:9} sparse {rates[0]:.3f} images/s, dense {rates[1]:.3f} images/s, sparse {rates[0] / rates[1]:.2f} of dense")


class Block(torch.nn.Module):
    def __init__(self, width):
        super().__init__()
        self.ln_1, self.ln_2 = torch.nn.LayerNorm(width), torch.nn.LayerNorm(width)
        self.qkv, self.out = torch.nn.Linear(width, 3 * width), torch.nn.Linear(width, width)
        self.up, self.down = torch.nn.Linear(width, 4 * width), torch.nn.Linear(4 * width, width)

    def forward(self, x):
        b, t, d = x.shape
        q, k, v = self.qkv(self.ln_1(x)).view(b, t, 3, d // 64, 64).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(b, t, d)
        x = x + self.out(y)
        return x + self.down(F.gelu(self.up(self.ln_2(x))))


class Model(torch.nn.Module):
    """The transformer of model.json with dense attention, as plain PyTorch."""

    def __init__(self, layers, width, text_vocabulary, text_length, image_vocabulary, grid_size, attention):
        super().__init__()
        assert attention == "dense"
        ids, self.grid = text_vocabulary + text_length, grid_size
        self.text_token, self.text_position = torch.nn.Embedding(ids, width), torch.nn.Parameter(torch.randn(text_length, width) * 0.02)
        self.image_token = torch.nn.Embedding(image_vocabulary, width)
        self.row = torch.nn.Parameter(torch.randn(grid_size, 1, width) * 0.02)
        self.column = torch.nn.Parameter(torch.randn(1, grid_size, width) * 0.02)
        self.blocks = torch.nn.Sequential(*[Block(width) for _ in range(layers)])
        self.ln = torch.nn.LayerNorm(width)
        self.text_head = torch.nn.Linear(width, ids, bias=False)
        self.image_head = torch.nn.Linear(width, image_vocabulary, bias=False)

    def forward(self, text, image):
        positions = (self.row + self.column).flatten(0, 1)
        x = torch.cat([self.text_token(text) + self.text_position, self.image_token(image[:, :-1]) + positions[:-1]], 1)
        x, length = self.ln(self.blocks(x)), text.shape[1]
        text_loss = F.cross_entropy(self.text_head(x[:, :length - 1]).flatten(0, 1).float(), text[:, 1:].flatten())
        image_loss = F.cross_entropy(self.image_head(x[:, length - 1:]).flatten(0, 1).float(), image.flatten())
        return text_loss / 8 + image_loss * 7 / 8


def train():
    for model, batch in [(HERE.parent.parent / "model-zoo" / "default", 32), (HERE / "grid-16-dense", 16)]:
        sizes = json.loads((model / "model.json").read_text())["transformer"]
        module = Model(**sizes)
        optimizer = torch.optim.AdamW(module.parameters(), lr=1e-4, betas=(0.9, 0.96), weight_decay=0.045, fused=True)
        text = torch.randint(0, sizes["text_vocabulary"], (batch, sizes["text_length"]))
        image = torch.randint(0, sizes["image_vocabulary"], (batch, sizes["grid_size"] ** 2))

        def step():
            with torch.autocast("cpu", torch.bfloat16):
                loss = module(text, image)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(module.parameters(), 1.)
            optimizer.step()
            optimizer.zero_grad()

        tokens = text.numel() + image.numel()
        step()
        times = []
        while len(times) < 5 or sum(times) < 10:
            began = time.perf_counter()
            step()
            times.append(time.perf_counter() - began)
        theirs = tokens / statistics.median(times)
        ours = nocturne(model, batch, "BFLOAT16", "transformer train", 10) * tokens / batch
        print(f"train {model.name}, batch {batch}: PyTorch {theirs:.0f} tokens/s, Nocturne {ours:.0f} tokens/s, {ours / theirs:.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["decode", "sparse", "mini", "train"])
    parser.add_argument("--grid", type=int, choices=[16, 32], default=16)
    parser.add_argument("--precision", choices=list(PRECISIONS), help="one of both")
    parser.add_argument("--seconds", type=float, default=60, help="the most that a peer may draw (default: 60)")
    parser.add_argument("--model", type=pathlib.Path, default=HERE / "dalle-mini", help="sizes for `mini`: a folder with model.json")
    parser.add_argument("--candidates", type=int, default=9, help="of `mini`: a square")
    parser.add_argument("--kakao", metavar="DIR", help="checkout of kakaobrain/minDALL-E")
    options = parser.parse_args()
    torch.manual_seed(0)
    pytorch_lightning_is_not_needed()
    precisions = [options.precision] if options.precision else list(PRECISIONS)
    if options.what == "decode":
        decode(options.grid, precisions, options.seconds, options.kakao)
    elif options.what == "sparse":
        sparse(precisions)
    elif options.what == "mini":
        mini(options.model, options.candidates, precisions, options.seconds)
    else:
        train()
