"""Makes captions that need repair, or look as if they did, and writes what the tokenizers of openai (clip-anytorch, ftfy) and
of transformers make of them. The build does not need it; run it by hand to add a kind of caption.

    pip install clip-anytorch==2.6.0 ftfy==6.3.1 'transformers<5' torch
    python caption_goldens.py                  # 400 captions, tokens of a few merges: the golden of CaptionTextTest
    python caption_goldens.py --all FOLDER     # 10,000 captions, tokens of all 48,894 merges: captions.json, merges.txt

The second is read by a study that is in no build; it lists what differs:

    mvn -pl models -am test -Dtest=CaptionTextStudy -Dsurefire.failIfNoSpecifiedTests=false -Dtest.captions=FOLDER
"""

import argparse
import gzip
import html.entities
import json
import pathlib
import random
import tempfile

import clip.simple_tokenizer
import transformers

RESOURCES = pathlib.Path(__file__).resolve().parent.parent / "resources" / "imports" / "clip"
SEED = 20260101
WORDS = "a red apple the dog's hat on table of and two cats with blue sky NEW YORK, painting (oil) 3d Rose-Garden 50% it's".split()
ACCENTED = """café CAFÉ René RENÉ's OLÉ MENÜ Ångström naïve jalapeño Đặng łódź ŁÓDŹ šálek žába œuvre ŒUVRE cœur ÉTÉ Äpfel
ÜBER straße STRASSE señor SEÑOR piñata façade Þór ÐÓRR smørrebrød Ærø ÆBLE ÑANDÚ à Île über Škoda ČEŠTINA ağaç İSTANBUL
ığdır Ő ű Ţara Ľ ģ āda Ēriks ūdens ç Ç ý Ýr déjà-vu Á Ó È Ì ÒÙ Â Ã Î À â ã où à la às Àquele""".split()
MARKS = list("’‘“”„‚‹›«»™®©°…–—•·´¨¸¿¡§¶†‡‰€£¥¢¤²³¹¼½¾±×÷µºªˆ˜¦¬¯") + ["’s", "™,", "…”", "“", "”.", "!", "?", ".", ",", ";)", "\u00a0", "\u00ad"]
SCRIPTS = """Москва СОБАКА кот В РГ вЂ Ґанок їжак Αθήνα ΓΑΤΑ σκύλος ΟΔΟΣ Β€ 北京 猫と犬 こんにちは 서울 हिन्दी ไทย العربية עברית
Ｔｏｋｙｏ １２３ ｱﾟ ﬁre ﬂy ĳ ŉ ǆ 🐶 👩‍🚀 ❤️ √2 ≈3 ∞ ∑x ≤5 │box│ ═══ ▓▒ ⅷ № 5 ½ 𝕒 ٣ x́ ạ̈""".split()
CONTROLS = ["\x1b[31mred\x1b[0m", "\x07", "\r\n", "\u2028", "\u0085", "\t", "\ufeff", "\u200b", "\x00", "\x1a", "\ufffd", "\ud83d", "\x92", "\x80"]
ENCODINGS = ["latin-1", "sloppy-windows-1252", "sloppy-windows-1251", "sloppy-windows-1250", "sloppy-windows-1253"] + [
    "sloppy-windows-1254", "sloppy-windows-1257", "iso-8859-2", "macroman", "cp437"]
NAMES = sorted(n for n in html.entities.html5 if n.endswith(";"))
COMMON_NAMES = "amp lt gt quot apos nbsp eacute Eacute hellip rsquo ldquo rdquo mdash euro trade copy reg szlig hearts".split()


