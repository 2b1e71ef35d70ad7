"""A client that openapi-python-client has made of the service's own document.

Arguments: its folder, the generator's version, and what the generator has said.
"""

import importlib
import inspect
import io
import json
import pathlib
import pkgutil
import sys
import urllib.request

from checks import KEY, URL, check, expect, until, version

version(sys.argv[2])
sys.path.insert(0, sys.argv[1])
package = importlib.import_module("nocturne_client")
request = urllib.request.Request(URL + "/v1/openapi.json", headers={"Authorization": f"Bearer {KEY}"})
document = json.load(urllib.request.urlopen(request))
VERBS = {"get", "put", "post", "delete", "patch", "head"}
operations = {
    operation.get("operationId", f"{verb} {path}"): (verb, path)
    for path, item in document["paths"].items()
    for verb, operation in item.items()
    if verb in VERBS
}
client = package.Client(
    base_url=URL, headers={"Authorization": f"Bearer {KEY}"}, raise_on_unexpected_status=True, timeout=300
)
types = importlib.import_module("nocturne_client.types")


def modules():
    root = importlib.import_module("nocturne_client.api")
    for found in pkgutil.walk_packages(root.__path__, root.__name__ + "."):
        module = importlib.import_module(found.name)
        if hasattr(module, "sync_detailed"):
            yield module


generated = {}
for module in modules():
    kwargs = inspect.getsource(module._get_kwargs)
    verb = kwargs.split('"method": "')[1].split('"')[0]
    path = kwargs.split('"url": "')[1].split('"')[0]
    generated[verb, "/".join("{}" if "{" in part else part for part in path.split("/"))] = module


def shape(path):
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))


def operation(verb, path):
    return generated[verb, path]


for name, (verb, path) in operations.items():
    check(f"generated: {verb} {path}", lambda: operation(verb, shape(path)))



@check("no operation and no type is left out")
def _():
    said = pathlib.Path(sys.argv[3]).read_text(encoding="utf-8").splitlines()
    left_out = [line for line in said if "not be generated" in line or "Unable to" in line]
    expect(not left_out, f"{left_out}")


CAPTIONS = b'{"custom_id": "generated", "prompt": "a red heart", "candidates": 1, "top": 1}\n'


@check("uploads a file, reads it back")
def _():
    module = operation("post", "/v1/files")
    body = inspect.signature(module.sync).parameters["body"].annotation
    kind = next(one for one in getattr(body, "__args__", [body]) if hasattr(one, "from_dict"))
    part = types.File(payload=io.BytesIO(CAPTIONS), file_name="captions.jsonl", mime_type="application/jsonl")
    made = module.sync(client=client, body=kind(file=part, purpose="batch"))
    expect(made.bytes_ == len(CAPTIONS) and made.filename == "captions.jsonl", f"{made}")
    content = operation("get", "/v1/files/{}/content").sync_detailed(made.id, client=client)
    expect(content.content == CAPTIONS, f"{content.content}")


@check("submits a job, waits for it")
def job():
    operation("post", "/v1/jobs")  # it is there; its body is lines, which httpx sends
    headers = {"Content-Type": "application/jsonl"}
    response = client.get_httpx_client().post("/v1/jobs", content=CAPTIONS, headers=headers)
    expect(response.status_code == 202, response.text)
    identity = response.json()["id"]

    def completed():
        look = operation("get", "/v1/jobs/{}").sync(identity, client=client)
        return look if str(getattr(look.status, "value", look.status)) == "completed" else None

    return until(completed, identity)


for verb, path in sorted(generated):
    if verb == "get" and "{" not in path and path not in ("/v1/events",):
        check(f"runs: get {path}", lambda: expect(
            generated[verb, path].sync_detailed(client=client).status_code == 200))
for path in ("/v1/jobs/{}", "/v1/jobs/{}/links", "/v1/jobs/{}/results", "/v1/jobs/{}/requests"):
    if ("get", path) in generated:
        check(f"runs: get {path}", lambda: expect(
            generated["get", path].sync_detailed(job.id, client=client).status_code == 200))
