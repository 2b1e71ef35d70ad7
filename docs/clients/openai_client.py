"""Every method of files, batches, images, models and webhooks of OpenAI's client, strict validation on."""

import asyncio
import base64
import io
import json
import os
import pathlib
import struct
import uuid
import zlib

import openai

from checks import KEY, URL, check, expect, refused, until, version

version(openai.__version__)
SECRET = os.environ.get("NOCTURNE_WEBHOOK_SECRET")
client = openai.OpenAI(
    base_url=URL + "/v1",
    api_key=KEY,
    webhook_secret=SECRET,
    max_retries=0,
    timeout=300,
    _strict_response_validation=True,
)
ENDPOINT = "/v1/images/generations"
ONE = {"candidates": 1}  # one candidate a picture: the answers matter here, not the pictures


def line(custom_id, **body):
    return json.dumps(
        {"custom_id": custom_id, "method": "POST", "url": ENDPOINT, "body": {**ONE, "n": 1, **body}}
    )


def jsonl(*lines):
    return "\n".join(lines).encode()


def png(width, height, alpha=lambda x, y: 255):
    """A picture of one colour; what is transparent is to be drawn."""
    rows = b"".join(
        b"\0" + b"".join(bytes((200, 30, 30, alpha(x, y))) for x in range(width)) for y in range(height)
    )

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def picture(data, kind="PNG"):
    marks = {"PNG": b"\x89PNG", "JPEG": b"\xff\xd8\xff", "WEBP": b"RIFF"}
    expect(base64.b64decode(data.b64_json).startswith(marks[kind]), f"no {kind}")


# ---- models

models = check("models.list", lambda: client.models.list().data)
check("models.list: pages", lambda: expect(len(list(client.models.list())) == len(models)))
for model in models or []:
    check(f"models.retrieve {model.id}", lambda: expect(client.models.retrieve(model.id).id == model.id))


def fails(kind, action, **with_):
    try:
        action()
    except kind as error:
        expect(error.request_id, "no x-request-id")
        expect(error.body.get("message"), "no message")
        for name, value in with_.items():
            expect(error.body.get(name) == value, f"{name} is {error.body.get(name)}")
        return
    raise AssertionError(f"no {kind.__name__}")


check("models.retrieve: unknown", lambda: fails(openai.NotFoundError, lambda: client.models.retrieve("nope")))


@check("models.delete: refused in words")
def _():
    try:
        client.models.delete("nocturne")
    except openai.APIStatusError as error:
        expect(error.status_code in (400, 403, 405) and error.body.get("message"), str(error))
        return
    raise AssertionError("deleted")


# ---- files

CAPTIONS = jsonl(line("heart", prompt="a red heart"), line("tree", prompt="a green tree"))


def upload(content=CAPTIONS, name="captions.jsonl", **options):
    return client.files.create(file=(name, content), purpose="batch", **options)


file = check("files.create: name and bytes", upload)
check("files.create: open file", lambda: client.files.create(file=open(__file__, "rb"), purpose="batch"))
check("files.create: bytes without a name", lambda: client.files.create(file=CAPTIONS, purpose="batch"))
check("files.create: stream", lambda: client.files.create(file=io.BytesIO(CAPTIONS), purpose="batch"))
check("files.create: path", lambda: client.files.create(file=pathlib.Path(__file__), purpose="batch"))
check(
    "files.create: with a type",
    lambda: client.files.create(file=("a.jsonl", CAPTIONS, "application/jsonl"), purpose="batch"),
)


@check("files.create: expires_after")
def _():
    made = upload(expires_after={"anchor": "created_at", "seconds": 3600})
    expect(made.expires_at == made.created_at + 3600, f"expires_at {made.expires_at}")


check(
    "files.create: expires_after too short",
    lambda: fails(openai.BadRequestError, lambda: upload(expires_after={"anchor": "created_at", "seconds": 1})),
)
check(
    "files.create: a name with letters of all scripts",
    lambda: expect(upload(name="bildunterschriften-ü-日本.jsonl").filename == "bildunterschriften-ü-日本.jsonl"),
)
for purpose in ("assistants", "fine-tune", "vision", "user_data", "evals"):
    refused(
        f"files.create: purpose {purpose}",
        "purpose",
        lambda: client.files.create(file=("a.jsonl", CAPTIONS), purpose=purpose),
    )
check("files.retrieve", lambda: expect(client.files.retrieve(file.id) == file))
check(
    "files.retrieve: unknown",
    lambda: fails(openai.NotFoundError, lambda: client.files.retrieve("file-nope")),
)
check("files.content", lambda: expect(client.files.content(file.id).read() == CAPTIONS))
check("files.content: text", lambda: expect(client.files.content(file.id).text == CAPTIONS.decode()))
check("files.retrieve_content", lambda: client.files.retrieve_content(file.id))


