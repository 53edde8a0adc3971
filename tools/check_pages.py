"""Watch built pages: broken links, requests to foreign hosts, missing descriptions, headings."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup, Tag

# Links that a browser follows by itself, as against those that a reader follows.
LOADED = {
    "stylesheet",
    "icon",
    "preload",
    "prefetch",
    "preconnect",
    "dns-prefetch",
    "modulepreload",
}
CSS_ADDRESS = re.compile(r"(?:url\(\s*|@import\s+)[\"']?((?:https?:)?//[^\"')\s]+)")


@cache
def _page(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


@cache
def _anchors(path: Path) -> frozenset[str]:
    return frozenset(str(element["id"]) for element in _page(path).find_all(id=True))


@cache
def _target(folder: Path, address: str) -> Path | None:
    """File to which a link in a folder leads, if there is one."""
    target = (folder / unquote(address)).resolve()
    return target if target.is_file() else None


def is_foreign(address: str) -> bool:
    """Whether an address names a host.

    Parameters
    ----------
    address : str
        As it stands in a page.

    Returns
    -------
    bool
        True for ``https://host/x`` and ``//host/x``.

    Examples
    --------
    >>> [is_foreign(text) for text in ("a.js", "//host/a.js", "https://host/a.js", "data:,x")]
    [False, True, True, False]
    """
    return bool(urlsplit(address).netloc)


def foreign_requests(page: BeautifulSoup) -> Iterator[str]:
    """Find what a browser would fetch from another host when it opens the page.

    Parameters
    ----------
    page : BeautifulSoup
        The page.

    Yields
    ------
    str
        One line for each.
    """
    for element in page.find_all(True):
        loaded = [element.get("src"), element.get("srcset"), element.get("poster")]
        if element.name == "link" and LOADED & {*element.get_attribute_list("rel")}:
            loaded.append(element.get("href"))
        if element.name == "object":
            loaded.append(element.get("data"))
        for address in filter(None, loaded):
            if is_foreign(str(address)):
                yield f"<{element.name}> fetches {address}"
        styles = str(element.get("style", ""))
        if element.name == "style":
            styles += element.get_text()
        for address in CSS_ADDRESS.findall(styles):
            yield f"a style of <{element.name}> fetches {address}"


def _broken_links(path: Path) -> Iterator[str]:
    for element in _page(path).find_all(["a", "img", "script", "link", "iframe", "source"]):
        address = str(element.get("href") or element.get("src") or "")
        parts = urlsplit(address)
        if not address or parts.scheme or parts.netloc:
            continue
        target = _target(path.parent, parts.path) if parts.path else path
        if target is None:
            yield f"<{element.name}> leads to {address}, which does not exist"
        elif (
            parts.fragment
            and target.suffix == ".html"
            and unquote(parts.fragment) not in _anchors(target)
        ):
            yield f"<{element.name}> leads to {address}, where there is no such anchor"


def _undescribed(page: BeautifulSoup) -> Iterator[str]:
    for picture in page.find_all("img"):
        alt = str(picture.get("alt", "")).strip()
        if not alt or alt == picture.get("src"):  # Sphinx puts the address where nothing is said
            yield f"picture without a description: {str(picture.get('src'))[:60]}"


def _headings(page: BeautifulSoup) -> Iterator[str]:
    last = 0
    headings = page.find_all([f"h{level}" for level in range(1, 7)])
    # The theme repeats the title for paper.
    on_screen = [each for each in headings if each.find_parent(class_="onlyprint") is None]
    for heading in on_screen:
        level = int(heading.name[1])
        if level > last + 1:
            yield f"<{heading.name}> {heading.get_text()[:60]!r} follows a heading of level {last}"
        last = level
    count = sum(heading.name == "h1" for heading in on_screen)
    if count != 1:
        yield f"{count} headings of level 1 instead of one"


def _frame(page: BeautifulSoup) -> Iterator[str]:
    if not isinstance(page.html, Tag) or not page.html.get("lang"):
        yield "<html> does not say its language"
    if page.title is None or not page.title.get_text().strip():
        yield "no title"
    if page.find("meta", attrs={"name": "viewport"}) is None:
        yield "no viewport: a phone would show it tiny"
    ids = Counter(str(element["id"]) for element in page.find_all(id=True))
    for name, count in ids.items():
        if count > 1:
            yield f"id {name!r} stands {count} times"


def problems(folder: Path) -> list[str]:
    """Check every page and style sheet in a folder.

    Parameters
    ----------
    folder : Path
        What is to be put on a server, or opened from a disk.

    Returns
    -------
    list of str
        ``file: problem``, one line each; empty if all is well.
    """
    _page.cache_clear()
    _anchors.cache_clear()
    _target.cache_clear()
    found = []
    for path in sorted(folder.resolve().rglob("*.html")):
        if "_static" in path.parts:  # templates that the themes leave behind; nothing links them
            continue
        page = _page(path)
        for check in (foreign_requests, _undescribed, _headings, _frame):
            found += [f"{path.relative_to(folder.resolve())}: {text}" for text in check(page)]
        found += [f"{path.relative_to(folder.resolve())}: {text}" for text in _broken_links(path)]
    for path in sorted(folder.resolve().rglob("*.css")):
        for address in CSS_ADDRESS.findall(path.read_text(encoding="utf-8")):
            found.append(f"{path.relative_to(folder.resolve())}: fetches {address}")
    return found