def reference(r):
    kind = r.randrange(8)
    name = r.choice(COMMON_NAMES)
    if kind < 3:
        return f"&{name};"
    if kind == 3:
        return "&" + r.choice(NAMES)
    if kind == 4:
        return r.choice([f"&{name}", f"&amp;{name};", f"&{name.upper()};", "&" + r.choice(NAMES).upper()])
    number = r.choice([r.randrange(0x20, 0x250), r.randrange(0x2000, 0x2700), r.randrange(0, 0x20), r.randrange(0x1F300, 0x1F600), 0x110000])
    return r.choice([f"&#{number};", f"&#x{number:x};", f"&#X{number:X}", f"&#{number}", f"&#{number:08d};"])


def phrase(r):
    words = []
    for _ in range(r.randrange(1, 6)):
        kind = r.randrange(10)
        word = r.choice(ACCENTED if kind < 4 else SCRIPTS if kind == 4 else WORDS)
        for _ in range(r.choice([0, 0, 1, 1, 2])):
            mark = r.choice(MARKS)
            word = r.choice([word + mark, word + mark, mark + word, word + mark + r.choice(ACCENTED)])
        words.append(word)
    return r.choice([" ", " ", " ", "", "\u00a0"]).join(words)


def misread(r, text):
    encoding = r.choice(ENCODINGS[:2] * 5 + ENCODINGS)
    try:
        wrong = text.encode().decode(encoding)
    except UnicodeError:
        return text
    change = r.randrange(8)
    if change == 0:
        wrong = wrong.replace("\u00a0", " ")
    if change == 1 and wrong:
        at = r.randrange(len(wrong))
        wrong = wrong[:at] + r.choice(["?", "\ufffd", " ", ""]) + wrong[at + 1 :]
    return wrong


def captions(count):
    """Captions, and whether something in them was misread on purpose."""
    r = random.Random(SEED)
    for _ in range(count):
        kind = r.randrange(10)
        text = phrase(r)
        wrong = kind in (0, 1, 2)
        if wrong:
            text = misread(r, text)
            if r.randrange(4) == 0:
                text = misread(r, text)
            if r.randrange(2) == 0:
                text = r.choice([phrase(r) + " " + text, text + " " + phrase(r), text + phrase(r)])
        elif kind in (3, 4):
            for _ in range(r.randrange(1, 4)):
                text = r.choice([text + reference(r), reference(r) + " " + text, text + " " + reference(r) + phrase(r)])
            if r.randrange(6) == 0:
                text = r.choice(["<b>" + text + "</b>", "1 < 2 " + text])
        elif kind == 5:
            text = r.choice([text + " " + r.choice(CONTROLS), r.choice(CONTROLS) + text, text + r.choice(CONTROLS) + phrase(r)])
        yield text, wrong


def golden(texts, bpe):
    ours = clip.simple_tokenizer.SimpleTokenizer(str(bpe))
    merges = gzip.open(bpe, "rt", encoding="utf-8").read().split("\n")[1 : 49152 - 256 - 2 + 1]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(m for m in merges if m), encoding="utf-8")
        (folder / "vocab.json").write_text(json.dumps(ours.encoder), encoding="utf-8")
        theirs = transformers.CLIPTokenizerFast(str(folder / "vocab.json"), str(folder / "merges.txt"))
        for text, wrong in texts:
            # a lone surrogate can't be handed to their library
            other = None if any("\ud800" <= c <= "\udfff" for c in text) else theirs(text)["input_ids"][1:-1]
            yield {"caption": text, "misread": wrong, "ftfy": ours.encode(text), "transformers": other}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--all", type=pathlib.Path)
    folder = parser.parse_args().all
    if folder:
        bpe = pathlib.Path(clip.simple_tokenizer.default_bpe())
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "captions.json").write_text(json.dumps(list(golden(captions(10_000), bpe))))
        lines = gzip.open(bpe, "rt", encoding="utf-8").read().split("\n")[1 : 49152 - 256 - 2 + 1]
        (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    else:
        text = json.dumps(list(golden(captions(400), RESOURCES / "bpe.txt.gz")), separators=(",", ":"))
        (RESOURCES / "captions.json.gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))


if __name__ == "__main__":
    main()