@check("files.content: streaming")
def _():
    with client.files.with_streaming_response.content(file.id) as response:
        expect(b"".join(response.iter_bytes(64)) == CAPTIONS)


@check("files.content: the rest of it")
def _():
    response = client.files.with_raw_response.content(file.id, extra_headers={"Range": "bytes=10-"})
    expect(response.status_code == 206 and response.content == CAPTIONS[10:], f"{response.status_code}")


check("files.wait_for_processing", lambda: client.files.wait_for_processing(file.id))
check("files.list", lambda: expect(file.id in [one.id for one in client.files.list()]))
check("files.list: limit, pages", lambda: expect(file.id in [one.id for one in client.files.list(limit=1)]))


@check("files.list: order")
def _():
    up = [one.id for one in client.files.list(order="asc", limit=2)]
    down = [one.id for one in client.files.list(order="desc", limit=3)]
    expect(up == down[::-1] and len(up) > 2, "asc is not desc turned round")


check(
    "files.list: order unknown",
    lambda: fails(openai.BadRequestError, lambda: client.files.list(order="sideways"), param="order"),
)
check("files.list: limit too high", lambda: fails(openai.BadRequestError, lambda: client.files.list(limit=10**6)))
check("files.list: purpose", lambda: expect(all(f.purpose == "batch" for f in client.files.list(purpose="batch"))))
check("files.list: after", lambda: expect(file.id not in [f.id for f in client.files.list(after=file.id)]))


@check("files.delete")
def _():
    made = upload()
    expect(client.files.delete(made.id).deleted)
    fails(openai.NotFoundError, lambda: client.files.retrieve(made.id))


check("files.delete: unknown", lambda: fails(openai.NotFoundError, lambda: client.files.delete("file-nope")))

# ---- batches


def create(file_id, **options):
    return client.batches.create(
        input_file_id=file_id, endpoint=ENDPOINT, completion_window="24h", **options
    )


def ended(batch):
    def look():
        now = client.batches.retrieve(batch.id)
        return now if now.status in ("completed", "failed", "expired", "cancelled") else None

    return until(look, f"batch {batch.id}")


batch = check("batches.create", lambda: create(file.id, metadata={"night": "first"}))
done = check("batches.retrieve until completed", lambda: ended(batch))


@check("batches: counts, metadata, files of a completed one")
def _():
    expect(done.status == "completed" and done.metadata == {"night": "first"}, done.status)
    counts = done.request_counts
    expect((counts.total, counts.completed, counts.failed) == (2, 2, 0), f"{counts}")
    expect(done.output_file_id and done.completed_at and not done.errors)


@check("batches: output")
def _():
    lines = [json.loads(one) for one in client.files.content(done.output_file_id).iter_lines()]
    expect(sorted(one["custom_id"] for one in lines) == ["heart", "tree"], f"{lines}")
    for one in lines:
        expect(one["id"] and one["response"]["status_code"] == 200 and one["error"] is None, f"{one}")
        openai.types.ImagesResponse.model_validate(one["response"]["body"])
        url = one["response"]["body"]["data"][0]["url"]
        raw = client.get(url, cast_to=openai.HttpxBinaryResponseContent)
        expect(raw.read().startswith(b"\x89PNG"), url)


@check("batches: output with a paragraph separator in a caption")
def _():
    made = ended(create(upload(jsonl(line("line\u2028separator", prompt="a red\u2029heart"))).id))
    lines = list(client.files.content(made.output_file_id).iter_lines())
    expect(len(lines) == 1 and json.loads(lines[0])["custom_id"] == "line\u2028separator", f"{lines}")


@check("batches.create: output_expires_after")
def _():
    made = ended(create(file.id, output_expires_after={"anchor": "created_at", "seconds": 3600}))
    output = client.files.retrieve(made.output_file_id)
    expect(output.expires_at and output.expires_at == output.created_at + 3600, f"{output.expires_at}")


@check("batches: a file whose output is deleted leaves the job whole, or is refused")
def _():
    made = ended(create(file.id))
    try:
        client.files.delete(made.output_file_id)
    except openai.ConflictError:
        return
    manifest = client.get(f"/jobs/{made.id}/files/manifest.json", cast_to=object)
    expect(manifest, "no manifest")


@check("batches: bad lines")
def _():
    made = ended(create(upload(jsonl('{"custom_id": "a"}')).id))
    error = made.errors.data[0]
    expect((made.status, error.line, error.param) == ("failed", 1, "prompt"), f"{made}")


