"""Times single pictures of a running Nocturne, and tells where their milliseconds go; see docs/performance.md.

    ./nocturne up --data /tmp/first
    python first_picture.py [--requests 300] [--warm-up 30] [--url http://localhost:8080] [--kafka localhost:9092]

Asks for one picture of four candidates after the other. Each stage writes a record when its work is done: the time of
a record less that of the stage before is that stage's poll, work, and commit of the stage before, since a stage reads
nothing that is not committed. Nothing else may run on the machine, and nobody else ask for pictures.

Needs: confluent-kafka. Nothing of Nocturne needs this script.
"""
import argparse
import http.client
import json
import statistics
import time
import urllib.parse

import confluent_kafka

STAGES = [
    ("captions.interactive", "ingest-service takes the request"),
    ("generation-tasks.interactive", "encoder-worker"),
    ("token-grids.interactive", "generator-worker"),
    ("scored-grids.interactive", "scorer"),
    ("selections.interactive", "rerank-service"),
    ("results", "publisher"),
]
LAST = "ingest-service answers"
CAPTIONS = ["a red heart", "a cat", "a slice of pizza", "a rocket", "an umbrella", "a penguin", "a house", "a green apple"]


def ask(connection, caption):
    """-> when the request was sent and when its answer was there, in milliseconds since 1970."""
    body = json.dumps({"prompt": caption, "n": 1, "candidates": 4})
    sent = time.time()
    connection.request("POST", "/v1/images/generations", body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    words = answer.read()
    if answer.status != 200:
        raise SystemExit(f"{answer.status}: {words.decode()}")
    return sent * 1000, time.time() * 1000


def records(kafka, topic):
    """-> (key, milliseconds) of each record of the topic."""
    consumer = confluent_kafka.Consumer(
        {"bootstrap.servers": kafka, "group.id": "first-picture", "enable.auto.commit": False, "enable.partition.eof": True})
    partitions = [confluent_kafka.TopicPartition(topic, number, confluent_kafka.OFFSET_BEGINNING)
                  for number in consumer.list_topics(topic).topics[topic].partitions]
    consumer.assign(partitions)
    found, ended = [], 0
    while ended < len(partitions):
        message = consumer.poll(10)
        if message is None:
            raise SystemExit(f"{topic}: no answer from {kafka} in ten seconds")
        if message.error() is None:
            found.append((message.key(), message.timestamp()[1]))
        elif message.error().code() == confluent_kafka.KafkaError._PARTITION_EOF:
            ended += 1
        else:
            raise SystemExit(f"{topic}: {message.error()}")
    consumer.close()
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=300)
    parser.add_argument("--warm-up", type=int, default=30)
    parser.add_argument("--url", default="http://localhost:8080")
    parser.add_argument("--kafka", default="localhost:9092")
    options = parser.parse_args()
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(options.url).netloc)
    for number in range(options.warm_up):
        ask(connection, CAPTIONS[number % len(CAPTIONS)])
    asked = [ask(connection, f"{CAPTIONS[number % len(CAPTIONS)]} {number}") for number in range(options.requests)]
    whole = sorted(answered - sent for sent, answered in asked)
    # of a key the last record of each topic: a request may have several
    times = [{key: at for key, at in sorted(records(options.kafka, topic), key=lambda record: record[1])} for topic, _ in STAGES]
    spent = {name: [] for name in [*(name for _, name in STAGES), LAST]}
    # one after the other, so the order of records is that of requests
    keys = [key for key, at in sorted(times[0].items(), key=lambda item: item[1]) if at >= asked[0][0] - 1]
    if len(keys) != len(asked):
        raise SystemExit(f"{len(keys)} captions and {len(asked)} requests: somebody else asks, too")
    for key, (sent, answered) in zip(keys, asked):
        before = sent
        for (_, name), at in zip(STAGES, times):
            spent[name].append(at[key] - before)
            before = at[key]
        spent[LAST].append(answered - before)
    print(f"{len(whole)} requests: median {statistics.median(whole):.0f} ms, 99th percentile {whole[int(0.99 * len(whole))]:.0f} ms")
    for name, milliseconds in spent.items():
        print(f"{statistics.median(milliseconds):8.1f} ms  {name}")


main()
