"""Writes what FeatureDistanceTest and InceptionTest compare with, into training/src/test/resources.

    python3 -m venv venv && venv/bin/pip install torch==2.7.1 torchvision==0.22.1 pytorch-fid==0.3.0 clean-fid==0.1.35
    venv/bin/python distance_goldens.py

The network's weights and the features are formulas, which the tests know, too: no weights are downloaded.
"""
import pathlib

import numpy
import torch
from cleanfid.fid import kernel_distance
from pytorch_fid import inception
from pytorch_fid.fid_score import calculate_frechet_distance

OUT = pathlib.Path(__file__).parent.parent / "resources"


def features(rows, columns, phase):
    i = numpy.arange(rows)[:, None]
    j = numpy.arange(columns)[None, :]
    return numpy.sin(0.7 * i * (j + 1) + phase) + 0.3 * numpy.cos(1.3 * i + j * phase)


def distances():
    lines = []
    for rows, others, columns in ((200, 200, 24), (40, 40, 96), (150, 120, 32)):
        x, y = features(rows, columns, 0.1), features(others, columns, 0.5)
        frechet = calculate_frechet_distance(
            x.mean(0), numpy.cov(x, rowvar=False), y.mean(0), numpy.cov(y, rowvar=False))
        # clean-fid takes as many of each: it is compared where that is all
        kernel = float(kernel_distance(x, y, num_subsets=1)) if rows == others else "-"
        lines.append(f"{rows}\t{others}\t{columns}\t{float(frechet)}\t{kernel}\n")
    (OUT / "distances.tsv").write_text("".join(lines))


def scattered(number, count):
    """In [-1, 1), without a pattern that would make every picture the same to the network."""
    i = numpy.arange(count, dtype=numpy.float64)
    wide = numpy.sin(12.9898 * i + 78.233 * number) * 43758.5453
    return 2 * (wide - numpy.floor(wide)) - 1


def weight(name, number, shape):
    values = scattered(number, int(numpy.prod(shape)))
    if name.endswith("conv.weight"):
        return values * numpy.sqrt(6 / numpy.prod(shape[1:]))
    return 0.1 * values + (1 if name.endswith(("bn.weight", "running_var")) else 0)


def network():
    """The network of pytorch-fid, its weights in place of the published ones."""
    inception.load_state_dict_from_url = lambda *_, **__: {}
    torch.nn.Module.load_state_dict = lambda self, *_, **__: None
    model = inception.fid_inception_v3()
    used = {name: tensor for name, tensor in sorted(model.state_dict().items())
            if name.split("_")[0] in ("Conv2d", "Mixed") and not name.endswith("num_batches_tracked")}
    for number, (name, tensor) in enumerate(used.items()):
        tensor.copy_(torch.tensor(weight(name, number, tensor.shape).reshape(tensor.shape)))
    inception.fid_inception_v3 = lambda: model
    return inception.InceptionV3([3], resize_input=True, normalize_input=True).eval(), used


def picture(number, size):
    y, x = numpy.mgrid[0:size, 0:size]
    planes = [(x * (number + 2) + y * (plane + 1) * 3) % 256 for plane in range(3)]
    return numpy.stack(planes).astype(numpy.uint8)


def main():
    torch.set_num_threads(1)
    distances()
    model, used = network()
    pixels = torch.tensor(numpy.stack([picture(n, 40) for n in range(2)]), dtype=torch.float32) / 255
    with torch.no_grad():
        found = model(pixels)[0].flatten(1)
    lines = [name + "\t" + ",".join(map(str, tensor.shape)) + "\n" for name, tensor in used.items()]
    (OUT / "inception-shapes.tsv").write_text("".join(lines))
    lines = [" ".join(f"{value:.7g}" for value in row[::32]) + "\n" for row in found.tolist()]
    (OUT / "inception-features.txt").write_text("".join(lines))


main()