check("batches.list", lambda: expect(batch.id in [one.id for one in client.batches.list()]))
check("batches.list: limit, pages", lambda: expect(batch.id in [one.id for one in client.batches.list(limit=1)]))
check("batches.list: after", lambda: expect(batch.id not in [b.id for b in client.batches.list(after=batch.id)]))
check("batches.list: limit too low", lambda: fails(openai.BadRequestError, lambda: client.batches.list(limit=0)))
check("batches.retrieve: unknown", lambda: fails(openai.NotFoundError, lambda: client.batches.retrieve("batch_no")))
check(
    "batches.create: unknown file",
    lambda: fails(openai.BadRequestError, lambda: create("file-nope"), param="input_file_id"),
)
refused(
    "batches.create: endpoint",
    "endpoint",
    lambda: client.batches.create(
        input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
    ),
)


@check("batches.cancel")
def stopped():
    many = jsonl(*(line(f"c{i}", prompt="a snowman", candidates=64) for i in range(200)))
    made = create(upload(many).id)
    expect(client.batches.cancel(made.id).status in ("cancelling", "cancelled"))
    made = ended(made)
    expect(made.status == "cancelled", made.status)
    return made


check("batches.cancel: unknown", lambda: fails(openai.NotFoundError, lambda: client.batches.cancel("batch_no")))


@check("batches.create: a repeated request is one batch")
def _():
    header = {"Idempotency-Key": str(uuid.uuid4())}
    expect(create(file.id, extra_headers=header).id == create(file.id, extra_headers=header).id)


# ---- images


def paint(prompt="a red heart", **options):
    extra = {**ONE, **options.pop("extra_body", {})}
    return client.images.generate(prompt=prompt, extra_body=extra, **options)


@check("images.generate: an address")
def _():
    answer = paint()
    url = answer.data[0].url
    expect(client.get(url, cast_to=openai.HttpxBinaryResponseContent).read().startswith(b"\x89PNG"), url)
    expect(answer.created > 1.7e9, f"{answer.created}")


check("images.generate: b64_json", lambda: picture(paint(response_format="b64_json").data[0]))
check("images.generate: n", lambda: expect(len(paint(n=2, extra_body={"candidates": 2}).data) == 2))
check("images.generate: x-request-id", lambda: expect(client.images.with_raw_response.generate(
    prompt="a tree", extra_body=ONE).request_id, "none"))
for kind in ("png", "jpeg", "webp"):
    check(
        f"images.generate: output_format {kind}",
        lambda: picture(paint(output_format=kind, response_format="b64_json").data[0], kind.upper()),
    )
check("images.generate: output_compression", lambda: paint(output_format="jpeg", output_compression=60))
for model in ("nocturne", "dall-e-2", "dall-e-3", "gpt-image-1"):
    check(f"images.generate: model {model}", lambda: paint(model=model))
for name, value in {
    "size": "auto",
    "quality": "auto",
    "background": "auto",
    "moderation": "low",
    "user": "somebody",
    "stream": False,
}.items():
    check(f"images.generate: {name} {value}", lambda: paint(**{name: value}))
check("images.generate: quality standard", lambda: paint(quality="standard"))
check("images.generate: background opaque", lambda: paint(background="opaque"))
check("images.generate: moderation auto", lambda: paint(moderation="auto"))
check("images.generate: partial_images 0", lambda: paint(partial_images=0))
check("images.generate: safety_identifier", lambda: paint(extra_body={"safety_identifier": "hash"}))
refused("images.generate: size banana", "size", lambda: paint(size="banana"))
refused("images.generate: size 1024x1024", "size", lambda: paint(size="1024x1024"))
refused("images.generate: background transparent", "background", lambda: paint(background="transparent"))
refused("images.generate: model gpt-4", "model", lambda: paint(model="gpt-4"))
check(
    "images.generate: no prompt",
    lambda: fails(openai.BadRequestError, lambda: paint(prompt=""), param="prompt"),
)
check(
    "images.generate: an unknown parameter",
    lambda: fails(openai.BadRequestError, lambda: paint(extra_body={"colour": "red"}), param="colour"),
)
check("images.generate: n too high", lambda: fails(openai.BadRequestError, lambda: paint(n=10**6), param="n"))


def streamed(stream, partials, kind):
    seen = list(stream)
    expect(seen and seen[-1].type == f"{kind}.completed", f"{[one.type for one in seen]}")
    parts = seen[:-1]
    expect(all(one.type == f"{kind}.partial_image" for one in parts), f"{[one.type for one in seen]}")
    expect([one.partial_image_index for one in parts] == list(range(len(parts))), "indices")
    expect(len(parts) <= partials, f"{len(parts)} partial pictures")
    for one in seen:
        picture(one)
    return parts


