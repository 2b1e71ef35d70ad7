"""What schemathesis has to know beside the description: files that are good, and rules that no schema can say.

A request that breaks none of the schema's rules, but one of these, gets 400, and docs/openai.md or the description says
so in words. Whatever else is refused stays a finding.
"""

import io
import re

import schemathesis
from hypothesis import strategies as st
from PIL import Image
from schemathesis.openapi.checks import RejectedPositiveData

PICTURES = r"POST /v1/images/(generations|edits|variations)"
CAPTIONS = r"POST /v1/(jobs|captions/check)"
UNSAID = [
    # what a file holds
    (PICTURES, r"image_prompt is (not a picture|damaged)|image_prompt (has \d+x|keeps)|^(the )?mask "),
    (r"POST /v1/jobs", r"^(line \d+: |no captions|the file is )"),
    # what the model reads
    (PICTURES, r"^the caption has \d+ tokens"),
    # how two numbers compare
    (f"{PICTURES}|{CAPTIONS}", r"^(n|top) is \d+ of \d+ candidates"),
    # two parameters of a query, or one of the query and a part of the form
    (CAPTIONS, r"^output_compression is \d+, but png|^image_prompt_rows is 0 and| is there 2 times"),
    # what is there when the request comes, and what time it is
    (r"POST /v1/batches", r"^file '.*' is not known"),
    (f"POST /v1/batches|{CAPTIONS}", r"^(the first captions would be|deadline is \S+, but)"),
]


def picture():
    """PNG, 64x64, of which the lower half is clear: what an edit paints anew."""
    image = Image.new("RGBA", (64, 64), "red")
    image.paste((0, 0, 0, 0), (0, 32, 64, 64))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


schemathesis.openapi.format("binary", st.sampled_from([picture(), b'{"prompt": "a red apple"}\n']) | st.binary())


def is_unsaid(operation, error):
    said = f"line {error['line']}: " if error["line"] else ""
    return any(re.fullmatch(where, operation) and re.search(words, said + error["message"]) for where, words in UNSAID)


@schemathesis.hook
def filter_failure(context, failure, case, response):
    if not isinstance(failure, RejectedPositiveData) or response.status_code != 400:
        return True
    return not all(is_unsaid(case.operation.label, error) for error in response.json()["errors"])
