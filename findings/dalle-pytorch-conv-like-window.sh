#!/bin/sh
# dalle-pytorch 1.5.0: conv_like layers of a checkpoint that 1.4.2 trained look at other tokens, under the same names.
#
# Until 1.4.2 a token of a conv_like layer sees what is around it, five by five tokens as far as they are drawn before
# it. Since 1.5.0 the window ends at the token itself: five rows and columns back, nothing to the right of it. Names and
# shapes of all tensors are the same, so load_state_dict is strict and content, and the model draws with another
# attention than it learned. Only the number in "version", which train_dalle.py stores since 1.1.6, tells the two apart.
# Dense layers of the same weights agree to the last digit.
#
# Seen: "full: the same; conv_like: loads, logits differ by 118 % of the largest".
# Needs Python 3.10 to 3.13 on x86 and 8 GB of disk for PyTorch's package. Fails if it behaves otherwise.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
pip() { TMPDIR=$folder "$folder/venv/bin/pip" install --quiet --no-cache-dir "$@"; }
pip torch==2.7.1 numpy==2.2.6 tqdm==4.67.1 einops==0.8.1 axial_positional_embedding==0.2.1 g-mlp-pytorch==0.1.5 rotary-embedding-torch==0.8.6
pip --no-deps --target "$folder/before" dalle-pytorch==1.4.2
pip --no-deps --target "$folder/after" dalle-pytorch==1.5.0
cat >"$folder/finding.py" <<'PYTHON'
import sys
import types
from unittest import mock

import torch

# what the package imports and this model does not need
for name in ["youtokentome", "ftfy", "tokenizers", "tokenizers.processors", "transformers", "omegaconf", "taming",
             "taming.models", "taming.models.vqgan", "deepspeed", "pkg_resources", "packaging", "packaging.version",
             "requests", "PIL", "yaml"]:
    sys.modules[name] = mock.MagicMock(__spec__=None)
sys.modules["taming.models.vqgan"].VQModel = sys.modules["taming.models.vqgan"].GumbelVQ = type("None", (), {})
sys.modules["dalle_pytorch.tokenizer"] = types.ModuleType("dalle_pytorch.tokenizer")
from dalle_pytorch import DALLE, DiscreteVAE

file, write = sys.argv[1], sys.argv[2] == "write"
results = {} if write else torch.load(file)
for kind in ["full", "conv_like"]:
    torch.manual_seed(1)
    vae = DiscreteVAE(image_size=64, num_layers=3, num_tokens=32, codebook_dim=16, hidden_dim=8)
    dalle = DALLE(vae=vae, num_text_tokens=50, text_seq_len=8, dim=64, depth=1, heads=1, dim_head=64,
                  attn_types=[kind]).eval()
    text, image = torch.arange(8)[None] + 1, torch.arange(64)[None] % 32
    for weight in dalle.transformer.parameters():
        weight.data.mul_(4)  # random weights are small: layers would hardly count
    if not write:
        dalle.load_state_dict(results[kind]["weights"])  # strict
    with torch.no_grad():
        logits = dalle(text, image)[:, 8:, -32:]
    if write:
        results[kind] = {"weights": dalle.state_dict(), "logits": logits}
    else:
        before = results[kind]["logits"]
        results[kind] = ((logits - before).abs().max() / before.abs().max()).item()
if write:
    torch.save(results, file)
    raise SystemExit
same, share = results["full"] == 0, round(100 * results["conv_like"])
print(f"full: {'the same' if same else 'other'}; conv_like: loads, logits differ by {share} % of the largest")
raise SystemExit(not (same and share >= 10))
PYTHON
PYTHONPATH=$folder/before "$folder/venv/bin/python" -W ignore "$folder/finding.py" "$folder/model.pt" write
PYTHONPATH=$folder/after "$folder/venv/bin/python" -W ignore "$folder/finding.py" "$folder/model.pt" read
