"""Captions in, results out, with librdkafka through Python; JSON and Avro."""

import io
import json
import pathlib
import time
import uuid

import confluent_kafka
import fastavro
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from fastavro.schema import fingerprint, to_parsing_canonical_form

from checks import KAFKA, check, expect, until, version

version(confluent_kafka.__version__)
HISTORY = pathlib.Path(__file__).parent.parent.parent / "schemas/src/main/resources/history"
mark = uuid.uuid4().hex[:8]


def schemas(record):
    """Of a record all that were ever published, by the header of their values; the last is the newest."""
    found = {}
    files = sorted((HISTORY / record).glob("v*.avsc"), key=lambda file: int(file.stem[1:]))
    for file in files:
        parsed = fastavro.parse_schema(json.loads(file.read_text()))
        mark = bytes.fromhex(fingerprint(to_parsing_canonical_form(parsed), "CRC-64-AVRO"))
        found[b"\xc3\x01" + mark] = parsed
    return found


def consumer(group):
    settings = {"bootstrap.servers": KAFKA, "group.id": group, "auto.offset.reset": "earliest"}
    return Consumer(settings)


def read(topic, wanted):
    """The first value that is wanted."""
    reader = consumer(f"outside-{uuid.uuid4().hex[:8]}")
    reader.subscribe([topic])
    try:

        def look():
            messages = reader.consume(500, timeout=0.5)
            return next((one for one in messages if not one.error() and wanted(one)), None)

        return until(look, topic)
    finally:
        reader.close()


producer = Producer({"bootstrap.servers": KAFKA, "enable.idempotence": True})
results = schemas("RequestFinished")


def finished(message):
    header = message.value()[:10]
    return fastavro.schemaless_reader(io.BytesIO(message.value()[10:]), results[header])


def awaited(custom_id):
    return finished(read("results", lambda one: finished(one)["request"]["customId"] == custom_id))


@check("captions.json to results")
def _():
    producer.produce(
        "captions.json",
        json.dumps({"custom_id": f"json-{mark}", "prompt": "a red heart", "candidates": 1, "top": 1}),
    )
    expect(producer.flush(30) == 0, "not delivered")
    result = awaited(f"json-{mark}")
    expect(result["status"] == "COMPLETED" and len(result["images"]) == 1, f"{result}")


def painted(custom_id, version, options):
    header, schema = list(schemas("CaptionSubmitted").items())[version]
    body = io.BytesIO()
    caption = {"customId": custom_id, "caption": "a green tree", "submittedAt": int(time.time() * 1000)}
    fastavro.schemaless_writer(body, schema, caption | options)
    producer.produce("captions", key=custom_id, value=header + body.getvalue())
    expect(producer.flush(30) == 0, "not delivered")
    result = awaited(custom_id)
    expect(result["status"] == "COMPLETED" and len(result["images"]) == 1, f"{result}")


@check("captions (Avro) to results")
def _():
    painted(f"avro-{mark}", -1, {"options": {"candidates": 1, "top": 1}})


@check("captions with options beside the other fields (Avro) to results")
def _():
    painted(f"flat-{mark}", 6, {"candidates": 1, "top": 1})


@check("what is no caption is a dead letter with its reason")
def _():
    producer.produce("captions.json", f"no caption {mark}")
    producer.flush(30)
    letter = read("dead-letters", lambda one: mark.encode() in (one.value() or b""))
    expect(dict(letter.headers())["nocturne-reason-code"] == b"invalid_json", f"{letter.headers()}")


@check("a transaction's captions are seen when it is committed")
def _():
    writer = Producer({"bootstrap.servers": KAFKA, "transactional.id": f"outside-{mark}"})
    writer.init_transactions(30)
    writer.begin_transaction()
    writer.produce(
        "captions.json",
        json.dumps({"custom_id": f"transaction-{mark}", "prompt": "a dog", "candidates": 1, "top": 1}),
    )
    writer.commit_transaction(30)
    expect(awaited(f"transaction-{mark}")["status"] == "COMPLETED")


@check("results.json: the words of output.jsonl")
def _():
    message = read("results.json", lambda one: json.loads(one.value()).get("custom_id") == f"json-{mark}")
    result = json.loads(message.value())
    expect(result["response"]["status_code"] == 200, f"{result}")


@check("lag 0 in every group of the pipeline, a commit on every partition")
def _():
    admin = AdminClient({"bootstrap.servers": KAFKA})
    groups = {
        "encoder": "captions",
        "generator": "generation-tasks",
        "scorer": "token-grids",
        "rerank": "scored-grids",
        "publisher": "selections",
    }
    topics = admin.list_topics(timeout=30).topics

    def behind():
        found = []
        for group, topic in groups.items():
            reader = consumer(group)
            for name in (topic, topic + ".interactive"):
                parts = [TopicPartition(name, part) for part in topics[name].partitions]
                for part in reader.committed(parts, timeout=30):
                    low, high = reader.get_watermark_offsets(part, timeout=30)
                    if part.offset != high:
                        found.append(f"{group} {name}-{part.partition}: {part.offset} of {high}")
            reader.close()
        return found

    try:
        until(lambda: not behind(), "lag 0")
    except TimeoutError:
        raise AssertionError("; ".join(behind())) from None
