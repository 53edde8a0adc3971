"""Ask whether pages on other hosts are still there: ``python -m tools.external_links [file …]``.

This is the one check that needs the network, so `make test` leaves it out and a weekly job runs it.
A page counts as there unless its host says that it is not: many hosts refuse programs.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from tools.course import ROOT, program, read

# Hosts that are not asked, by the end of their name -> why.
NOT_ASKED = {
    "localhost": "a reader's own machine",
    "127.0.0.1": "a reader's own machine",
    ".example": "stands for a name of the reader's own",
    ".example.org": "stands for a name of the reader's own",
}
GONE = {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}
TRIES = 3
SECONDS = 20  # for an answer, and between two tries
ADDRESS = re.compile(r"https?://[^\s<>\"'`\\\](){}|]+(?:\([^\s()]*\)[^\s<>\"'`\\\](){}|]*)*")


def addresses_in(text: str) -> set[str]:
    """Addresses of a text, without the full stop or comma that follows one.

    Parameters
    ----------
    text : str
        Markdown, HTML or YAML.

    Returns
    -------
    set of str
        Addresses without a fragment.

    Examples
    --------
    >>> sorted(addresses_in("see [it](https://a.example/b_(c)), or <https://d.example/#e>."))
    ['https://a.example/b_(c)', 'https://d.example/']
    """
    return {found.rstrip(".,;:*_").partition("#")[0] for found in ADDRESS.findall(text)}


def text_of(path: Path) -> str:
    """Return what a reader sees: the sources of a notebook's cells, or the file itself."""
    if path.suffix == ".ipynb":
        return "\n".join("".join(cell["source"]) for cell in read(path)["cells"])
    return path.read_text(encoding="utf-8")


def files_with_links(root: Path = ROOT) -> list[Path]:
    """Pages, notes and docs of the course, and its docstrings."""
    patterns = ("*.md", "*.cff", "notebooks/*.ipynb", "docs/**/*.md", "data/*.md")
    found = {path for pattern in patterns for path in root.glob(pattern)}
    return sorted(found | set((root / "course_utils").rglob("*.py")))


def is_gone(address: str, tries: int = TRIES, wait: float = SECONDS) -> str | None:
    """Why a page is gone, or None if it is there or its host does not say.

    Parameters
    ----------
    address : str
        Of the page.
    tries : int
        How often a host that does not answer is asked.
    wait : float
        Seconds between two tries.

    Returns
    -------
    str or None
        Such as "404 Not Found", or what kept the host from answering each time.
    """
    reason = None
    for attempt in range(tries):
        if attempt:
            time.sleep(wait)
        request = urllib.request.Request(address, headers={"User-Agent": "links of a course"})
        try:
            with urllib.request.urlopen(request, timeout=SECONDS):
                return None
        except urllib.error.HTTPError as error:
            if error.code in GONE:
                return f"{error.code} {error.reason}"
            if error.code < HTTPStatus.INTERNAL_SERVER_ERROR:
                return None  # it is there, and not for programs
            reason = f"{error.code} {error.reason}"
        except (OSError, ValueError) as error:
            reason = str(getattr(error, "reason", error))
    return reason


def dead_links(places: Mapping[str, Iterable[str]], wait: float = SECONDS) -> dict[str, str]:
    """Ask every host once for each page.

    Parameters
    ----------
    places : mapping of str to iterable of str
        Address -> the files that link to it.
    wait : float
        Seconds between two tries.

    Returns
    -------
    dict of str to str
        Address -> why it is gone.
    """
    asked = [
        address
        for address in sorted(places)
        if not (urlsplit(address).hostname or "").endswith(tuple(NOT_ASKED))
    ]
    with ThreadPoolExecutor(8) as pool:
        reasons = pool.map(lambda address: is_gone(address, wait=wait), asked)
        return {address: why for address, why in zip(asked, reasons, strict=True) if why}


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="*", type=Path, help="default: pages, docs and docstrings")


def _run(options: argparse.Namespace) -> int:
    """Exit status: 1 if a page is gone."""
    places: dict[str, list[str]] = {}
    for path in options.files or files_with_links():
        for address in addresses_in(text_of(path)):
            places.setdefault(address, []).append(path.name)
    dead = dead_links(places)
    for address, why in dead.items():
        print(f"✗ {address}: {why} ({', '.join(sorted(places[address]))})", file=sys.stderr)
    print(f"{len(places)} addresses, {len(dead)} gone")
    return int(bool(dead))


main = program(
    "external_links", "Ask whether other hosts' pages are there.", _run, _options, notebooks=False
)

if __name__ == "__main__":
    sys.exit(main())
