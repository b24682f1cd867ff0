"""Counts the formulas of a file that the extension `spoken-formulas` sets, beside those that pandoc's own writer sets.

    python benchmarks/formulas.py FILE [--json] [--examples N]

A line of the file is one formula between ``$`` or ``$$``; what stands before a tab in it is where the formula is from.
Every formula is read, set and spoken, and what is made of it is compiled by Typst. The numbers:

set, share
    Formulas that Typst sets, with words, and their share of all.
refused
    Formulas that the extension refuses, by reason, the most frequent first.
refused_by_typst
    Formulas that the extension sets and Typst refuses, with Typst's words.
crashed
    Formulas at which the extension itself fails, with Lua's words.
pandoc_set, pandoc_share
    Formulas that pandoc's own writer sets and Typst accepts.
seconds, slowest
    The extension's time for all formulas, and for the slowest of them.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import typst

ROOT = Path(__file__).resolve().parents[1]
EXTENSION = ROOT / "report" / "_extensions" / "spoken-formulas"
BATCH = 250
CONVERT = """
local folder = arg[1]
local converter = dofile(folder .. "/converter.lua")(folder)
local made = {}
for index, item in ipairs(pandoc.json.decode(io.read("a"), false)) do
  local start, out = os.clock(), {}
  local well, why = pcall(function()
    local tree = converter.read(item[1])
    out.typst, out.words = converter.write(tree, item[2]), converter.say(tree)
  end)
  if not well then out = type(why) == "table" and {refused = why.refused} or {crashed = tostring(why)} end
  out.seconds = os.clock() - start
  made[index] = out
end
print(pandoc.json.encode(made))
"""


def formulas(path: Path) -> list[tuple[str, bool]]:
    """Read the formulas of a file, each with whether it is displayed."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        formula = line.rpartition("\t")[2]
        dollars = 2 if formula.startswith("$$") else 1
        if len(formula) > 2 * dollars:
            found.append((formula[dollars:-dollars], dollars == 2))
    return found


def converted(pandoc: Path, items: Sequence[tuple[str, bool]]) -> list[dict]:
    """Return what the extension makes of each formula."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "convert.lua"
        script.write_text(CONVERT)
        command = [str(pandoc), "lua", str(script), str(EXTENSION)]
        done = subprocess.run(command, input=json.dumps(items), capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def by_pandoc(pandoc: Path, items: Sequence[tuple[str, bool]]) -> list[str | None]:
    """Return what pandoc's own writer makes of each formula; None where it leaves the TeX."""
    kinds = {True: "DisplayMath", False: "InlineMath"}
    blocks = [{"t": "Para", "c": [{"t": "Math", "c": [{"t": kinds[d]}, formula]}]} for formula, d in items]
    border = {"t": "RawBlock", "c": ["typst", "// border"]}
    tree = {
        "pandoc-api-version": [1, 23, 1],
        "meta": {},
        "blocks": [part for block in blocks for part in (block, border)],
    }
    command = [str(pandoc), "-f", "json", "-t", "typst", "--wrap=none", "--quiet"]
    done = subprocess.run(command, input=json.dumps(tree), capture_output=True, text=True, check=True)
    made = [part.strip() for part in done.stdout.split("// border\n")][: len(items)]
    return [part.replace("\n", " ") if part.startswith("$") else None for part in made]


def refused_by_typst(sources: Sequence[str | None]) -> dict[int, str]:
    """Compile pieces of Typst, each one line; return what Typst says against those that it refuses, by index."""
    refused = {}
    left = [index for index, source in enumerate(sources) if source is not None]
    with tempfile.TemporaryDirectory() as folder:
        main = Path(folder) / "main.typ"
        while left:
            batch, left = left[:BATCH], left[BATCH:]
            while batch:
                lines = ["#set page(width: 60cm, height: auto)", *(str(sources[index]) for index in batch)]
                main.write_text("\n".join(lines), encoding="utf-8")
                try:
                    typst.compile(str(main), ignore_system_fonts=True)
                except typst.TypstError as error:
                    place = re.search(r"main\.typ:(\d+)", error.diagnostic)
                    if not place:
                        raise
                    refused[batch.pop(int(place[1]) - 2)] = error.message
                else:
                    break
    return refused


def one_line(made: dict, display: bool) -> str | None:
    """Write a formula as one line of Typst, as the filter does."""
    if "typst" not in made:
        return None
    block = "block: true, " if display else ""
    words = json.dumps(made["words"], ensure_ascii=False)
    return f"#math.equation({block}alt: {words}, $ {made['typst']} $.body);".replace("\n", " ")


def measured(path: Path) -> dict:
    """Count what is set and refused of a file's formulas."""
    from press.typesetting.pandoc import pandoc

    items = formulas(path)
    made = converted(pandoc(), items)
    sources = [one_line(one, display) for one, (_, display) in zip(made, items, strict=True)]
    against = refused_by_typst(sources)
    own = by_pandoc(pandoc(), items)
    own_set = sum(source is not None for source in own) - len(refused_by_typst(own))
    refused = [(one["refused"], formula) for one, (formula, _) in zip(made, items, strict=True) if "refused" in one]
    crashed = [
        {"formula": f, "why": one["crashed"]} for one, (f, _) in zip(made, items, strict=True) if "crashed" in one
    ]
    count = len(items) - len(refused) - len(crashed) - len(against)
    return {
        "processor": processor(),
        "formulas": len(items),
        "set": count,
        "share": round(count / len(items), 5),
        "refused": dict(Counter(re.sub(r", at character \d+$", "", reason) for reason, _ in refused).most_common()),
        "refused_formulas": [{"formula": formula, "why": reason} for reason, formula in refused],
        "refused_by_typst": [{"formula": items[index][0], "why": why} for index, why in against.items()],
        "crashed": crashed,
        "pandoc_set": own_set,
        "pandoc_share": round(own_set / len(items), 5),
        "seconds": round(sum(one["seconds"] for one in made), 2),
        "slowest": round(max(one["seconds"] for one in made), 3),
    }


def processor() -> str:
    """Name the machine's processor."""
    try:
        names = re.findall(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    except OSError:
        names = []
    return names[0] if names else platform.processor() or platform.machine()


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="one formula a line")
    parser.add_argument("--json", action="store_true", help="print JSON, with every formula that is not set")
    options = parser.parse_args(arguments)
    if not options.file.is_file():
        parser.error(f"{options.file}: there is no such file.")
    found = measured(options.file)
    if options.json:
        print(json.dumps(found, ensure_ascii=False, indent=2))
        return 0
    for name in ("processor", "formulas", "set", "share", "pandoc_set", "pandoc_share", "seconds", "slowest"):
        print(f"{name:16} {found[name]}")
    for name in ("crashed", "refused_by_typst"):
        print(f"{name:16} {len(found[name])}")
        for one in found[name]:
            print(f"    {one['why']}: {one['formula']}")
    print(f"{'refused':16} {sum(found['refused'].values())}")
    for reason, count in found["refused"].items():
        print(f"    {count:5} {reason}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
