"""A job's shards through webdataset and through datasets, as a trainer reads them."""

import functools
import glob
import json
import os
import sys
import tempfile
import urllib.request

import boto3

from checks import BUCKET, KEY, S3, URL, check, expect, until, version

LOADER = sys.argv[1]
FORMATS = ("png", "jpeg", "webp")


def api(path, body=None, kind="application/json"):
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": kind}
    request = urllib.request.Request(URL + path, data=body, headers=headers)
    return json.load(urllib.request.urlopen(request))


def shards():
    """Of a job whose lines want pictures of several formats, in a folder."""
    lines = [
        {"custom_id": f"{form}-{i}", "prompt": f"a red heart and {i} stars", "candidates": 1, "top": 1, "output_format": form}
        for i in range(3)
        for form in FORMATS
    ]
    body = "\n".join(json.dumps(line) for line in lines).encode()
    job = api("/v1/jobs?webdataset=true", body, "application/jsonl")["id"]
    until(lambda: api(f"/v1/jobs/{job}")["status"] == "completed", job)
    s3 = boto3.client("s3", endpoint_url=S3, region_name="us-east-1")
    folder = tempfile.mkdtemp(dir=os.environ["TMPDIR"])
    found = s3.list_objects_v2(Bucket=BUCKET, Prefix=f"jobs/{job}/webdataset")["Contents"]
    for one in found:
        name = one["Key"].split(f"jobs/{job}/")[1].replace("/", "-")
        s3.download_file(BUCKET, one["Key"], os.path.join(folder, name))
    return folder, len(lines)


made = check("a job of mixed formats has shards", shards)
EXTENSIONS = ("png", "jpg", "jpeg", "webp")


def verify(shards, total):
    """Each sample has one picture and the fields that users of img2dataset look for, in the order of the input."""
    expect(sum(map(len, shards)) == total, f"{list(map(len, shards))} of {total} samples")
    for sample in (one for samples in shards for one in samples):
        pictures = [name for name in EXTENSIONS if sample.get(name) is not None]
        expect(len(pictures) == 1, f"{sorted(sample)}")
        about = sample["json"]
        expect(about["caption"].startswith("a red heart"), f"{about}")
        expect(about["width"] > 0 and about["height"] > 0 and about["key"] == sample["__key__"].split("/")[-1], f"{about}")
    for samples in shards:
        keys = [sample["__key__"].split("/")[-1] for sample in samples]
        expect(keys == sorted(keys), f"{keys}")


def read(loader):
    """Shard by shard, as each has one format of pictures."""
    folder, total = made
    verify([list(loader(shard)) for shard in sorted(glob.glob(folder + "/*.tar"))], total)


if LOADER == "webdataset":
    import webdataset

    version(webdataset.__version__)
    check("WebDataset", lambda: read(lambda shard: webdataset.WebDataset(shard, shardshuffle=False).decode("pil")))
else:
    import datasets

    version(datasets.__version__)
    load = functools.partial(datasets.load_dataset, "webdataset", split="train")
    check("load_dataset", lambda: read(lambda shard: load(data_files=shard)))
    check("load_dataset: streaming", lambda: read(lambda shard: load(data_files=shard, streaming=True)))
