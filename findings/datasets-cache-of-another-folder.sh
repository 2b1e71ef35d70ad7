#!/bin/sh
# Hugging Face datasets 5.2.0, two local folders with the same name in different places, each with a README.md that
# names a config and its data files by a relative path, as the card of a dataset does.
#
# The second load_dataset() returns the samples of the first folder, without a word: the key of the cached table is
# made of the folder's name, the config and the card's text, not of where the folder lies or what its files hold. The
# same folders without a README.md are told apart. So a card in exported archives, whose folders all have one name,
# makes the loader take one job's pictures for another's.
#
# Seen with Python 3.11: "with a card: first 3, second 3 (it has 5); without: first 3, second 5".
# Needs Python 3.10 or newer with venv, and PyPI. Fails if it behaves otherwise.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet install datasets==5.2.0
cat >"$folder/finding.py" <<'PY'
import json, os, pathlib, sys

root = pathlib.Path(sys.argv[1])
CARD = "---\nconfigs:\n- config_name: captions\n  data_files: captions.jsonl\n---\n"


def sizes(kind, card):
    os.environ["HF_DATASETS_CACHE"] = str(root / kind / "cache")
    import datasets

    datasets.disable_progress_bars()
    read = []
    for place, count in (("first", 3), ("second", 5)):
        exported = root / kind / place / "export"
        exported.mkdir(parents=True)
        lines = (json.dumps({"caption": f"{place} {i}"}) for i in range(count))
        (exported / "captions.jsonl").write_text("\n".join(lines) + "\n")
        if card:
            (exported / "README.md").write_text(CARD)
        read.append(len(datasets.load_dataset(str(exported), split="train", cache_dir=str(root / kind / "cache"))))
    return read


with_card, without = sizes("with", True), sizes("without", False)
print(f"with a card: first {with_card[0]}, second {with_card[1]} (it has 5); "
      f"without: first {without[0]}, second {without[1]}")
sys.exit(0 if (with_card, without) == ([3, 3], [3, 5]) else 1)
PY
HF_HUB_OFFLINE=1 "$folder/venv/bin/python" "$folder/finding.py" "$folder"
