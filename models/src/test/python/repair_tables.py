"""Writes the tables that dev.nocturne.models.tokenizer repairs captions with, beside that package in
../../main/resources: HTML's names, single-byte encodings, and what counts as mojibake. The build does not need it.

    pip install ftfy==6.3.1 numpy
    python repair_tables.py

What counts as mojibake is not taken from ftfy's text: its test is asked about every sequence of up to three characters
that its encodings have, and by classes of characters that behave alike about every one of four and those longer ones
that misread texts have. That takes ten minutes.
"""

import collections
import html.entities
import itertools
import pathlib
import string

import ftfy
import numpy
from ftfy.badness import is_bad

OUT = pathlib.Path(__file__).resolve().parents[2] / "main/resources/dev/nocturne/models/tokenizer"
# in the order in which they are tried
ENCODINGS = [
    "latin-1",
    "sloppy-windows-1252",
    "sloppy-windows-1251",
    "sloppy-windows-1250",
    "sloppy-windows-1253",
    "sloppy-windows-1254",
    "sloppy-windows-1257",
    "iso-8859-2",
    "macroman",
    "cp437",
]
HIGH = bytes(range(0x80, 0x100))
# one of each kind that has no row of its own: word, space, other; a character of the first row before all others
KINDS = {"word": "0", "space": "\t", "other": "#"}


def escaped(text):
    """Printable, without blanks."""
    return "".join(c if c.isprintable() and not c.isspace() and c not in "\\\xad" else f"\\u{ord(c):04x}" for c in text)


def write(name, about, lines):
    path = OUT / name
    path.write_text("\n".join([*("# " + line for line in about), *lines]) + "\n", encoding="utf-8")
    print(f"{path.stat().st_size:8,d} {name}")


def kind(character):
    """As regular expressions of Python have it: letters, numbers of any kind and the low line are of words."""
    if character.isspace():
        return "space"
    return "word" if character.isalnum() or character == "_" else "other"


def bad(sequence):
    """A sequence of characters amid a text; the first may be "", the beginning of the text."""
    return is_bad(("#" if sequence[0] else "") + "".join(sequence))


def observed(alphabet):
    """Which pairs and which triples are bad, or hold what is."""
    n = len(alphabet)
    pairs = numpy.array([[bad((x, y)) for y in alphabet] for x in alphabet])
    triples = numpy.zeros((n, n, n), bool)
    for i, j in itertools.product(range(n), range(1, n)):
        if pairs[i, j]:
            triples[i, j] = True
        else:
            start = ("#" if alphabet[i] else "") + alphabet[i] + alphabet[j]
            triples[i, j] = [is_bad(start + z) for z in alphabet]
    return pairs, triples


def classes_of(alphabet, pairs, triples, apart=()):
    """Numbers of characters that behave alike, those apart for themselves."""
    alike = collections.defaultdict(list)
    for i, c in enumerate(alphabet):
        tables = (pairs[i], pairs[:, i], triples[i], triples[:, i], triples[:, :, i])
        alike[(c if c in apart else "", *(t.tobytes() for t in tables))].append(i)
    return list(alike.values())


def neighbours(character, representatives):
    return tuple((bad((x, character)), bool(x) and bad((character, x))) for x in representatives)


def longer(representatives, triples):
    """Bad sequences of four without any shorter one."""
    n = len(representatives)
    for i, j, k in itertools.product(range(n), range(1, n), range(1, n)):
        if not triples[i, j, k]:
            for l in range(1, n):
                if not triples[j, k, l] and bad([representatives[x] for x in (i, j, k, l)]):
                    yield i, j, k, l


def shortest(text, most):
    """The shortest bad sequence of a text, if it is longer than most."""
    if not is_bad("#" + text):
        return None
    for size in range(1, len(text) + 1):
        for start in range(len(text) - size + 1):
            if is_bad("#" + text[start : start + size]):
                return text[start : start + size] if size > most else None


def misread():
    """Bad sequences of more than three of texts that were misread: two letters once, one character twice."""
    texts = ["".join(map(chr, pair)) for pair in itertools.product(range(0x80, 0x800, 7), range(0x80, 0x800, 11))]
    for first, text in itertools.product(ENCODINGS, texts):
        yield shortest(text.encode().decode(first, "replace"), 3)
    characters = [*range(0xA0, 0x600), *range(0x2000, 0x2200)]
    for first, second, character in itertools.product(ENCODINGS, ENCODINGS, characters):
        once = chr(character).encode().decode(first, "replace")
        yield shortest(once.encode().decode(second, "replace") + " a", 3)


