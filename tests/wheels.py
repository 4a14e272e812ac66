"""Turns what is installed here into wheels again, so that pip can fill a new environment without any network."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).resolve().parent.parent
LEFT_OUT = {"INSTALLER", "REQUESTED", "direct_url.json"}


def fill(folder: Path, *wanted: str) -> None:
    """Put wheels of these requirements, and of all that they need, into a folder; of this project the tree's."""
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--wheel-dir", str(folder), str(PROJECT)], check=True)
    waiting, seen = [Requirement(text) for text in wanted], set()
    while waiting:
        name = canonicalize_name(waiting.pop().name)
        if name in seen:
            continue
        seen.add(name)
        found = distribution(name)
        waiting.extend(
            needed
            for needed in map(Requirement, found.requires or ())
            if needed.marker is None or needed.marker.evaluate({"extra": ""})
        )
        if name != "flask-cancellations":
            pack(found, folder)


def pack(found: Distribution, folder: Path) -> None:
    """Write the wheel that this distribution was installed from, without the scripts, which pip makes anew."""
    lines = (found.read_text("WHEEL") or "").splitlines()
    tags = [line.removeprefix("Tag: ").split("-") for line in lines if line.startswith("Tag: ")]
    fits = "-".join(".".join(dict.fromkeys(part)) for part in zip(*tags, strict=True))  # as in py2.py3-none-any
    name = f"{canonicalize_name(found.name).replace('-', '_')}-{found.version}-{fits}.whl"
    with zipfile.ZipFile(folder / name, "w") as archive:
        for file in found.files or ():
            if ".." not in file.parts and file.suffix != ".pyc" and file.name not in LEFT_OUT:
                archive.write(str(found.locate_file(file)), str(file))
