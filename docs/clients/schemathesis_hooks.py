"""What schemathesis has to know beside the description: files that are good, and rules that no schema can say.

A request that breaks none of the schema's rules, but one of these, gets 400, and docs/openai.md or the description says
so in words. Whatever else is refused stays a finding.
"""

import io
import re

import schemathesis
from hypothesis import strategies as st
from PIL import Image
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.openapi.checks import RejectedPositiveData

PICTURES = r"POST /v1/images/(generations|edits|variations)"
CAPTIONS = r"POST /v1/(jobs|captions/check)"
UNSAID = [
    # what a file holds
    (PICTURES, r"^(image|image_prompt|mask) (is not a picture|is damaged|has \d+x)|^the mask |: must be a picture in"),
    (r"POST /v1/jobs", r"^(line \d+: |no captions|the file is )"),
    # what the model reads
    (PICTURES, r"^the caption has \d+ tokens|^image(_prompt)?: \d+ rows and \d+ columns of a grid"),
    # how two numbers compare
    (f"{PICTURES}|{CAPTIONS}", r"^(n|top) is \d+ of \d+ candidates"),
    # what two parts of a form, two parameters of a query, or one of each say together; of parts a schema could say it,
    # but schemathesis does not take conditions beside files ("Unsupported type: 'Binary'")
    (rf"POST /v1/images/(edits|variations)|{CAPTIONS}", r"^output_compression is \d+, but png"),
    (CAPTIONS, r"^image_prompt_rows is 0 and| is there 2 times"),
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


LINES = b'{"prompt": "a red apple"}\n'
schemathesis.openapi.format("binary", st.sampled_from([picture(), LINES]) | st.binary())
schemathesis.openapi.media_type("application/jsonl", st.just(LINES) | st.binary())
schemathesis.openapi.media_type("text/csv", st.just(b"prompt,top\na red apple,1\n") | st.binary())
schemathesis.openapi.media_type("text/tab-separated-values", st.just(b"prompt\ttop\na red apple\t1\n") | st.binary())


def is_unsaid(operation, error):
    said = f"line {error['line']}: " if error["line"] else ""
    return any(re.fullmatch(where, operation) and re.search(words, said + error["message"]) for where, words in UNSAID)


def is_text(case, failure):
    """Parts of a form have no types: a number in place of a text is sent as its digits, which are a text."""
    return case.media_type == "multipart/form-data" and re.search(
        r"in body - violates `type` at /properties/\w+ \(was string, became (number|integer|boolean)\)",
        failure.message,
    )


@schemathesis.hook
def filter_failure(context, failure, case, response):
    if isinstance(failure, AcceptedNegativeData):
        return not is_text(case, failure)
    if not isinstance(failure, RejectedPositiveData) or response.status_code != 400:
        return True
    return not all(is_unsaid(case.operation.label, error) for error in response.json()["errors"])