def products(sequences):
    """Sequences of equal length as few products of sets."""
    rules = [tuple(frozenset([x]) for x in s) for s in sorted(sequences)]
    width = len(rules[0])
    for position in reversed(range(width)):
        joined = collections.defaultdict(frozenset)
        for rule in rules:
            joined[rule[:position] + rule[position + 1 :]] |= rule[position]
        rules = [rest[:position] + (members,) + rest[position:] for rest, members in joined.items()]
    return rules


def mojibake():
    high = {c for e in ENCODINGS for c in HIGH.decode(e)}
    alphabet = ["", *sorted(high | set("aZ0_ .,?!;:'\"\t\n(#") | set("\u4e2d\u0301\u2003\ufffd"))]
    pairs, triples = observed(alphabet)
    found = sorted({s for s in misread() if s})
    groups = classes_of(alphabet, pairs, triples)
    mates = {alphabet[i]: [alphabet[m] for m in g] for g in groups for i in g}
    apart = {c for t in found for i, c in enumerate(t) if not all(bad((*t[:i], m, *t[i + 1 :])) for m in mates[c])}
    groups = classes_of(alphabet, pairs, triples, apart)
    first = [g[0] for g in groups]
    representatives = [alphabet[i] for i in first]
    classes = [[alphabet[i] for i in g] for g in groups]
    number = {c: n for n, members in enumerate(classes) for c in members}
    known = {}
    for other, members in enumerate(classes):
        if members[0]:
            known.setdefault(neighbours(members[0], representatives), other)
    for character in map(chr, [*range(0x80, 0xD800), *range(0xE000, 0x10000)]):
        if character not in number:
            seen = neighbours(character, representatives)
            if seen != neighbours(KINDS[kind(character)], representatives):
                classes[known[seen]].append(character)
    small = triples[numpy.ix_(first, first, first)]
    n = len(groups)
    alone = [c for c in range(1, n) if bad((representatives[c],))]
    two = {(i, j) for i, j in itertools.product(range(n), range(1, n)) if bad([representatives[x] for x in (i, j)])}
    two = {s for s in two if not set(s) & set(alone)}
    three = {
        (i, j, k)
        for i, j, k in itertools.product(range(n), range(1, n), range(1, n))
        if small[i, j, k] and (i, j) not in two and (j, k) not in two and not {i, j, k} & set(alone)
    }
    four = set(longer(representatives, small))
    bad_parts = {(c,) for c in alone} | two | three | four
    # one text for each beginning, with any two of its characters exchanged
    longest = set()
    for text in {t[:3]: t for t in found if len(t) > 4}.values():
        for (i, j), c, d in itertools.product(itertools.combinations(range(len(text)), 2), range(1, n), range(1, n)):
            sequence = [number[x] for x in text]
            sequence[i], sequence[j] = c, d
            parts = (tuple(sequence[k:m]) for k in range(len(text)) for m in range(k + 1, k + 5))
            if bad([representatives[x] for x in sequence]) and not any(part in bad_parts for part in parts):
                longest.add(tuple(sequence))
    lines = []
    for c, group in enumerate(classes):
        members = "".join(group)
        kinds = [k for k, v in KINDS.items() if v in members]
        shown = "".join(m for m in members if not kinds or kind(m) != kinds[0])
        shown = shown.replace("a", string.ascii_lowercase).replace("Z", string.ascii_uppercase)
        lines.append(" ".join(["=", str(c), *kinds, escaped(shown)]).rstrip())
    for sequences in [{(c,) for c in alone}, two, three, four, longest]:
        if sequences:
            for rule in products(sequences):
                lines.append("! " + " ".join(",".join(map(str, sorted(s))) for s in rule))
    about = [
        "Neighbours that tell mojibake, as the test of ftfy 6.3.1 was seen to decide: see repair_tables.py.",
        "'=' names a class of characters; 0 is the beginning of the text, and the kinds word, space and other hold all",
        "that is in no class. '!' is a sequence of classes.",
    ]
    write("mojibake.txt", about, lines)


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    names = html.entities.html5
    values = sorted((n, " ".join(f"{ord(c):x}" for c in v)) for n, v in names.items())
    loose = {n for n, _ in values if not n.endswith(";")}
    write(
        "html-names.txt",
        ["HTML's named characters, as Python's html.entities has them. '&' marks names that need no semicolon."],
        [("&" if n[:-1] in loose else "") + n[:-1] + " " + v for n, v in values if n.endswith(";")],
    )
    write(
        "encodings.txt",
        ["Bytes 0x80 to 0xff of single-byte encodings, as Python and ftfy 6.3.1 decode them, in the order of trial."],
        [e + " " + escaped(HIGH.decode(e)) for e in ENCODINGS],
    )
    mojibake()


if __name__ == "__main__":
    main()
