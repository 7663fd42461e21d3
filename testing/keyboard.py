"""A person who uses the pages with the keys Tab, Enter and Space, and sees where the focus is."""

from typing import Any, Self

from playwright.sync_api import Locator, Page, expect

from testing.browser import folded

MOST_STOPS = 60
FOCUS = """() => {
  const element = document.activeElement, style = getComputedStyle(element), box = element.getBoundingClientRect();
  return {
    name: element.outerHTML.slice(0, 120),
    ringed: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
    inside: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
  };
}"""
IS_FOCUSED = "element => element === document.activeElement"
OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


class Keyboard:
    """One page, used without a mouse; each stop must show its focus, and no page may scroll sideways."""

    def __init__(self, page: Page, url: str) -> None:
        """Take the page, and where the suite is."""
        self.page = page
        self.url = url

    def open(self, address: str) -> Self:
        """Type an address."""
        self.page.goto(address if address.startswith("http") else self.url + address)
        return self

    def follow(self, link: str) -> Self:
        """Go to a link, and press Enter."""
        self._reach(self.page.get_by_role("link", name=link).first)
        self.page.keyboard.press("Enter")
        return self

    def fill(self, button: str, **values: str) -> Self:
        """Fill in the form that a button belongs to; Enter in its last field sends it."""
        for line in folded(self.page, button).all():
            self._reach(line)
            self.page.keyboard.press("Enter")
        for name, value in values.items():
            self._reach(self._form(button).locator(f"[name={name}]:not([type=hidden])"))
            self.page.keyboard.press("Control+A")
            self.page.keyboard.type(value)
        self.page.keyboard.press("Enter")
        return self

    def tick(self, button: str, name: str) -> Self:
        """Tick a box with the space bar."""
        self._reach(self._form(button).locator(f"[name={name}]"))
        self.page.keyboard.press("Space")
        return self

    def press(self, button: str) -> Self:
        """Go to a button, and press it."""
        self._reach(self.page.get_by_role("button", name=button, exact=True).first)
        self.page.keyboard.press("Enter")
        return self

    def unfold(self, label: str) -> Self:
        """Open what asks before it acts; nothing has happened yet."""
        self._reach(self.page.locator("summary", has_text=label))
        self.page.keyboard.press("Enter")
        return self

    def reads(self, sentence: str) -> Self:
        """Find a sentence on the page, which fits its width and shows at once what the last action did."""
        expect(self.page.locator("body")).to_contain_text(sentence)
        for told in self.page.locator(".flash").all():
            expect(told).to_be_in_viewport(ratio=0.9)
        assert self.page.evaluate(OVERFLOW) <= 0, f"{self.page.url} scrolls sideways"
        return self

    def is_at(self, path: str) -> Self:
        """Find oneself at an address."""
        expect(self.page).to_have_url(self.url + path)
        return self

    def is_told(self, sentence: str) -> Self:
        """Find the focus on the summary of what went wrong."""
        self.reads(sentence)
        summary = self.page.locator("#summary")
        expect(summary).to_be_focused()
        expect(summary).to_contain_text(sentence)
        return self

    def text(self, selector: str) -> str:
        """Read a part of the page."""
        return self.page.text_content(selector) or ""

    def _form(self, button: str) -> Locator:
        return self.page.locator("form", has=self.page.get_by_role("button", name=button, exact=True))

    def _reach(self, target: Locator) -> None:
        target.wait_for()
        for _ in range(MOST_STOPS):
            if target.evaluate(IS_FOCUSED):
                return
            self.page.keyboard.press("Tab")
            self._see_focus()
        raise AssertionError(f"no Tab leads to {target}")

    def _see_focus(self) -> None:
        focus: dict[str, Any] = self.page.evaluate(FOCUS)
        lost = focus["name"].startswith("<body")  # between the last stop and the first
        assert lost or (focus["ringed"] and focus["inside"]), f"no visible focus at {focus['name']}"
