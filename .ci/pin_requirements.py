"""Write `requirements/*.txt`: exact versions for run, demo, test and lint, as installed in this environment.

    .venv/bin/python .ci/pin_requirements.py

Each file starts from what pyproject.toml asks for and follows every requirement that holds here.
`minimum.txt` pins the lower bounds themselves instead. No addresses, no hashes: the files say which
version, the machine says from where.
"""

from __future__ import annotations

import itertools
import sys
import tomllib
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
HEADER = "# {what} Made by .ci/pin_requirements.py from pyproject.toml; do not edit.\n"


def closure(wanted: list[str]) -> dict[str, str]:
    """Name and installed version of each requirement and of all that they need."""
    pins: dict[str, str] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = [(Requirement(text), "") for text in wanted]
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        if (name, frozenset(requirement.extras)) in seen:
            continue
        seen.add((name, frozenset(requirement.extras)))
        package = distribution(name)
        pins[name] = package.version
        for text in package.requires or []:
            waiting.extend((Requirement(text), wanted_extra) for wanted_extra in ("", *requirement.extras))
    return pins


def minimum(config: dict[str, Any], installed: dict[str, str]) -> dict[str, str]:
    """The lowest allowed version of each dependency, and the installed one of what only the tests use."""
    project = config["project"]
    groups = config["dependency-groups"]
    pins: dict[str, str] = {}
    for text in [*groups["build"], *groups["demo"], *groups["test"]]:
        requirement = Requirement(text)
        pins[canonicalize_name(requirement.name)] = installed[canonicalize_name(requirement.name)]
    for text in [*project["dependencies"], *itertools.chain(*project["optional-dependencies"].values())]:
        requirement = Requirement(text)
        (bound,) = requirement.specifier
        if bound.operator != ">=":
            raise SystemExit(f"not a lower bound: {text}")
        name = canonicalize_name(requirement.name)
        pins.pop(name, None)
        pins[name + "".join(f"[{extra}]" for extra in requirement.extras)] = bound.version
    return pins


def write(name: str, what: str, pins: dict[str, str], base: str = "") -> None:
    """Write one file; `base` is the file whose pins it starts from."""
    lines = [HEADER.format(what=what), f"-r {base}.txt\n" if base else ""]
    lines.extend(f"{package}=={version}\n" for package, version in sorted(pins.items()))
    Path(ROOT, "requirements", f"{name}.txt").write_text("".join(lines), encoding="utf-8")


def main() -> int:
    """Write all files."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = config["dependency-groups"]
    run = closure([*config["project"]["dependencies"], *groups["build"]])
    demo = closure(groups["demo"])
    test = closure(groups["test"])
    lint = closure(groups["lint"])
    demo = {name: version for name, version in demo.items() if name not in run}
    test = {name: version for name, version in test.items() if name not in run | demo}
    lint = {name: version for name, version in lint.items() if name not in run | demo | test}
    write("run", "What an app with flask_cancellations needs, and what builds the package.", run)
    write("demo", "What the example host needs beyond that.", demo, base="run")
    write("test", "What the tests and measurements need beyond that.", test, base="demo")
    write("lint", "What the checks need beyond that.", lint, base="test")
    write(
        "minimum",
        "The lower bounds of pyproject.toml, and what it takes to run the tests on them.",
        minimum(config, run | demo | test),
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
