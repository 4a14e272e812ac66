"""The texts of a page that people see, hear or are shown by our script, without its markup."""

from __future__ import annotations

from html.parser import HTMLParser

# Attributes that browsers show or read out, and those that fcx.js puts on the page.
SPOKEN = (
    *("alt", "title", "placeholder", "label", "summary", "abbr"),
    *("aria-label", "aria-description", "aria-placeholder", "aria-roledescription", "aria-valuetext"),
    *("data-button", "data-fcx-failed"),
)
BUTTONS = ("submit", "button", "reset")
VOID = frozenset(("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"))


class Visible(HTMLParser):
    """`texts` in the order of the page; `lang` and `dir` of its root element.

    What is marked as another language is left out, such as the text for clients in each of theirs.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.lang = ""
        self.dir = ""
        self._open: list[tuple[str, str]] = []  # with the language in force
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "html":
            self.lang, self.dir = given.get("lang", ""), given.get("dir", "")
        self.texts.extend(given[name] for name in SPOKEN if given.get(name))
        if tag == "input" and given.get("type") in BUTTONS and given.get("value"):
            self.texts.append(given["value"])
        if tag == "meta" and given.get("name") == "description":
            self.texts.append(given.get("content", ""))
        if tag not in VOID:
            self._open.append((tag, given.get("lang") or (self._open[-1][1] if self._open else "")))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        ours = not self._open or self._open[-1][1] == self.lang
        if data.strip() and ours and not {"script", "style"} & {tag for tag, _ in self._open}:
            self.texts.append(" ".join(data.split()))
