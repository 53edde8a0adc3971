"""Ask people who were kept aside whether a similarity knows what belongs together."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike

from course_utils.ranking import top_k
from course_utils.similarity.neighbours import Scorer, _checked_integer, _csr


class SimilarityEvaluation(NamedTuple):
    """Four scores of a similarity for each held-out user.

    Introduced in *Find similar films*.

    Average over users, and resample users for an interval:
    :func:`course_utils.metrics.bootstrap_interval`.

    Attributes
    ----------
    auc : ndarray, shape (users,)
        How often two items that the user likes are more similar than one of them and an item
        *just as popular* that the user has not rated. 0.5 is chance, and also what popularity
        itself scores.
    hit_rate : ndarray, shape (users,)
        Share of the other liked items among the 20 neighbours of a liked one.
    genre_jaccard : ndarray, shape (users,)
        Overlap of genres, `|A ∩ B| / |A ∪ B|`, of a liked item and its 10 neighbours.
    cold_share : ndarray, shape (users,)
        Share of those 10 neighbours that have at most two ratings.
    """

    auc: np.ndarray
    hit_rate: np.ndarray
    genre_jaccard: np.ndarray
    cold_share: np.ndarray


_HIT_NEIGHBOURS, _LISTED_NEIGHBOURS, _COLD_SUPPORT = 20, 10, 2


def evaluate_similarity(
    scorer: Scorer,
    train: sp.sparray | sp.spmatrix,
    held_out: sp.sparray | sp.spmatrix,
    genres: ArrayLike,
    *,
    liked: float = 4.0,
    queries_per_user: int = 30,
    seed: int = 0,
) -> SimilarityEvaluation:
    """Ask people whom a similarity has never seen whether it knows what belongs together.

    Introduced in *Find similar films*.

    Users are split, not ratings: `scorer` may be made from `train` only, and the users of
    `held_out` judge it. Users with fewer than two liked items are left out, and so are items that
    no user of `train` has rated, since nobody can know them.

    Parameters
    ----------
    scorer : callable
        Positions of items, shape (m,) -> scores of all items, shape (m, n). Minus infinity means
        *no neighbour*, any order of magnitude is fine, and the score of an item with itself is
        not looked at.
    train : scipy sparse array, shape (n, training users)
        Ratings; their number per item is its support.
    held_out : scipy sparse array, shape (n, held-out users)
        Ratings of other users.
    genres : array_like of bool, shape (n, n_genres)
        Which item has which genre.
    liked : float
        Lowest rating that counts as liking.
    queries_per_user : int
        At most so many liked items of a user are asked for neighbours; if there are more, they
        are drawn.
    seed : int
        Of that draw and of the draw among equally popular items. Two evaluations with the same
        seed and data ask the same questions, so their users can be compared in pairs.

    Returns
    -------
    SimilarityEvaluation
        Four arrays, one value for each user who was asked, in the order of `held_out`.

    Raises
    ------
    ValueError
        If the shapes do not fit, nobody likes two items, or the scorer returns another shape or
        NaN.

    Notes
    -----
    The partners in an AUC comparison are matched: if unrated items have exactly the support of
    the liked one, two of them are drawn; otherwise the nearest more popular and the nearest less
    popular unrated item are taken. So every score that depends on popularity alone, rising or
    falling, is right in exactly half of the comparisons. An item for which there is no such pair
    is left out of the AUC.

    Examples
    --------
    >>> clusters = np.array([0, 0, 0, 1, 1, 1])
    >>> taste = sp.csr_array(np.array([[5, 0], [5, 0], [5, 0], [0, 5], [0, 5], [0, 5]]))
    >>> planted = lambda items: (clusters[items][:, None] == clusters).astype(float)
    >>> scores = evaluate_similarity(planted, taste, taste, np.eye(2, dtype=bool)[clusters])
    >>> scores.auc, scores.hit_rate
    (array([1., 1.]), array([1., 1.]))
    """
    by_item, by_user = _csr(train), _csr(held_out).tocsc()
    flags = np.asarray(genres)
    n = by_item.shape[0]
    if by_user.shape[0] != n or flags.ndim != 2 or flags.shape[0] != n or flags.dtype != bool:
        raise ValueError(
            f"train, held_out and genres must describe the same items, genres as bool; "
            f"got shapes {by_item.shape}, {by_user.shape} and {flags.shape} of {flags.dtype}"
        )
    queries_per_user = _checked_integer("queries_per_user", queries_per_user, 1, None)
    support = np.bincount(by_item.tocoo().row[by_item.data != 0], minlength=n)
    questions = _questions(by_user, support, liked, queries_per_user, seed)
    if not questions:
        raise ValueError(f"no held-out user rates two known items with at least {liked:g}")
    asked = np.unique(np.concatenate([question.queries for question in questions]))
    neighbours, compared = _answers(scorer, asked, questions, n)
    listed = neighbours[:, :_LISTED_NEIGHBOURS]
    overlap, cold = _list_quality(asked, listed, flags, support)
    hits = np.empty(len(questions))
    for user, question in enumerate(questions):
        others = len(question.liked) - 1
        found = np.isin(neighbours[np.searchsorted(asked, question.queries)], question.liked)
        hits[user] = found.sum(axis=1).mean() / others
    per_user = [np.searchsorted(asked, question.queries) for question in questions]
    return SimilarityEvaluation(
        auc=compared,
        hit_rate=hits,
        genre_jaccard=np.array([overlap[places].mean() for places in per_user]),
        cold_share=np.array([cold[places].mean() for places in per_user]),
    )


class _Question(NamedTuple):
    """What one held-out user is asked; all are positions of items."""

    queries: np.ndarray  # liked items whose neighbours are looked at, sorted
    liked: np.ndarray  # all liked items
    targets: np.ndarray  # liked items that have matched partners
    partners: np.ndarray  # shape (2, targets): unrated items as popular as each target


def _questions(
    by_user: sp.csc_array, support: np.ndarray, liked: float, most: int, seed: int
) -> list[_Question]:
    """Draw everything random once, so that all similarities face the same questions."""
    rng = np.random.default_rng(seed)
    known = support > 0
    questions = []
    for start, stop in zip(by_user.indptr[:-1], by_user.indptr[1:], strict=True):
        rated, ratings = by_user.indices[start:stop], by_user.data[start:stop]
        likes = np.sort(rated[(ratings >= liked) & known[rated]])
        if len(likes) < 2:
            continue
        queries = np.sort(rng.choice(likes, min(most, len(likes)), replace=False))
        unrated = known.copy()
        unrated[rated] = False
        places, partners = _matched(likes, np.flatnonzero(unrated), support, rng)
        questions.append(_Question(queries, likes, likes[places], partners))
    return questions


def _matched(
    items: np.ndarray, others: np.ndarray, support: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Two of `others` for each item, equally popular or one on either side, where they exist."""
    others = others[np.argsort(support[others], kind="stable")]
    counts = support[others]
    first = np.searchsorted(counts, support[items], side="left")
    last = np.searchsorted(counts, support[items], side="right")
    draws = first + (rng.random((2, len(items))) * (last - first)).astype(np.intp)
    pairs = np.where(last > first, draws, [first - 1, last])
    found = np.all((pairs >= 0) & (pairs < len(others)), axis=0)
    return np.flatnonzero(found), others[pairs[:, found]]


