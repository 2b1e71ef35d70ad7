"""Makes the two folders of docs/training.md, "Two folders, tried": pictures with a caption beside each.

    apt-get download tuxpaint-stamps-default && dpkg -x tuxpaint-stamps-default_*.deb stamps-package
    npm pack @iconify-json/streamline-kameleon-color@1.2.2 && tar xzf iconify-json-streamline-kameleon-color-1.2.2.tgz
    python own_pictures.py stamps-package package

Stamps: photographs and drawings of Tux Paint (2022.06.04, GPL 2); the first line of a stamp's text is its caption.
Letters, numbers, coins and notes are left out. Icons: Streamline Kameleon (1.2.2, CC BY 4.0), drawn by rsvg-convert;
the caption comes from the name, and says blue where there is a second, blue drawing. Brands are left out.
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys

BRANDS = re.compile("logo|mac-|iphone|ipad|ipod|wii|r2d2|wall-e|spongebob|github|apple-pay|facebook|twitter|android")


def stamps(package):
    source = package / "usr/share/tuxpaint/stamps"
    folder = pathlib.Path("stamps")
    folder.mkdir()
    for text in sorted(source.rglob("*.txt")):
        picture = text.with_suffix(".png")
        name = str(text.relative_to(source).with_suffix("")).replace("/", "-")
        caption = text.read_text(encoding="utf-8").splitlines()[0].strip()
        if picture.exists() and caption and not name.startswith("symbols-"):
            shutil.copy(picture, folder / f"{name}.png")
            (folder / f"{name}.txt").write_text(caption + "\n", encoding="utf-8")


def icons(package):
    folder = pathlib.Path("icons")
    folder.mkdir()
    for name, icon in json.loads((package / "icons.json").read_text())["icons"].items():
        thing = name.removesuffix("-duo")
        if BRANDS.search(thing):
            continue
        svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48" width="128" height="128">{icon["body"]}</svg>'
        subprocess.run(["rsvg-convert", "-o", folder / f"{name}.png"], input=svg.encode(), check=True)
        words = re.sub(r"-?\d+", "", thing).replace("-", " ").strip()
        kind = "an icon of" if thing == name else "a blue icon of"
        (folder / f"{name}.txt").write_text(f"{kind} {words}\n")


stamps(pathlib.Path(sys.argv[1]))
icons(pathlib.Path(sys.argv[2]))
