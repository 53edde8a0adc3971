"""The scores that were reached, by module, in ``tests/mutants.json``: they may not fall."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from tools.course import ROOT
from tools.mutants.package import Found, modules
from tools.stored import write_atomically

STORED = ROOT / "tests" / "mutants.json"


@dataclass(frozen=True)
class Score:
    """How many mutants of a module there are, were tried, and were noticed."""

    mutants: int
    tried: int
    noticed: int

    @property
    def share(self) -> float:
        """Share of the mutants tried that were noticed; 1 if there are none."""
        return self.noticed / self.tried if self.tried else 1.0


def stored_scores(file: Path = STORED) -> dict[str, Score]:
    """Read the scores that were stored: module -> score."""
    if not file.exists():
        return {}
    entries = json.loads(file.read_text(encoding="utf-8"))
    return {module: Score(**entry) for module, entry in entries.items()}


def fallen(found: Mapping[str, Found], stored: Mapping[str, Score]) -> list[str]:
    """Modules whose score is lower than the stored one.

    Parameters
    ----------
    found : mapping of str to Found
        Module -> what became of its mutants.
    stored : mapping of str to Score
        Module -> what was reached before.

    Returns
    -------
    list of str
        One line a module. Where only a sample was tried, now or then, two standard errors of its
        share are allowed.

    Examples
    --------
    >>> now = {"noise": Found("", "", 2, {"m1": "killed", "m2": "survived"}, {})}
    >>> fallen(now, {"noise": Score(mutants=2, tried=2, noticed=2)})
    ['noise: 50.0% of the mutants are noticed; it was 100.0%']
    """
    lines = []
    for module, entry in found.items():
        before = stored.get(module)
        if before is None:
            continue
        samples = [
            score.tried
            for score in (_score(entry), before)
            if score.tried < score.mutants and score.tried
        ]
        spread = before.share * (1 - before.share)
        allowed = 2 * math.sqrt(sum(spread / tried for tried in samples))
        if entry.score < before.share - allowed:
            lines.append(
                f"{module}: {entry.score:.1%} of the mutants are noticed; it was {before.share:.1%}"
            )
    return lines


def store(found: Mapping[str, Found], file: Path = STORED) -> None:
    """Store the scores of some modules; those of others stay, of modules that are gone they go."""
    scores = stored_scores(file) | {module: _score(entry) for module, entry in found.items()}
    known = {module: asdict(scores[module]) for module in modules() if module in scores}
    write_atomically(file, json.dumps(known, indent=1) + "\n")


def _score(entry: Found) -> Score:
    return Score(entry.mutants, len(entry.outcomes), entry.noticed)
