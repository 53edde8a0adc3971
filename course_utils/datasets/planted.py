"""Ratings made by a known rule, so that what a model finds can be compared with the truth."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from course_utils._arguments import integer, number, random_generator

_LARGEST_NOISE = _LARGEST_SPREAD = 1e30  # float32 holds the noise, float64 the squared lengths


class PlantedInteractions(NamedTuple):
    """Ratings made by a known low-rank rule, some of them observed.

    Introduced in *Missing is not zero*.

    Attributes
    ----------
    observed : csr_array of float32, shape (n_users, n_items)
        The cells that are given to a model: truth plus noise.
    truth : ndarray of float32, shape (n_users, n_items)
        What every cell would be without noise, in [1, 5].
    mask : ndarray of bool, shape (n_users, n_items)
        True where a cell is observed.
    user_factors : ndarray of float32, shape (n_users, rank)
        One unit vector for each user.
    item_factors : ndarray of float32, shape (n_items, rank)
        One unit vector for each item.
    user_groups : ndarray of int64, shape (n_users,)
        The planted group of each user; all 0 where none were planted.
    """

    observed: csr_array
    truth: np.ndarray
    mask: np.ndarray
    user_factors: np.ndarray
    item_factors: np.ndarray
    user_groups: np.ndarray


def _unit_rows(vectors: np.ndarray) -> np.ndarray:
    """Return the rows scaled to length 1."""
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def planted_interactions(
    n_users: int,
    n_items: int,
    rank: int,
    density: float,
    noise: float,
    seed: int | np.random.Generator = 0,
    *,
    n_groups: int | None = None,
    group_spread: float = 0.5,
) -> PlantedInteractions:
    """Make ratings in which there is something to learn, and that says what it is.

    Introduced in *Missing is not zero*.

    User *i* and item *j* are unit vectors uᵢ and vⱼ in `rank` dimensions, and ::

        truth[i, j]    = 3 + 2 uᵢ·vⱼ                              in [1, 5], without clipping
        observed[i, j] = truth[i, j] + noise · ε,   ε ~ N(0, 1)    on the observed cells

    so ``truth − 3`` has exactly rank `rank`, and no prediction of new observed cells has a smaller
    expected squared error than ``noise²``, that of the truth. The standard deviation of the truth
    is close to 2/√rank.

    Parameters
    ----------
    n_users, n_items : int
        The shape of the matrix; the truth takes 4 bytes for each cell.
    rank : int
        The number of factors, at most ``min(n_users, n_items)``.
    density : float
        The fraction of cells observed, in (0, 1]: exactly ``round(density · n_users · n_items)``
        cells, at least one, chosen evenly.
    noise : float
        The standard deviation of the noise in stars, from 0 to 1e30. Noisy ratings are not clipped,
        as that would move their mean; they may lie a little outside of [1, 5].
    seed : int or numpy.random.Generator
        Factors, mask and noise come from three streams of it: changing `density` or `noise` leaves
        the truth as it is, and changing `noise` leaves the mask as it is. From a generator one
        number is drawn and taken as the seed, so the next call makes other ratings.
    n_groups : int, optional
        Plant this many groups of users, at most `rank`. Users of a group are scattered around a
        direction of their own; the directions are at right angles. Without it, directions of users
        are even.
    group_spread : float
        The length, in expectation, of the scatter around the direction of the group before it is
        scaled to length 1: 0 makes the users of a group the same; far above 1 no groups can be
        seen. From 0 to 1e30.

    Returns
    -------
    PlantedInteractions
        ``(observed, truth, mask, user_factors, item_factors, user_groups)``.

    Raises
    ------
    TypeError
        If a count is not an integer, an option is not a number, or the seed is neither an integer
        nor a generator.
    ValueError
        If a number is out of the range stated above.

    Examples
    --------
    >>> planted = planted_interactions(100, 40, rank=3, density=0.25, noise=0.1, seed=0)
    >>> planted.observed.shape, planted.observed.nnz
    ((100, 40), 1000)
    >>> int(np.linalg.matrix_rank(planted.truth - 3))
    3
    >>> error = planted.observed.toarray()[planted.mask] - planted.truth[planted.mask]
    >>> print(f"{error.std():.2f}")
    0.10
    """
    n_users = integer("n_users", n_users, 1)
    n_items = integer("n_items", n_items, 1)
    rank = integer("rank", rank, 1, min(n_users, n_items))
    density = number("density", density, above=0, high=1)
    noise = number("noise", noise, 0, _LARGEST_NOISE)
    group_spread = number("group_spread", group_spread, 0, _LARGEST_SPREAD)
    if n_groups is not None:
        n_groups = integer("n_groups", n_groups, 1, rank)

    if isinstance(seed, np.random.Generator):
        seed = int(seed.integers(2**63))
    factor_rng, mask_rng, noise_rng = random_generator(seed).spawn(3)
    items = _unit_rows(factor_rng.standard_normal((n_items, rank)))
    scatter = factor_rng.standard_normal((n_users, rank))
    if n_groups is None:
        groups = np.zeros(n_users, dtype=np.int64)
        users = _unit_rows(scatter)
    else:
        groups = factor_rng.integers(n_groups, size=n_users)
        directions = np.linalg.qr(factor_rng.standard_normal((rank, rank)))[0]
        users = _unit_rows(directions[groups] + group_spread / np.sqrt(rank) * scatter)
    users, items = users.astype(np.float32), items.astype(np.float32)
    # Rounding may pass the ends by one unit in the last place.
    truth = np.clip(3 + 2 * (users @ items.T), 1, 5)

    cells = n_users * n_items
    count = max(1, round(density * cells))
    places = np.sort(mask_rng.choice(cells, size=count, replace=False, shuffle=False))
    mask = np.zeros((n_users, n_items), dtype=bool)
    mask.flat[places] = True
    values = truth.flat[places] + np.float32(noise) * noise_rng.standard_normal(
        count, dtype=np.float32
    )
    row_starts = np.concatenate([[0], np.cumsum(mask.sum(axis=1))])
    observed = csr_array((values, places % n_items, row_starts), shape=(n_users, n_items))
    return PlantedInteractions(observed, truth, mask, users, items, groups)
