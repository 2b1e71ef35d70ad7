"""What the scripts of this folder share: run a check, print a line of how it went.

A line is `ok`, `refused` or `FAIL`, a tab, the check, and of a failure the reason. `refused` is a
request that docs/openai.md says is refused: its table names the parameter and the words.
"""

import os
import pathlib
import re
import sys
import time

URL = os.environ["NOCTURNE_URL"]
KEY = os.environ.get("NOCTURNE_API_KEY") or "none"
KAFKA = os.environ["NOCTURNE_KAFKA"]
S3 = os.environ["NOCTURNE_S3"]
BUCKET = "nocturne"
PATIENCE_SECONDS = 300


def version(text):
    print(f"version\t{text}", flush=True)


def check(name, action=None):
    """Runs it, or decorates a function that is to run at once."""
    if action is None:
        return lambda function: check(name, function)
    began = time.monotonic()
    try:
        result = action()
    except Exception as error:  # whatever a client throws is the finding
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        print(f"FAIL\t{name}\t{reason[:300]}", flush=True)
        return None
    print(f"ok\t{name}\t{time.monotonic() - began:.1f} s", flush=True)
    return result


def refused(name, parameter, action):
    """The request is refused with 400, names the parameter, and has the words of the documentation."""
    try:
        action()
        reason = "accepted"
    except Exception as error:
        body = getattr(error, "body", None) or {}
        status = getattr(error, "status_code", None)
        message = body.get("message", "") if isinstance(body, dict) else str(error)
        named = body.get("param") if isinstance(body, dict) else None
        names = named == parameter or named is None and parameter in message
        if status == 400 and names and _is_documented(parameter, message):
            print(f"refused\t{name}", flush=True)
            return
        reason = " ".join(f"{status} {named}: {message or error}".split())
    print(f"FAIL\t{name}\t{reason[:300]}", flush=True)


def _is_documented(parameter, message):
    page = pathlib.Path(__file__).parent.parent / "openai.md"
    for line in page.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("|") and f"`{parameter}`" in cells[0]:
            for words in re.findall(r"`([^`]*)`", cells[-1]):
                start, rest, _ = _shape(words).partition("…")
                if _shape(message) == start or rest and _shape(message).startswith(start):
                    return True
    return False


def _shape(words):
    """Without what differs from request to request: what is quoted, and numbers."""
    return re.sub(r"\d+", "0", re.sub(r"'[^']*'", "''", words))


def until(condition, what):
    """Asks again until it is true, or fails after a bound."""
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {PATIENCE_SECONDS} s")
        time.sleep(0.3)


def expect(condition, what="not as expected"):
    if not condition:
        raise AssertionError(what)


if sys.version_info < (3, 10):
    sys.exit("Python 3.10 or newer is needed")
