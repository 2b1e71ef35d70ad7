"""A scrape after 200 captions through the parsers of prometheus_client, in both formats."""

import gzip
import importlib.metadata
import json
import re
import urllib.request

from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as text

from checks import KEY, URL, check, expect, until, version

version(importlib.metadata.version("prometheus_client"))
MOST_BYTES = 50_000
OPEN_METRICS = "application/openmetrics-text;version=1.0.0"


def scrape(accept, encoding="identity"):
    headers = {"Authorization": f"Bearer {KEY}", "Accept": accept, "Accept-Encoding": encoding}
    return urllib.request.urlopen(urllib.request.Request(URL + "/q/metrics", headers=headers))


@check("200 captions are painted")
def _():
    lines = [json.dumps({"prompt": "a red heart", "candidates": 1, "top": 1})] * 200
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/jsonl"}
    request = urllib.request.Request(URL + "/v1/jobs", "\n".join(lines).encode(), headers)
    job = URL + "/v1/jobs/" + json.load(urllib.request.urlopen(request))["id"]

    def is_completed():
        answer = urllib.request.urlopen(urllib.request.Request(job, headers=headers))
        return json.load(answer)["status"] == "completed"

    until(is_completed, job)


@check(f"a scrape has at most {MOST_BYTES} bytes")
def _():
    size = len(scrape("text/plain").read())
    expect(size <= MOST_BYTES, f"{size} bytes")


@check("gzip where asked for")
def _():
    answer = scrape("text/plain", "gzip")
    expect(answer.headers["Content-Encoding"] == "gzip")
    expect("nocturne_stage" in gzip.decompress(answer.read()).decode())


check("text", lambda: expect(list(text(scrape("text/plain").read().decode()))))
check("OpenMetrics alone", lambda: expect(list(open_metrics(scrape(OPEN_METRICS).read().decode()))))


@check("no label changes at every start")
def _():
    families = text(scrape("text/plain").read().decode())
    values = {value for one in families for sample in one.samples for value in sample.labels.values()}
    bad = [value for value in values if re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-", value)]
    expect(not bad, f"{bad[:3]}")


@check("queue time of every stage and lane")
def _():
    families = text(scrape("text/plain").read().decode())
    lanes = {
        (sample.labels["stage"], sample.labels["lane"])
        for one in families
        for sample in one.samples
        if sample.name == "nocturne_stage_queue_seconds_bucket"
    }
    stages = ("encoder", "generator", "scorer", "rerank", "publisher")
    wanted = {(stage, lane) for stage in stages for lane in ("bulk", "interactive")}
    expect(wanted <= lanes, f"{wanted - lanes}")
