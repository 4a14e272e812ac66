"""What is measured on a page of ours, wherever it is shown; each answers with what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from axe_playwright_python.sync_playwright import Axe

if TYPE_CHECKING:
    from playwright.sync_api import Page

# Ours are the parts under these; where a dialog is open, it alone.
OURS = """const roots = [...document.querySelectorAll("dialog[open]")];
    if (!roots.length) roots.push(...document.querySelectorAll(".fcx-page"));
    const within = (what) => roots.flatMap((root) => [...root.querySelectorAll(what)])
        .filter((one) => !one.closest("[hidden], .fcx-unseen, template") && one.type !== "hidden");
    // A choice is pressed anywhere on its card.
    const target = (one) => one.closest(".fcx-choice, .fcx-check") ?? one;
    const named = (one) => one.name || one.textContent.trim().slice(0, 30) || one.className;"""
CONTROLS = '"a, button, input, select, summary, textarea"'

SIDEWAYS = "() => Math.max(0, document.documentElement.scrollWidth - innerWidth)"

# Every control, label and heading can be seen, and lies on the page.
UNSEEN = f"""() => {{ {OURS}
    return within({CONTROLS} + ", label, legend, th, td, h1, h2, h3, dt, dd").filter((one) => {{
        if (one.closest(".fcx-table-head, .fcx-daynav-word, .fcx-close:not(dialog *), [data-fcx-plain]")) return false;
        if (one.closest(".fcx-td-actions:not(:has(a))")) return false;
        const box = one.getBoundingClientRect();
        return !one.checkVisibility({{ opacityProperty: true, visibilityProperty: true }})
            || box.width < 1 || box.left < -1 || box.right > innerWidth + 1;
    }}).map(named);
}}"""

# What is pressed is at least 24 by 24 CSS pixels (WCAG 2.2, 2.5.8), but for links in the middle of a sentence.
SMALL = f"""() => {{ {OURS}
    return within({CONTROLS}).filter((one) => !one.matches("p a, li a")).map(target).filter((one) => {{
        const box = one.getBoundingClientRect();
        return box.width && (box.width < 24 || box.height < 24);
    }}).map(named);
}}"""

# Text is as we wrote it: its size, its case, its spacing.
TWISTED = f"""() => {{ {OURS}
    return within("*").filter((one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
        .filter((one) => {{
            const is = getComputedStyle(one);
            return parseFloat(is.fontSize) < 12 || parseFloat(is.fontSize) > 30 || is.textTransform !== "none"
                || is.fontStyle !== "normal" || is.textIndent !== "0px" || is.textShadow !== "none"
                || Math.abs(parseFloat(is.letterSpacing) || 0) > 1;
        }}).map(named);
}}"""

# Whoever goes by keyboard sees where they are.
UNFOCUSED = f"""() => {{ {OURS}
    const before = document.activeElement;
    const lost = within({CONTROLS}).filter((one) => one.checkVisibility()).filter((one) => {{
        one.focus();
        const is = getComputedStyle(one.matches(".fcx-choice-input") ? target(one) : one);
        return document.activeElement !== one || is.outlineStyle === "none" || parseFloat(is.outlineWidth) < 2;
    }});
    before.focus();
    return lost.map(named);
}}"""


def faults(page: Page) -> list[str]:
    """What is wrong with the looks of the page as it is, once its styles are there: a click does not wait for them."""
    page.wait_for_load_state("load")
    page.keyboard.press("Shift")  # the last thing used was the keyboard: browsers then show the focus
    measured = {"unseen": UNSEEN, "small": SMALL, "twisted": TWISTED, "unfocused": UNFOCUSED}
    found = [f"{what}: {name}" for what, script in measured.items() for name in page.evaluate(script)]
    sideways = page.evaluate(SIDEWAYS)
    return [*found, f"sideways: {sideways}"] if sideways else found


def barriers(page: Page) -> list[str]:
    """What axe-core finds, all its rules on."""
    violations = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [f"{one['id']}: {node['html']}" for one in violations for node in one["nodes"]]


def inside_window(page: Page) -> bool:
    """Whether the open dialog lies in the window on all sides."""
    return bool(
        page.locator("dialog[open]").evaluate(
            """dialog => {
                const box = dialog.getBoundingClientRect();
                return box.left >= 0 && box.top >= 0 && box.right <= innerWidth && box.bottom <= innerHeight;
            }"""
        )
    )
