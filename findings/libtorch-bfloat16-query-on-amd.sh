#!/bin/sh
# PyTorch 2.7.1, scaled_dot_product_attention in bfloat16 on a processor of AMD: one query takes longer than two.
#
# AMD's processors since Zen 4 multiply bfloat16 in hardware (avx512_bf16), and linear layers get faster by it. But
# attention multiplies through MKL, which is built into PyTorch and knows Intel's processors alone. A product of several
# queries goes through its matrix routine; a single query, which is what every step of decoding with a cache has, goes
# through mkl_blas_def_xgemv_bf16bf16f32, a loop without vectors (`perf` shows it at 60 to 70 % of all time). So one
# query costs twice as much as two, and five times as much as one in float32, and a model can draw slower in bfloat16
# than in float32. No variable of MKL's changes that (MKL_CBWR, MKL_ENABLE_INSTRUCTIONS, MKL_DEBUG_CPU_TYPE). Keys and
# values in float32 do, with weights in bfloat16.
#
# Seen on an AMD EPYC (Zen 5): "bfloat16: 1 query 1.45 ms, 2 queries 0.59 ms; float32: 1 query 0.28 ms".
# Needs a processor of AMD with avx512_bf16 (elsewhere it says so and ends well), Python 3.9 to 3.13 and 8 GB of disk
# for PyTorch's package. Fails if it behaves otherwise.
set -eu
if ! grep -q AuthenticAMD /proc/cpuinfo || ! grep -q avx512_bf16 /proc/cpuinfo; then
    echo "no processor of AMD with avx512_bf16: nothing to see here"
    exit 0
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
TMPDIR=$folder "$folder/venv/bin/pip" install --quiet --no-cache-dir torch==2.7.1
cat >"$folder/finding.py" <<'PYTHON'
import statistics
import time

import torch

torch.set_num_threads(1)
attend = torch.nn.functional.scaled_dot_product_attention


def milliseconds(queries, dtype):
    q = torch.randn(32, 6, queries, 64).to(dtype)
    k, v = torch.randn(32, 6, 96, 64).to(dtype), torch.randn(32, 6, 96, 64).to(dtype)
    times = []
    for _ in range(200):
        began = time.perf_counter()
        attend(q, k, v)
        times.append(time.perf_counter() - began)
    return 1e3 * statistics.median(times)


one, two, single = milliseconds(1, torch.bfloat16), milliseconds(2, torch.bfloat16), milliseconds(1, torch.float32)
print(f"bfloat16: 1 query {one:.2f} ms, 2 queries {two:.2f} ms; float32: 1 query {single:.2f} ms")
raise SystemExit(not (one > 1.5 * two and one > 2.5 * single))
PYTHON
"$folder/venv/bin/python" -W ignore "$folder/finding.py"
