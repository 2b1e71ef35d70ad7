"""The bucket through boto3, with its own settings and with those that people set."""

import os
import urllib.error
import urllib.request
import uuid

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.client import Config
from botocore.exceptions import ClientError

from checks import BUCKET, S3, check, expect, version

version(boto3.__version__)
REGION = "us-east-1"
folder = f"outside/{uuid.uuid4().hex[:8]}"


def client(**options):
    return boto3.client("s3", endpoint_url=S3, region_name=REGION, config=Config(**options))


s3 = client()
check("list_buckets", lambda: expect(BUCKET in [one["Name"] for one in s3.list_buckets()["Buckets"]]))
check("head_bucket", lambda: s3.head_bucket(Bucket=BUCKET))
check("get_bucket_location", lambda: s3.get_bucket_location(Bucket=BUCKET))
check("put_object", lambda: s3.put_object(Bucket=BUCKET, Key=f"{folder}/a.txt", Body=b"hello"))
check(
    "get_object",
    lambda: expect(s3.get_object(Bucket=BUCKET, Key=f"{folder}/a.txt")["Body"].read() == b"hello"),
)
check("head_object", lambda: expect(s3.head_object(Bucket=BUCKET, Key=f"{folder}/a.txt")["ContentLength"] == 5))
check(
    "get_object: a range",
    lambda: expect(
        s3.get_object(Bucket=BUCKET, Key=f"{folder}/a.txt", Range="bytes=1-3")["Body"].read() == b"ell"
    ),
)


@check("put_object: only if it is not there")
def _():
    try:
        s3.put_object(Bucket=BUCKET, Key=f"{folder}/a.txt", Body=b"other", IfNoneMatch="*")
    except ClientError as error:
        expect(error.response["ResponseMetadata"]["HTTPStatusCode"] == 412, str(error))
        return
    raise AssertionError("overwritten")


@check("upload_fileobj in parts")
def _():
    import io

    body = os.urandom(12 << 20)
    s3.upload_fileobj(io.BytesIO(body), BUCKET, f"{folder}/large", Config=TransferConfig(multipart_threshold=5 << 20))
    expect(s3.get_object(Bucket=BUCKET, Key=f"{folder}/large")["Body"].read() == body)


@check("list_objects_v2: pages, folders")
def _():
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=folder, PaginationConfig={"PageSize": 1})
    expect(len([one for page in pages for one in page.get("Contents", [])]) == 2)
    top = s3.list_objects_v2(Bucket=BUCKET, Delimiter="/")
    expect("outside/" in [one["Prefix"] for one in top.get("CommonPrefixes", [])])


for name, signer in {"default": s3, "v4": client(signature_version="s3v4"),
                     "path style": client(s3={"addressing_style": "path"})}.items():
    @check(f"generate_presigned_url: {name}")
    def _():
        url = signer.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": f"{folder}/a.txt"})
        expect(urllib.request.urlopen(url).read() == b"hello", url)


@check("copy_object")
def _():
    s3.copy_object(Bucket=BUCKET, Key=f"{folder}/b.txt", CopySource={"Bucket": BUCKET, "Key": f"{folder}/a.txt"})


for key in ("x/", "a//b", "a/../b"):
    @check(f"put_object: the key {key!r} is refused, or kept")
    def _():
        try:
            s3.put_object(Bucket=BUCKET, Key=f"{folder}/{key}", Body=b"kept")
        except ClientError as error:
            expect(error.response["ResponseMetadata"]["HTTPStatusCode"] == 400, str(error))
            return
        expect(s3.get_object(Bucket=BUCKET, Key=f"{folder}/{key}")["Body"].read() == b"kept")


@check("get_object: a key that is not there")
def _():
    try:
        s3.get_object(Bucket=BUCKET, Key=f"{folder}/nope")
    except s3.exceptions.NoSuchKey:
        return
    raise AssertionError("found")


@check("delete_objects")
def _():
    names = [one["Key"] for one in s3.list_objects_v2(Bucket=BUCKET, Prefix=folder)["Contents"]]
    s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": name} for name in names]})
    expect(s3.list_objects_v2(Bucket=BUCKET, Prefix=folder)["KeyCount"] == 0)
