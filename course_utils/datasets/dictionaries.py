"""Rows that are sums of a few known atoms, so that a dictionary that is found can be judged."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from course_utils._arguments import choice, integer, number, random_generator

_LARGEST_NOISE = 1e30  # float32 holds the noise


class PlantedDictionary(NamedTuple):
    """Rows made of a few atoms each, with the atoms and how much of each.

    Introduced in *Read and steer a code*.

    Attributes
    ----------
    rows : ndarray of float32, shape (n_rows, n_features)
        ``codes @ atoms`` plus noise: what is given to a model.
    atoms : ndarray of float32, shape (n_atoms, n_features)
        Directions of length 1, usually more than there are features.
    codes : ndarray of float32, shape (n_rows, n_atoms)
        0 where an atom is off, and a strength from 0.5 to 1.5 where it is on.
    """

    rows: np.ndarray
    atoms: np.ndarray
    codes: np.ndarray


def planted_dictionary(
    n_rows: int,
    n_features: int,
    n_atoms: int,
    k: int,
    *,
    noise: float = 0.05,
    pair: str = "free",
    seed: int | np.random.Generator = 0,
) -> PlantedDictionary:
    """Make rows of k atoms each, drawn evenly from a dictionary that is known.

    Introduced in *Read and steer a code*.

    Parameters
    ----------
    n_rows, n_features : int
        Shape of the table.
    n_atoms : int
        Size of the dictionary. Atoms are even directions; with more of them than features they
        cannot be at right angles.
    k : int
        How many atoms are on in a row, at most `n_atoms`.
    noise : float
        Standard deviation of the noise of a number, from 0 to 1e30. Its length in a row is about
        ``noise * sqrt(n_features)``, beside atoms of length 1.
    pair : {"free", "twins", "child"}
        What atoms 0 and 1 have to do with each other: nothing; or both are on wherever one is,
        equally strong; or atom 1, the parent, is on wherever atom 0, the child, is, and also
        without it. The pair may bring one atom more than k into a row.
    seed : int or numpy.random.Generator
        Atoms, codes and noise come from three streams of it, so `noise` and `pair` leave the
        atoms as they are. From a generator one number is drawn and taken as the seed.

    Returns
    -------
    PlantedDictionary
        ``(rows, atoms, codes)``.

    Raises
    ------
    TypeError
        If a count is not an integer, `noise` is not a number, or the seed is neither an integer
        nor a generator.
    ValueError
        If a number is out of range, `pair` is none of the three, or there is a pair and one atom.

    Examples
    --------
    >>> planted = planted_dictionary(100, 8, 12, k=3, noise=0)
    >>> planted.rows.shape, planted.atoms.shape
    ((100, 8), (12, 8))
    >>> set((planted.codes > 0).sum(axis=1).tolist())
    {3}
    >>> twins = planted_dictionary(100, 8, 12, k=3, pair="twins").codes
    >>> bool((twins[:, 0] == twins[:, 1]).all())
    True
    """
    n_rows, n_features = integer("n_rows", n_rows, 1), integer("n_features", n_features, 1)
    pair = choice("pair", pair, ("free", "twins", "child"))
    n_atoms = integer("n_atoms", n_atoms, 1 if pair == "free" else 2)
    k = integer("k", k, 1, n_atoms)
    noise = number("noise", noise, 0, _LARGEST_NOISE)
    if isinstance(seed, np.random.Generator):
        seed = int(seed.integers(2**63))
    atom_rng, code_rng, noise_rng = random_generator(seed).spawn(3)
    atoms = atom_rng.standard_normal((n_atoms, n_features))
    atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
    order = np.argsort(code_rng.random((n_rows, n_atoms)), axis=1)
    on = np.zeros((n_rows, n_atoms), dtype=bool)
    np.put_along_axis(on, order[:, :k], True, axis=1)
    strengths = code_rng.uniform(0.5, 1.5, (n_rows, n_atoms))
    if pair == "twins":
        on[:, 0] |= on[:, 1]
        strengths[:, 1] = strengths[:, 0]
    if pair != "free":
        on[:, 1] |= on[:, 0]
    codes = np.where(on, strengths, 0.0)
    rows = codes @ atoms + noise * noise_rng.standard_normal((n_rows, n_features))
    return PlantedDictionary(*(part.astype(np.float32) for part in (rows, atoms, codes)))
