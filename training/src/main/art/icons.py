"""Makes icons.tsv.gz out of Iconify packages and chosen.txt.

    npm pack @iconify-json/SET@VERSION   for each set below, unpacked to FOLDER/SET
    python3 icons.py FOLDER > icons.tsv.gz

Columns as in emoji-core.tsv.gz; what no emoji is called has a name of its own in place of code points. In sets that are recoloured, MAIN and
SECOND stand for the two colours.
"""

import gzip
import json
import pathlib
import re
import sys

MAIN, SECOND = "#2f88ff", "#97c4ff"
SETS = {  # version, licence, colours to replace by MAIN and SECOND
    "streamline-kameleon-color": ("1.2.2", "CC-BY-4.0", {}),
    "streamline-ultimate-color": ("1.2.2", "CC-BY-4.0", {}),
    "flat-color-icons": ("1.2.3", "MIT", {}),
    "fluent-color": ("1.2.21", "MIT", {}),
    "icon-park": ("1.2.4", "Apache-2.0", {"#2f88ff": MAIN, "#43ccf8": SECOND}),
    "streamline-plump-color": ("1.2.2", "CC-BY-4.0", {"#2859c5": MAIN, "#8fbffa": SECOND}),
    "game-icons": ("1.2.4", "CC-BY-3.0", {"currentcolor": MAIN}),
}
# captions of icons, and what emoji of the same are called
EMOJI = {
    "bear face": "bear", "car": "automobile", "cup of coffee": "hot beverage", "die": "game die", "fox head": "fox",
    "gift": "wrapped gift", "glass of wine": "wine glass", "headphones": "headphone", "lightning bolt": "high voltage",
    "lion head": "lion", "lock": "locked", "mug of beer": "beer mug", "orange": "tangerine", "pine tree": "evergreen tree",
    "slice of cake": "shortcake", "tiger head": "tiger face", "train": "locomotive", "trash can": "wastebasket",
    "tree": "deciduous tree", "truck": "delivery truck", "video camera": "movie camera", "wolf head": "wolf",
}
# drawings of one icon: without outline, and in several sizes
SUFFIXES = {"streamline-plump-color": ["-flat"], "fluent-color": ["-48", "-32", "-28", "-24", "-20", "-16"]}


def chosen(path):
    icons = []
    for line in path.read_text().splitlines():
        if line.startswith("["):
            source = line.strip("[]")
        elif line and not line.startswith("#"):
            for item in line.split(","):
                if item.strip():
                    name, _, caption = item.strip().partition("=")
                    icons.append((source, name, caption or name.replace("-", " ")))
    return icons


def svg(package, name):
    icon = package["icons"][name]
    width = icon.get("width", package.get("width", 16))
    height = icon.get("height", package.get("height", 16))
    body = re.sub(r"\s+", " ", icon["body"])
    box = f'{icon.get("left", 0)} {icon.get("top", 0)} {width} {height}'
    return f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="{width}" height="{height}" viewBox="{box}">{body}</svg>'


def recoloured(text, colours):
    for colour, stand_in in colours.items():
        text = re.sub(re.escape(colour), stand_in, text, flags=re.IGNORECASE)
    return text


def emoji(path):
    with gzip.open(path, "rt") as lines:
        rows = [line.split("\t") for line in lines][1:]
    return {row[3]: (row[2], row[5], row[6]) for row in rows}


def main(folder):
    here = pathlib.Path(__file__).parent
    concepts = emoji(here.parent / "resources" / "art" / "emoji-core.tsv.gz")
    packages = {s: json.loads((folder / s / "icons.json").read_text()) for s in SETS}
    rows, missing = [], []
    for source, name, caption in chosen(here / "chosen.txt"):
        icons = packages[source]["icons"]
        if source == "fluent-color":  # one drawing in several sizes: the largest
            names = [name + s for s in SUFFIXES[source] if name + s in icons][:1]
        else:
            names = [n for n in [name] + [name + s for s in SUFFIXES.get(source, [])] if n in icons]
        if not names:
            missing.append(f"{source}:{name}")
        for n in names:
            _, licence, colours = SETS[source]
            own = ("icon-" + caption.replace(" ", "-"), "objects", "other-object")
            concept, group, subgroup = concepts.get(EMOJI.get(caption, caption), own)
            drawing = recoloured(svg(packages[source], n), colours)
            rows.append((source, n, concept, caption, licence, group, subgroup, "", str(int(source != "streamline-kameleon-color")), drawing))
    text = "source\tname\tcodepoints\tcaption\tlicence\tgroup\tsubgroup\ttags\tscene_worthy\tsvg\n" + "".join("\t".join(row) + "\n" for row in sorted(set(rows)))
    sys.stdout.buffer.write(gzip.compress(text.encode(), 9, mtime=0))
    print(len(rows), "icons; not found:", " ".join(missing), file=sys.stderr)


main(pathlib.Path(sys.argv[1]))
