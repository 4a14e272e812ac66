"""Makes the pictures of the README from the served example clinic: `python -m tests.example_host.pictures`."""

from __future__ import annotations

import base64
import shutil
import struct
import sys
import tempfile
import zlib
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from ..conftest import CHROMIUM_FLAGS, PROJECT
from .clinic_client import HOST
from .served import ServedClinic, served
from .steps import book, cancel, choose_time, fill_in, open_in_diary, press_cancel, sign_in

FOLDER = PROJECT / "docs" / "images"
TODAY = "2026-12-02"
WIDTH = 1280
PIXELS = """async (png) => {
    const image = await createImageBitmap(await (await fetch("data:image/png;base64," + png)).blob());
    const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d");
    canvas.drawImage(image, 0, 0);
    const pixels = canvas.getImageData(0, 0, image.width, image.height).data;
    let text = "";
    for (let at = 0; at < pixels.length; at += 4) text += String.fromCharCode(...pixels.subarray(at, at + 3));
    return [image.width, image.height, btoa(text)];
}"""


def main() -> None:
    sys.path.insert(0, str(HOST))
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as clinic, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        page = browser.new_page(base_url=clinic.address, locale="en-GB", reduced_motion="reduce")
        sign_in(page)
        picture_of_cancelling(clinic, page)
        picture_of_diary(clinic, page)
        browser.close()


def picture_of_cancelling(clinic: ServedClinic, page: Page) -> None:
    """The dialog over the diary, filled in up to the button."""
    page.set_viewport_size({"width": WIDTH, "height": 1370})
    press_cancel(open_in_diary(page, clinic.pick(TODAY, deposit=True)))
    fill_in(page, side="client", reason="illness", note="Fever since this morning. Will call again.", fee="charge")
    page.locator("dialog").evaluate("dialog => { dialog.scrollTop = 0; document.activeElement.blur(); }")
    save(page, "cancel.png")


def picture_of_diary(clinic: ServedClinic, page: Page) -> None:
    """The diary with two cancelled visits, one of which is booked again."""
    page.set_viewport_size({"width": WIDTH, "height": 960})
    for language in ("bg", "en"):
        visit = clinic.pick(TODAY, language=language, after="11:30")
        cancel(page, visit, side="client", reason="work", fee="waive", waive_reason="Told us as soon as possible")
    choose_time(page, visit)
    book(page, "Olga")
    page.goto(f"/diary?day={TODAY}")
    save(page, "diary.png")


def save(page: Page, name: str) -> None:
    """Store what the window shows as a PNG without filters, which packs flat pages best."""
    width, height, text = page.evaluate(PIXELS, base64.b64encode(page.screenshot()).decode())
    pixels = base64.b64decode(text)
    rows = b"".join(b"\0" + pixels[at : at + width * 3] for at in range(0, len(pixels), width * 3))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b"")]
    packed = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    (FOLDER / name).write_bytes(b"\x89PNG\r\n\x1a\n" + packed)


if __name__ == "__main__":
    main()
