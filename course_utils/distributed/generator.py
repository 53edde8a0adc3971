"""Invented ratings with the shape of MovieLens, of any size, one part in memory at a time."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from course_utils import _arguments, _files
from course_utils.distributed.parts import write_runs

_BLOCK = 256  # users that share one stream of random numbers
_TASTES = 16
_OWN_TASTE = 0.5  # share of a user's films that come from the films of the user's own taste
_LEAST = 20  # ratings of a user, as in MovieLens
_MEAN = 25  # ratings of a user, on average, at least
_ROUNDS = 60  # of drawing again what a user drew twice


def write_like_movielens(
    folder: str | os.PathLike[str],
    *,
    users: int = 200_948,
    items: int = 87_585,
    ratings: int = 32_000_204,
    parts: int = 16,
    seed: int = 0,
) -> list[Path]:
    """Write invented ratings that are as many and as unequal as those of MovieLens.

    Introduced in *Scale past one machine*.

    Each user rates at least 20 films, most few, some thousands; a hundredth of the films has more
    than half of the ratings. There are 16 tastes, and half of what a user rates belongs to the
    user's own. The defaults have the shape of ml-32m.

    Parameters
    ----------
    folder : path
        Where to; it must exist.
    users, items : int
        Rows and columns. Users need films to choose from: at least 100.
    ratings : int
        Ratings wanted; how many there are differs by some percent. From 25 for each user to a
        quarter of all cells.
    parts : int
        Files. The ratings do not depend on it.
    seed : int
        Decides the ratings.

    Returns
    -------
    list of Path
        The files, in order. One is in memory at a time.

    Raises
    ------
    TypeError
        If a number is no integer.
    ValueError
        If one is out of range.

    Notes
    -----
    The popularity of the film of rank r is (r + c)^-1.8 with c = 0.0015 · items, and the activity
    of users is 20 plus a log-normal number (sigma 1.43); both were fitted to what is published of
    ml-latest-small and ml-32m (Harper & Konstan 2015, doi:10.1145/2827872). Tastes are planted:
    what a recommender reaches here says nothing about real people.
    """
    users = _arguments.integer("users", users, 1)
    items = _arguments.integer("items", items, 4 * _MEAN)
    ratings = _arguments.integer("ratings", ratings, _MEAN * users, users * items // 4)
    parts = _arguments.integer("parts", parts, 1, 99_999)
    films = _Films(items, _arguments.integer("seed", seed, 0))
    folder = _files.home(folder, "folder")
    between = partial(_users_between, films, users=users, per_user=ratings / users)
    return write_runs(folder, users, parts, between)


class _Films:
    """Popularity, taste and quality of all films."""

    def __init__(self, items: int, seed: int) -> None:
        self.items, self.seed = items, seed
        rng = np.random.default_rng(seed)
        popularity = (1 + np.arange(items) + 0.0015 * items) ** -1.8
        taste = rng.integers(_TASTES, size=items)
        self.by_taste = np.argsort(taste, kind="stable")  # ranks, those of one taste together
        self.cumulated = np.cumsum(popularity[self.by_taste])
        self.cumulated /= self.cumulated[-1]
        edges = np.searchsorted(taste[self.by_taste], np.arange(_TASTES + 1))
        self.starts = np.concatenate([[0.0], self.cumulated])[edges]
        self.names = rng.permutation(items)  # films by number say nothing of their popularity
        self.quality = rng.normal(0.0, 1.0, items)  # by name, in half stars

    def draw(self, rng: np.random.Generator, tastes: np.ndarray) -> np.ndarray:
        """Draw a film for each of the given tastes."""
        place = rng.random(len(tastes))
        own = rng.random(len(tastes)) < _OWN_TASTE
        low, high = self.starts[tastes], self.starts[tastes + 1]
        place = np.where(own, low + place * (high - low), place)
        found = np.searchsorted(self.cumulated, place, side="right")
        return self.names[self.by_taste[np.minimum(found, self.items - 1)]]


def _users_between(
    films: _Films, first: int, end: int, users: int, per_user: float
) -> sp.csr_array:
    """Ratings of users from `first` up to `end`, cut out of the blocks in which they are drawn."""
    blocks = range(first // _BLOCK, -(-end // _BLOCK))
    rows = [
        _block(films, number, min(_BLOCK, users - number * _BLOCK), per_user)[
            max(0, first - number * _BLOCK) : end - number * _BLOCK
        ]
        for number in blocks
    ]
    empty = sp.csr_array((0, films.items), dtype=np.float32)
    return sp.csr_array(sp.vstack([empty, *rows], format="csr"))


def _block(films: _Films, number: int, users: int, per_user: float) -> sp.csr_array:
    """Ratings of one block of users, from a stream of random numbers of their own."""
    rng = np.random.default_rng([films.seed, number])
    spread = 1.43
    mean = np.log(per_user - _LEAST) - spread**2 / 2
    wanted = _LEAST + np.round(rng.lognormal(mean, spread, users)).astype(np.int64)
    wanted = np.minimum(wanted, films.items // 4)
    tastes = rng.integers(_TASTES, size=users)
    chosen = np.empty(0, np.int64)  # user · items + film, in order and each once
    missing = wanted
    for _ in range(_ROUNDS):
        if not missing.any():
            break
        who = np.repeat(np.arange(users), missing)
        drawn = who * films.items + films.draw(rng, tastes[who])
        chosen = _distinct(np.concatenate([chosen, drawn]))
        missing = wanted - np.bincount(chosen // films.items, minlength=users)
    chosen = _with_least(chosen, films, users)
    who, film = np.divmod(chosen, films.items)
    mood = rng.normal(0.0, 0.8, users)
    halves = 7 + films.quality[film] + mood[who] + rng.normal(0.0, 1.6, len(film))
    stars = (np.clip(np.round(halves), 1, 10) / 2).astype(np.float32)
    return sp.csr_array((stars, (who, film)), shape=(users, films.items))


def _with_least(chosen: np.ndarray, films: _Films, users: int) -> np.ndarray:
    """Give the most popular films to who has too few: of few films, the last are hardly drawn."""
    counts = np.bincount(chosen // films.items, minlength=users)
    parts = [chosen]
    for user in np.flatnonzero(counts < _LEAST):
        popular = user * films.items + films.names  # by rank
        parts.append(popular[~np.isin(popular, chosen)][: _LEAST - counts[user]])
    return _distinct(np.concatenate(parts))


def _distinct(keys: np.ndarray) -> np.ndarray:
    """Sort and leave out what stands twice; a stable sort is quick where runs are in order.

    `np.unique` does the same through a hash table, which for large integers took 40 times as long
    in NumPy 2.4 (numpy issue 31969).
    """
    keys = np.sort(keys, kind="stable")
    return keys[np.concatenate([[True], keys[1:] != keys[:-1]])] if len(keys) else keys
