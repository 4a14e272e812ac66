"""Runs every measurement, or those that the command line names."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import benchmarks


def measurements() -> dict[str, object]:
    """The ``main`` of every module that has one, by the module's name."""
    names = sorted(module.name for module in pkgutil.iter_modules(benchmarks.__path__) if module.name != "__main__")
    modules = {name: importlib.import_module(f"benchmarks.{name}") for name in names}
    return {name: module.main for name, module in modules.items() if hasattr(module, "main")}


def main(wanted: list[str]) -> int:
    """Run the wanted ones; the exit code."""
    known = measurements()
    unknown = [name for name in wanted if name not in known]
    if unknown:
        print(f"no such measurement: {', '.join(unknown)}; there are: {', '.join(known)}", file=sys.stderr)
        return 2
    for name in wanted or known:
        run = known[name]
        assert callable(run)
        run()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
