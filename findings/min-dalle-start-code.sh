#!/bin/sh
# min-dalle 0.4.11: pictures begin with a code of the codebook, not with the start token that the models have.
#
# The decoder of DALL·E mini has one row more in its embedding than there are codes (16,384, numbered from 0): the
# last row, 16384, is the start token, decoder_start_token_id in dalle-mini's config.json (16415 for mega).
# min-dalle keeps that row and loads its weights, but begins with row 16383, which is an ordinary code, for both models;
# the start token is never read. Who ports weights or compares tokens with min-dalle gets other pictures from the first
# code on if the start token of the configuration is used, and meets no error either way.
#
# Seen: "16385 rows, 256 steps; the first reads row [16383], row 16384 is read: False".
# Needs Python 3.9 to 3.13 on x86 and 8 GB of disk for PyTorch's package. Fails if it behaves otherwise.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
TMPDIR=$folder "$folder/venv/bin/pip" install --quiet --no-cache-dir torch==2.7.1 min-dalle==0.4.11
cat >"$folder/finding.py" <<'PYTHON'
import torch
from min_dalle import MinDalle
from min_dalle.models import DalleBartDecoder, DalleBartEncoder

torch.manual_seed(0)
model = MinDalle.__new__(MinDalle)  # its constructor downloads gigabytes; sizes but for the vocabularies are smaller here
model.device, model.dtype, model.is_mega, model.is_reusable, model.is_verbose = "cpu", torch.float32, False, True, False
model.text_token_count, model.layer_count, model.embed_count = 64, 1, 32
sizes = dict(attention_head_count=2, embed_count=32, glu_embed_count=64, layer_count=1, device="cpu")
model.encoder = DalleBartEncoder(text_token_count=64, text_vocab_count=100, **sizes).eval()
model.decoder = DalleBartDecoder(image_vocab_count=16384, **sizes).eval()
model.tokenizer = type("Tokenizer", (), {"tokenize": lambda self, text, is_verbose: [0, 5, 2]})()
model.image_grid_from_tokens = lambda image_tokens, **kwargs: image_tokens
read = []
embed = model.decoder.embed_tokens.forward
model.decoder.embed_tokens.forward = lambda ids: (read.append(ids.flatten().tolist()), embed(ids))[1]
list(model.generate_raw_image_stream("a fox", seed=1, grid_size=2))
first, rows = set(read[0]), model.decoder.embed_tokens.num_embeddings
start = any(rows - 1 in ids for ids in read)
print(f"{rows} rows, {len(read)} steps; the first reads row {sorted(first)}, row {rows - 1} is read: {start}")
raise SystemExit(not (first == {16383} and rows == 16385 and not start))
PYTHON
"$folder/venv/bin/python" -W ignore "$folder/finding.py"
