"""The program: ``python -m tools.mutants [module or notebook …]``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence

from tools.course import find_notebooks, program
from tools.mutants.notebooks import mutate_notebooks
from tools.mutants.package import Found, modules, mutate_package
from tools.mutants.scores import fallen, store, stored_scores

PASSING_SCORE = 0.90  # of each module, and of the notebooks
PASSING_SCORE_OF_ALL = 0.95


def table(found: Mapping[str, Found]) -> str:
    """Text table of the scores.

    Parameters
    ----------
    found : mapping of str to Found
        Module -> what became of its mutants.

    Returns
    -------
    str
        A line a module and a last one for all; a module counts in it by its number of mutants.
    """
    lines = [f"{'module':<34}{'mutants':>8}{'tried':>7}{'noticed':>9}{'score':>9}"]
    lines += [
        f"{module:<34}{entry.mutants:>8}{len(entry.outcomes):>7}{entry.noticed:>9}"
        f"{entry.score:>9.1%}"
        for module, entry in found.items()
    ]
    tried = sum(len(entry.outcomes) for entry in found.values())
    noticed = sum(entry.noticed for entry in found.values())
    mutants = sum(entry.mutants for entry in found.values())
    lines.append(f"{'all':<34}{mutants:>8}{tried:>7}{noticed:>9}{score_of(found):>9.1%}")
    return "\n".join(lines)


def score_of(found: Mapping[str, Found]) -> float:
    """Share of all mutants that are noticed; where a sample was tried, it stands for its module."""
    mutants = sum(entry.mutants for entry in found.values())
    return sum(entry.score * entry.mutants for entry in found.values()) / max(1, mutants)


def survivors(found: Mapping[str, Found]) -> str:
    """Names of the mutants that nobody noticed, each with the lines it changes."""
    return "\n".join(
        f"  {mutant} ({entry.outcomes[mutant]})" + "".join(f"\n    {line}" for line in lines)
        for entry in found.values()
        for mutant, lines in entry.changes.items()
    )


def is_in(module: str, names: Sequence[str]) -> bool:
    """Whether a module, or a package that holds it, is among names."""
    return any(module == name or module.startswith(f"{name}.") for name in names)


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="*", help="modules, packages, notebooks; default: all")
    parser.add_argument("--sample", type=int, help="mutants of each module to try; default: all")
    parser.add_argument("--jobs", type=int, default=2, help="mutants at the same time (2)")
    parser.add_argument(
        "--survivors",
        action="store_true",
        help="of a module that has not changed, try only mutants that nobody noticed before",
    )
    parser.add_argument(
        "--store", action="store_true", help="keep the scores as those that may not fall"
    )


def _run(options: argparse.Namespace) -> int:
    """Exit status: 0, or 1 if too many mutants survive, or 2 if a name is unknown."""
    known = modules()
    chosen = [module for module in known if not options.names or is_in(module, options.names)]
    rest = [name for name in options.names if not any(is_in(module, [name]) for module in known)]
    try:
        notebooks = find_notebooks(rest) if rest or not options.names else []
    except ValueError as error:
        print(f"modules: {', '.join(known)}\n{error}", file=sys.stderr)
        return 2
    found = (
        mutate_package(chosen, options.sample, options.jobs, survivors=options.survivors)
        if chosen
        else {}
    )
    if found:
        print(f"{survivors(found)}\n\n{table(found)}")
    outcomes = mutate_notebooks(notebooks)
    for name, outcome in outcomes.items():
        print(f"{name}: {outcome}")
    noticed = sum(outcome == "killed" for outcome in outcomes.values())
    if outcomes:
        print(f"notebooks: {noticed} of {len(outcomes)} changes noticed")
    low = [module for module, entry in found.items() if entry.score < PASSING_SCORE]
    if found and score_of(found) < PASSING_SCORE_OF_ALL:
        low.append("all modules together")
    if noticed < PASSING_SCORE * len(outcomes):
        low.append("the notebooks")
    lower = fallen(found, stored_scores())
    for line in lower:
        print(f"✗ {line}")
    if options.store:
        store(found)
    print(f"✗ too few noticed in {', '.join(low)}" if low else "✓ enough")
    return int(bool(low or lower))


main = program("mutants", "Change the course and see who notices.", _run, _options, notebooks=False)

if __name__ == "__main__":
    sys.exit(main())
