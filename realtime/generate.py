"""Write what is generated from the message catalogue: `python -m realtime.generate [--check]`.

Targets: web/src/live/messages.ts, docs/asyncapi.json and the marked blocks of docs/messages.md. With `--check` nothing is written and the exit
status tells whether all are current.
"""

import re
import sys
from pathlib import Path

from realtime.generators.asyncapi import asyncapi
from realtime.generators.markdown import markdown
from realtime.generators.typescript import typescript

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"(<!-- generated: (?P<name>[a-z ]+) -->\n).*?(\n<!-- end -->)", re.DOTALL)


def outputs(root: Path = ROOT) -> dict[Path, str]:
    """Render every generated file below *root*; the page keeps its hand-written prose."""
    page = root / "docs" / "messages.md"
    return {
        root / "web" / "src" / "live" / "messages.ts": typescript(),
        root / "docs" / "asyncapi.json": asyncapi(),
        page: fill(page.read_text(encoding="utf-8")),
    }


def fill(text: str) -> str:
    """Replace the marked blocks of *text*; raises KeyError for a block nobody generates."""
    blocks = markdown()
    return BLOCK.sub(lambda match: f"{match[1]}\n{blocks[match['name']]}\n{match[3]}", text)


def stale(root: Path = ROOT) -> list[Path]:
    """List generated files that differ from the catalogue."""
    return [
        path for path, text in outputs(root).items() if not path.exists() or path.read_text(encoding="utf-8") != text
    ]


def main(arguments: list[str]) -> int:
    """Write the files, or with --check name those that are stale."""
    behind = stale()
    for path in behind:
        print(path.relative_to(ROOT))
        if "--check" not in arguments:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(outputs()[path], encoding="utf-8")
    return 1 if behind and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