def _answers(
    scorer: Scorer, asked: np.ndarray, questions: list[_Question], n: int
) -> tuple[np.ndarray, np.ndarray]:
    """Neighbours of every query, -1 where there are fewer than 20, and each user's AUC."""
    neighbours = np.empty((len(asked), min(_HIT_NEIGHBOURS, n - 1)), dtype=np.intp)
    won, played = np.zeros(len(questions)), np.zeros(len(questions))
    block_rows = max(1, 2**21 // n)
    for start in range(0, len(asked), block_rows):
        items = asked[start : start + block_rows]
        scores = np.array(scorer(items), dtype=np.float64)
        if scores.shape != (len(items), n) or np.isnan(scores).any():
            raise ValueError(
                f"the scorer must return numbers of shape {(len(items), n)} for {len(items)} "
                f"items, got shape {scores.shape}{' with NaN' * bool(np.isnan(scores).any())}"
            )
        scores[np.arange(len(items)), items] = -np.inf
        best = top_k(scores, neighbours.shape[1])
        no_neighbour = np.take_along_axis(scores, best, axis=1) == -np.inf
        neighbours[start : start + block_rows] = np.where(no_neighbour, -1, best)
        for user, question in enumerate(questions):
            first, last = np.searchsorted(question.queries, [items[0], items[-1] + 1])
            if first == last:
                continue
            here = question.queries[first:last]
            rows = np.searchsorted(items, here)[:, None]
            different = here[:, None] != question.targets
            right = scores[rows, question.targets]
            for partners in question.partners:
                wrong = scores[rows, partners]
                outcome = (right > wrong) + 0.5 * (right == wrong)
                won[user] += outcome[different].sum()
                played[user] += different.sum()
    return neighbours, np.divide(won, played, out=np.full(len(won), 0.5), where=played > 0)


def _list_quality(
    asked: np.ndarray, listed: np.ndarray, genres: np.ndarray, support: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mean genre overlap and share of cold neighbours of each query; a missing one overlaps 0."""
    mine, theirs, there = genres[asked][:, None], genres[listed], listed >= 0
    either = np.maximum(1, (mine | theirs).sum(axis=2))
    overlap = np.where(there, (mine & theirs).sum(axis=2) / either, 0.0).mean(axis=1)
    cold = (there & (support[listed] <= _COLD_SUPPORT)).sum(axis=1)
    return overlap, cold / np.maximum(1, there.sum(axis=1))
