"""The table of all keys in docs/configuration.md: checks that it is what the code says; ``--write`` writes it."""

from __future__ import annotations

import sys
from pathlib import Path

from flask_cancellations.settings import KEYS

PAGE = Path(__file__).parent.parent / "docs" / "configuration.md"
BEGIN, END = "<!-- keys: written by `make keys` -->", "<!-- end of keys -->"


def table() -> str:
    """The rows, one per key, as Markdown."""
    rows = ["| key | type | default | what it is |", "|---|---|---|---|"]
    for key in KEYS:
        default = key.default_text if key.default_text == "required" else f"`{key.default_text}`"
        rows.append(f"| `{key.name}` | {key.type} | {default} | {key.doc} |")
    return "\n".join(rows)


def main() -> int:
    """0 if the page is up to date (or was written), 1 with the mend if it is not."""
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    wanted = f"{before}{BEGIN}\n{table()}\n{END}{after}"
    if "--write" in sys.argv[1:]:
        PAGE.write_text(wanted, encoding="utf-8")
    elif wanted != text:
        print("docs/configuration.md is out of date; run: make keys")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
