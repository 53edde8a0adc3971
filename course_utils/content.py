"""Vectors for items that nobody has rated, from their features, and for the first ratings."""

from __future__ import annotations

import numpy as np
import scipy.linalg
from numpy.typing import ArrayLike

from course_utils import _arguments, _sparse_forms
from course_utils._sparse_forms import Matrix

__all__ = ["fold_in_items", "ridge_table"]


def ridge_table(features: Matrix, targets: ArrayLike, l2: float) -> np.ndarray:
    """Fit a table of vectors, one for each feature, whose sums come near given vectors of items.

    Introduced in *Recommend what nobody has rated*.

    A ridge regression for each column of `targets`, all solved at once. The result is a table to
    look up in: `sparse_embedding_lookup(features, table)` adds up the rows that an item names, and
    that also works for items without a target.

    Parameters
    ----------
    features : array_like or scipy sparse array, shape (items, features)
        What is known of each item, often 0 and 1.
    targets : array_like, shape (items, d)
        What is to come out for them, such as factors, scores or numbers of likes.
    l2 : float
        Penalty on the squared table, above 0.

    Returns
    -------
    ndarray of float64, shape (features, d)
        0 for a feature that no item has.

    Raises
    ------
    TypeError
        If the arrays do not hold real numbers or `l2` is no number.
    ValueError
        If `features` and `targets` differ in their rows, or are empty, not 2-D or not finite, or
        `l2` is not above 0.

    See Also
    --------
    course_utils.embeddings.sparse_embedding_lookup : The sums.

    Notes
    -----
    Solved on the smaller side: a system of min(items, features) equations, by Cholesky.

    A. E. Hoerl, R. W. Kennard (1970). Ridge regression. Technometrics 12(1).
    doi:10.1080/00401706.1970.10488634

    Z. Gantner, L. Drumond, C. Freudenthaler, S. Rendle, L. Schmidt-Thieme (2010). Learning
    attribute-to-feature mappings for cold-start recommendations. ICDM. doi:10.1109/ICDM.2010.129

    Examples
    --------
    >>> ridge_table([[1, 0], [1, 1]], [[2.0], [5.0]], l2=1e-9).round(4)
    array([[2.],
           [3.]])
    """
    rows = _sparse_forms.canonical_csr("features", features, empty=False)
    rows = rows.astype(np.float64)
    wanted = _arguments.dense("targets", targets, ndim=2, shape="(items, d)")
    l2 = _arguments.number("l2", l2, above=0)
    if len(wanted) != rows.shape[0]:
        raise ValueError(
            f"targets must have {rows.shape[0]} rows, one for each item, got shape {wanted.shape}"
        )
    if rows.shape[1] <= rows.shape[0]:
        gram = (rows.T @ rows).toarray()
        return _solved(gram, l2, rows.T @ wanted)
    gram = (rows @ rows.T).toarray()
    return rows.T @ _solved(gram, l2, wanted)


def _solved(gram: np.ndarray, l2: float, right: np.ndarray) -> np.ndarray:
    gram[np.diag_indices_from(gram)] += l2
    return scipy.linalg.solve(gram, right, assume_a="pos")


def fold_in_items(
    likes: Matrix,
    codes: ArrayLike,
    prior: ArrayLike | None = None,
    *,
    alpha: float,
    l2: float,
    by_weight: bool = True,
) -> np.ndarray:
    """Find vectors of new items from their first likes, drawn towards what their features say.

    Introduced in *Recommend what nobody has rated*.

    With the codes U of all people, item i gets the v with the smallest

        Σ (1 + alpha x_u) (x̂_u − u·v)² + penalty ‖v − prior_i‖²

    over *all* people, where x̂ is 1 for who likes it and 0 for the others. That is the step of
    implicit ALS for items, with a prior in the place of 0. Without a like the zeros of all people
    still count: for an item that nobody could have liked so far, take the prior itself.

    Parameters
    ----------
    likes : array_like or scipy sparse array, shape (people, items)
        0 or more: 1 for "likes", or how often.
    codes : array_like, shape (people, k)
        One code for each person, such as the `rows` of `fit_implicit_als`.
    prior : array_like, shape (items, k), optional
        What the features say. Default: 0.
    alpha, l2 : float
        As in :func:`course_utils.factorization.fit_implicit_als`.
    by_weight : bool
        Whether the penalty is `l2` times people + alpha × likes, or `l2` itself.

    Returns
    -------
    ndarray of float64, shape (items, k)
        One vector for each item.

    Raises
    ------
    TypeError
        If an array does not hold real numbers, or an option is of the wrong kind.
    ValueError
        If shapes do not fit, a like is negative, an array is empty or not finite, `alpha` is
        negative or `l2` not above 0.

    Notes
    -----
    Time O(people k² + Σ likes k² + items k³).

    Examples
    --------
    >>> options = {"alpha": 0.0, "l2": 2.0, "by_weight": False}
    >>> fold_in_items([[1], [0], [0]], [[1.0], [1.0], [1.0]], [[0.8]], **options)
    array([[0.52]])
    """
    known = _sparse_forms.canonical_csr("likes", likes, stored_zeros=False, empty=False)
    people, items = known.shape
    codes = _arguments.dense("codes", codes, ndim=2, shape="(people, k)")
    alpha = _arguments.number("alpha", alpha, low=0)
    l2 = _arguments.number("l2", l2, above=0)
    by_weight = _arguments.flag("by_weight", by_weight)
    if len(codes) != people:
        raise ValueError(f"codes must have {people} rows, one for each person, got {codes.shape}")
    if known.nnz and known.data.min() < 0:
        raise ValueError(
            f"likes must not be negative, got {known.data.min():g}; leave a dislike out"
        )
    k = codes.shape[1]
    drawn_to = np.zeros((items, k)) if prior is None else _arguments.dense("prior", prior, ndim=2)
    if drawn_to.shape != (items, k):
        raise ValueError(f"prior must have shape {(items, k)}, got {drawn_to.shape}")
    shared, by_item = codes.T @ codes, known.T.tocsr().astype(np.float64)
    vectors = np.empty((items, k))
    for item in range(items):
        own = slice(by_item.indptr[item], by_item.indptr[item + 1])
        mine, extra = codes[by_item.indices[own]], alpha * by_item.data[own]
        penalty = l2 * (people + extra.sum()) if by_weight else l2
        gram = shared + (mine * extra[:, None]).T @ mine + penalty * np.eye(k)
        vectors[item] = np.linalg.solve(gram, (1 + extra) @ mine + penalty * drawn_to[item])
    return vectors
