"""The command line of a learner: ``python -m course_utils.work start``."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from course_utils._files import replace_text
from course_utils.work import (
    class_table,
    course_folder,
    progress,
    recall,
    share,
    start,
    unshare,
    update,
    work_folder,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says.

    Parameters
    ----------
    arguments : sequence of str, optional
        Default: those of the process.

    Returns
    -------
    int
        Exit status: 0, or 2 if something is missing or cannot be written.
    """
    chosen = _parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # code pages of Windows lack ✓
            stream.reconfigure(errors="replace")
    try:
        return int(chosen.run(chosen) or 0)
    except (OSError, ValueError) as problem:
        print(problem, file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m course_utils.work",
        description="Your own copies of the notebooks, and what is new in the course.",
    )
    parser.add_argument("--folder", help="where the copies are (default: work, beside notebooks)")
    parser.add_argument("--course", help="folder with the course's notebooks")
    commands = parser.add_subparsers(required=True, metavar="command")
    for name, run, text in (
        ("start", _start, "copy each notebook of which there is no copy yet"),
        ("lab", _lab, "start, then open JupyterLab at the first copy"),
        ("update", _update, "bring what is new in the course into the copies"),
        ("progress", _progress, "tell which exercises are done, tried and open, by route"),
        ("recall", _recall, "ask a few questions on notebooks that you have begun"),
        ("share", _share, "show a folder's readers which exercises you have done and tried"),
        ("unshare", _unshare, "take back what you have shown in a folder"),
        ("class", _class, "tell where the learners are who have shown it in a folder"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(run=run)
        if name == "recall":
            _recall_options(command)
        if name in ("share", "unshare", "class"):
            command.add_argument("to", help="the folder that a teacher has named")
        if name in ("share", "unshare"):
            command.add_argument("--name", required=True, help="name under which you appear there")
    return parser


def _say(lines: Sequence[str]) -> None:
    print(*lines, sep="\n")


def _start(chosen: argparse.Namespace) -> None:
    _started(chosen)


def _started(chosen: argparse.Namespace) -> Path:
    folder = work_folder(chosen.folder, course=chosen.course)
    _say([*start(folder, course=chosen.course), f"your copies: {folder}"])
    return folder


def _lab(chosen: argparse.Namespace) -> int:
    folder = _started(chosen)
    first: Path = next(folder.glob("00_*.ipynb"), folder)
    return subprocess.call([sys.executable, "-m", "jupyterlab", str(first)])


def _update(chosen: argparse.Namespace) -> None:
    _say(update(chosen.folder, course=chosen.course))


def _progress(chosen: argparse.Namespace) -> None:
    _say(progress(chosen.folder, course=chosen.course))


def _share(chosen: argparse.Namespace) -> None:
    _say(share(chosen.to, chosen.name, folder=chosen.folder, course=chosen.course))


def _unshare(chosen: argparse.Namespace) -> None:
    _say(unshare(chosen.to, chosen.name))


def _class(chosen: argparse.Namespace) -> None:
    _say(class_table(chosen.to, course=chosen.course))


def _recall_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("notebooks", nargs="*", help="numbers or topics; default: those begun")
    parser.add_argument("--before", help="ask about what comes before this notebook instead")
    parser.add_argument("--number", type=int, default=5, help="how many questions (5)")
    parser.add_argument("--page", help="write all questions as a page without scripts instead")
    parser.add_argument("--gift", help="write all questions for Moodle instead, in GIFT format")


def _recall(chosen: argparse.Namespace) -> None:
    course = course_folder(chosen.course)
    places = recall.places(course)
    for target, write in ((chosen.page, recall.as_page), (chosen.gift, recall.as_gift)):
        if target is not None:
            text = write(recall.questions(), places)
            replace_text(target, text)
            print(f"{len(recall.questions())} questions written to {target}")
    if chosen.page is None and chosen.gift is None:
        folder = work_folder(chosen.folder, course=chosen.course)
        topics = recall.topics(course, folder, chosen.notebooks, chosen.before)
        recall.ask(recall.questions(topics), places, folder, chosen.number)


if __name__ == "__main__":
    sys.exit(main())
