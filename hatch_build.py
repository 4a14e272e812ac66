"""Compiles the catalogues of `translations/` while the package is built.

A wheel carries `flask_cancellations/translations/<locale>/LC_MESSAGES/flask_cancellations.mo`; an
editable install reads the `.mo` files that this hook leaves beside the `.po` files, where git ignores
them.
"""

from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

DOMAIN = "flask_cancellations"


def compile_catalogues(translations: Path) -> list[Path]:
    """Write the `.mo` file beside every `.po` file of our domain; return their paths."""
    compiled = []
    for po_path in sorted(translations.glob(f"*/LC_MESSAGES/{DOMAIN}.po")):
        locale = po_path.parent.parent.name
        with po_path.open("rb") as po_file:
            catalogue = read_po(po_file, locale=locale, domain=DOMAIN, abort_invalid=True)
        mo_path = po_path.with_suffix(".mo")
        with mo_path.open("wb") as mo_file:
            write_mo(mo_file, catalogue)
        compiled.append(mo_path)
    return compiled


class CatalogueBuildHook(BuildHookInterface):  # type: ignore[type-arg]  # its parameter, the builder's type, is not used
    """The hook that hatchling finds in this file."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and add the results to the wheel; an editable build needs them on disk only."""
        translations = Path(self.root, "translations")
        for mo_path in compile_catalogues(translations):
            inside = Path(DOMAIN, "translations", mo_path.relative_to(translations))
            if version != "editable":
                build_data["force_include"][str(mo_path)] = inside.as_posix()
