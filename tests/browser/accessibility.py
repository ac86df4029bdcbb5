"""What a page owes everybody: the rules of axe-core, and what a program must try by hand to know.

Each check returns sentences about what is wrong, none when nothing is.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal

from playwright.async_api import Page

from server.templating import WEB

PHONE = (360, 780)
ZOOMED = (640, 450)  # a screen of 1280 by 900 at 200 %
STOPS_MAX = 60

# Needed once per page: rules about the language's own contrast are asked again in the dark.
_AXE = """async (only) => {
  const options = only ? {runOnly: only} : {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]};
  const { violations } = await axe.run(document, options);
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target, any, all, none }) =>
    `${id}: ${target.join(" ")} (${[...any, ...all, ...none].map(({ message }) => message)[0] ?? ""})`));
}"""

_WIDTH = """() => {
  const wrong = [];
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width) wrong.push(`the page is ${document.documentElement.scrollWidth} wide`);
  const contained = (e) => {
    for (let p = e; p && p !== document.body; p = p.parentElement) if (getComputedStyle(p).overflowX !== "visible") return true;
    return false;
  };
  for (const e of document.querySelectorAll("body *")) {
    const text = [...e.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!text || !e.checkVisibility({ opacityProperty: true, visibilityProperty: true }) || e.closest("[aria-hidden=true], .visually-hidden")) continue;
    const [style, box] = [getComputedStyle(e), e.getBoundingClientRect()];
    if (box.width <= 1) continue; // for listeners only
    const name = `${e.tagName.toLowerCase()}.${e.className} “${e.textContent.trim().slice(0, 40)}”`;
    if ((box.right > width + 1 || box.left < -1) && !contained(e) && box.bottom > 0) wrong.push(`outside the window: ${name}`);
    if (style.overflowX !== "visible" && style.textOverflow !== "ellipsis" && !["auto", "scroll"].includes(style.overflowX)
      && e.scrollWidth > e.clientWidth + 1) wrong.push(`cut off: ${name}`);
  }
  return wrong;
}"""

_FOCUS = """() => {
  const e = document.activeElement;
  if (!e || e === document.body) return null;
  const said = (e.getAttribute("aria-label") ?? e.textContent ?? "").trim().slice(0, 40);
  const name = `${e.tagName.toLowerCase()}.${e.className} “${said}”`;
  const wrong = [];
  // The mark may be that of the card or the label it stands in; a frame, and a date's calendar button, have marks of their own.
  const marked = (one) => {
    const style = getComputedStyle(one);
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 && !/^rgba.*, 0\\)$/.test(style.outlineColor);
  };
  let [one, shows] = [e, e.tagName === "IFRAME" || e === window.beforeFocus];
  for (; one && one !== document.body && !shows; one = one.parentElement) shows = marked(one);
  if (!shows) wrong.push(`focus does not show: ${name}`);
  const box = e.getBoundingClientRect();
  const [x, y] = [(Math.max(0, box.left) + Math.min(innerWidth, box.right)) / 2, (Math.max(0, box.top) + Math.min(innerHeight, box.bottom)) / 2];
  const top = document.elementFromPoint(x, y);
  if (box.bottom <= 0 || box.top >= innerHeight) wrong.push(`focus is off the screen: ${name}`);
  else if (box.width > 1 && top && !e.contains(top) && !top.contains(e) && !e.closest("label")?.contains(top)) {
    wrong.push(`focus is covered: ${name} by ${top.tagName.toLowerCase()}.${top.className}`);
  }
  const before = window.beforeFocus;
  window.beforeFocus = e;
  if (before === e && !e.matches("input[type=date], input[type=time], iframe")) wrong.push(`focus is caught: ${name}`);
  else if (before?.isConnected && before.compareDocumentPosition(e) & Node.DOCUMENT_POSITION_PRECEDING) {
    if (e === window.firstFocus) return null;
    wrong.push(`focus goes back: ${name}`);
  }
  window.firstFocus ??= e;
  return wrong;
}"""

_MOTION = """() => {
  const wrong = document.getAnimations()
    .filter((one) => one.playState === "running" && one.effect.getComputedTiming().duration > 20)
    .map((one) => `still moves: ${one.animationName ?? one.transitionProperty} on ${one.effect.target.className}`);
  for (const e of document.querySelectorAll("*")) {
    const style = getComputedStyle(e);
    const longest = Math.max(...style.transitionDuration.split(",").map(parseFloat));
    if (longest > 0.02) wrong.push(`would move for ${longest} s: ${e.tagName.toLowerCase()}.${e.className}`);
  }
  return wrong;
}"""

_HEADINGS = """() => {
  const levels = [...document.querySelectorAll("h1, h2, h3, h4, h5, h6, [role=heading]")]
    .filter((e) => e.checkVisibility()).map((e) => Number(e.getAttribute("aria-level") ?? e.tagName[1]));
  const wrong = [];
  if (levels.filter((level) => level === 1).length !== 1) wrong.push(`headings ${levels}: not one of the first level`);
  levels.forEach((level, i) => { if (level > (levels[i - 1] ?? 0) + 1 && i > 0) wrong.push(`headings ${levels}: a level is skipped`); });
  if (document.querySelectorAll("main").length !== 1) wrong.push("not one main landmark");
  if (!document.title.trim()) wrong.push("no title");
  return wrong;
}"""


@lru_cache
def _axe_source() -> str:
    return (WEB / "node_modules/axe-core/axe.min.js").read_text()


async def broken_rules(page: Page) -> list[str]:
    """Ask axe-core, in the light and (contrast only) in the dark."""
    await page.evaluate(_axe_source())
    found: list[str] = await page.evaluate(_AXE, None)
    await page.emulate_media(color_scheme="dark")
    await _next_picture(page)
    found += [f"in the dark: {one}" for one in await page.evaluate(_AXE, ["color-contrast"])]
    await page.emulate_media(color_scheme="light")
    return found + await _ask(page, _HEADINGS) + await _ask(page, _MOTION)


async def broken_widths(page: Page) -> list[str]:
    """Look for what does not fit on a phone and on a screen that is magnified twice."""
    found: list[str] = []
    for width, height in (PHONE, ZOOMED):
        await page.set_viewport_size({"width": width, "height": height})
        found += [f"at {width} pixels: {one}" for one in await _ask(page, _WIDTH)]
    return found


async def broken_focus(page: Page) -> list[str]:
    """Walk through the page with the Tab key: every stop shows, is not covered, and comes after the one before."""
    await page.evaluate("() => { window.beforeFocus = window.firstFocus = undefined; document.activeElement?.blur(); }")
    found: list[str] = []
    for _ in range(STOPS_MAX):
        await page.keyboard.press("Tab")
        await _next_picture(page)
        wrong: list[str] | None = await page.evaluate(_FOCUS)
        if wrong is None:
            break
        found += wrong
    return found


async def speak(page: Page, locale: Literal["de", "en-XB"]) -> None:
    """Show the same page in another language."""
    await page.context.add_cookies([{"name": "fr_lang", "value": locale, "url": page.url}])
    await page.reload()


async def _next_picture(page: Page) -> None:
    """Wait until the frame at hand has been drawn."""
    await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


async def _ask(page: Page, question: str) -> list[Any]:
    answer: list[Any] = await page.evaluate(question)
    return answer