check("images.generate: stream", lambda: streamed(paint(stream=True), 0, "image_generation"))
for count in (0, 1, 3):
    check(
        f"images.generate: stream, partial_images {count}",
        lambda: streamed(paint(stream=True, partial_images=count), count, "image_generation"),
    )
check(
    "images.generate: partial_images 4",
    lambda: fails(openai.BadRequestError, lambda: paint(stream=True, partial_images=4), param="partial_images"),
)
check(
    "images.generate: stream, a refusal",
    lambda: fails(openai.BadRequestError, lambda: list(paint(prompt="", stream=True)), param="prompt"),
)


def edit(mask=None, image=png(64, 64), **options):
    if mask:
        options["mask"] = ("mask.png", png(64, 64, mask), "image/png")
    return client.images.edit(
        image=("image.png", image, "image/png"), prompt="a red heart", extra_body=ONE, **options
    )


check("images.edit: the top rows stay", lambda: edit(lambda x, y: 255 if y < 32 else 0).data[0].url)
check("images.edit: the left columns stay", lambda: edit(lambda x, y: 255 if x < 32 else 0).data[0].url)
check(
    "images.edit: b64_json",
    lambda: picture(edit(lambda x, y: 255 if y < 32 else 0, response_format="b64_json").data[0]),
)
check(
    "images.edit: stream",
    lambda: streamed(
        edit(lambda x, y: 255 if y < 32 else 0, stream=True, partial_images=1), 1, "image_edit"
    ),
)
refused(
    "images.edit: a hole in the middle",
    "mask",
    lambda: edit(lambda x, y: 0 if 16 <= x < 48 and 16 <= y < 48 else 255),
)
refused("images.edit: no mask", "mask", edit)
refused(
    "images.edit: two pictures",
    "image",
    lambda: client.images.edit(
        image=[("a.png", png(64, 64)), ("b.png", png(64, 64))],
        mask=("mask.png", png(64, 64, lambda x, y: 255 if y < 32 else 0)),
        prompt="a red heart",
    ),
)
check(
    "images.edit: no picture at all",
    lambda: fails(
        openai.BadRequestError,
        lambda: edit(lambda x, y: 255 if y < 32 else 0, image=b"no picture"),
    ),
)
check(
    "images.create_variation",
    lambda: client.images.create_variation(image=("image.png", png(64, 64)), n=1).data[0].url,
)
check(
    "images.create_variation: b64_json",
    lambda: picture(
        client.images.create_variation(image=("i.png", png(64, 64)), response_format="b64_json").data[0]
    ),
)

# ---- the asynchronous client, and what is not here


@check("async client")
def _():
    async def work():
        async with openai.AsyncOpenAI(
            base_url=URL + "/v1", api_key=KEY, _strict_response_validation=True
        ) as other:
            made = await other.files.create(file=("a.jsonl", CAPTIONS), purpose="batch")
            expect((await other.files.content(made.id)).read() == CAPTIONS)
            expect([one async for one in other.models.list()])
            answers = await asyncio.gather(
                *(other.images.generate(prompt="a tree", extra_body=ONE) for _ in range(3))
            )
            expect(len({one.data[0].url for one in answers}) == 3)

    asyncio.run(work())


check(
    "what is not here is 404 in words",
    lambda: fails(openai.NotFoundError, lambda: client.responses.create(model="gpt-5", input="hello")),
)

# ---- webhooks: what webhook_receiver.py has received

if SECRET:

    def received(kind, batch_id):
        """The body and headers of an event that the client takes for genuine."""
        for line in pathlib.Path(os.environ["NOCTURNE_WEBHOOK_EVENTS"]).read_text(encoding="utf-8").splitlines():
            event = json.loads(line)
            unwrapped = client.webhooks.unwrap(event["body"], event["headers"])
            if unwrapped.type == kind and unwrapped.data.id == batch_id:
                return event
        return None

    check("webhooks.unwrap: batch.completed", lambda: until(lambda: received("batch.completed", batch.id), "event"))
    check("webhooks.unwrap: batch.cancelled", lambda: until(lambda: received("batch.cancelled", stopped.id), "event"))

    @check("webhooks.verify_signature")
    def _():
        event = received("batch.completed", batch.id)
        client.webhooks.verify_signature(event["body"], event["headers"])

    @check("webhooks.unwrap: a changed body")
    def _():
        event = received("batch.completed", batch.id)
        try:
            client.webhooks.unwrap(event["body"] + " ", event["headers"])
        except openai.InvalidWebhookSignatureError:
            return
        raise AssertionError("verified")
