"""Ask in a terminal, first what was wrong last time, then what was never asked."""

from __future__ import annotations

import datetime
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from course_utils.work._copies import read_course, topic_of
from course_utils.work._record import Verdict, note, read_record
from course_utils.work.recall._questions import Question, place_of, shuffled


def topics(
    course: Path, folder: Path, named: Sequence[str] = (), before: str | None = None
) -> list[str]:
    """Say on which notebooks to ask.

    Parameters
    ----------
    course, folder : Path
        Folder of the course's notebooks, and that of the copies.
    named : sequence of str
        Numbers or topics of notebooks.
    before : str, optional
        A number or topic: ask about all notebooks that come before it.

    Returns
    -------
    list of str
        Topics, in reading order: those named, else those before, else those in which an exercise
        was tried, else all.

    Raises
    ------
    ValueError
        If a name fits no notebook.
    """
    known = {topic_of(name): name[:2] for name in read_course(course)}
    for name in [*named, *([before] if before else [])]:
        if name not in known and name not in known.values():
            raise ValueError(f"no notebook called {name!r}; there are {', '.join(known)}")
    if named:
        return [topic for topic, number in known.items() if {topic, number} & set(named)]
    if before:
        number = known.get(before, before)
        return [topic for topic, own in known.items() if own < number]
    tried = {verdict.exercise.split(".")[0] for verdict in read_record(folder)}
    return [topic for topic in known if topic in tried] or list(known)


def choose(
    found: Sequence[Question], verdicts: Sequence[Verdict], number: int, seed: object = 0
) -> list[Question]:
    """Choose what to ask.

    Parameters
    ----------
    found : sequence of Question
        All there are.
    verdicts : sequence of Verdict
        The record.
    number : int
        How many to choose at most.
    seed : object
        Decides between questions that are due alike.

    Returns
    -------
    list of Question
        First those answered wrong last time, then those never asked, then the others, of which
        those that were asked longest ago come first.
    """
    last = {verdict.exercise: verdict for verdict in verdicts}
    mixed = list(found)
    random.Random(f"{seed}").shuffle(mixed)

    def due(question: Question) -> tuple[int, str]:
        verdict = last.get(question.key)
        if verdict is None:
            return 1, ""
        return (2, verdict.time) if verdict.verdict == "right" else (0, verdict.time)

    return sorted(mixed, key=due)[:number]


def ask(
    found: Sequence[Question],
    places: Mapping[tuple[str, str], tuple[str, str]],
    folder: Path,
    number: int = 5,
    *,
    read: Callable[[str], str] | None = None,
) -> int:
    """Ask in a terminal, and note the answers in the record of the copies.

    Parameters
    ----------
    found : sequence of Question
        All there are.
    places : mapping
        Where cells stand; see :func:`places`.
    folder : Path
        The folder of copies.
    number : int
        How many to ask at most.
    read : callable, optional
        Called with a prompt; returns what was typed. Nothing, or the end of the input, ends it.

    Returns
    -------
    int
        How many were answered right.
    """
    right = 0
    today = datetime.date.today()
    chosen = choose(found, read_record(folder), number, today)
    for position, question in enumerate(chosen, start=1):
        choices = shuffled(question, today)
        print(f"\n{position} of {len(chosen)}. {question.ask}\n")
        for mark, choice in zip("abcdef", choices, strict=False):
            print(f"  {mark}  {choice.text}")
        letters = "abcdef"[: len(choices)]
        answer = _answer(letters, input if read is None else read)
        if not answer:
            break
        given = choices[letters.index(answer)]
        is_right = given is question.right
        right += is_right
        note(folder, question.key, "right" if is_right else "wrong")
        print(f"\n{'✓' if is_right else '✗'} {given.because}")
        if not is_right:
            print(f"  Right is {letters[choices.index(question.right)]}: {question.right.because}")
        print(f"  → {place_of(question, places)[1]}")
    return right


def _answer(letters: str, read: Callable[[str], str]) -> str:
    """Return one of the letters, or nothing if the learner has had enough."""
    while True:
        try:
            typed = read(f"\nYour answer ({letters[0]}–{letters[-1]}, Enter to stop): ")
        except (EOFError, KeyboardInterrupt):
            return ""
        typed = typed.strip().lower()
        if not typed or (len(typed) == 1 and typed in letters):
            return typed
