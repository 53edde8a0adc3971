"""Ask people who were kept aside whether a similarity knows what belongs together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike

from course_utils import _arguments, _objects, _sparse_forms
from course_utils.ranking import top_k
from course_utils.similarity.neighbours import Scorer


class SimilarityEvaluation(NamedTuple):
    """Five scores of a similarity for each held-out user.

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
        Share of the other liked items among the 20 neighbours of a liked one; below 1 for whoever
        likes more than 21, however good the similarity.
    genre_jaccard : ndarray, shape (users,)
        Overlap of genres, `|A ∩ B| / |A ∪ B|`, of a liked item and its 10 neighbours.
    cold_share : ndarray, shape (users,)
        Share of those 10 neighbours that have at most two ratings.
    recall : ndarray, shape (users,)
        Recall@20: as `hit_rate`, divided by the smaller of 20 and the number of other liked items,
        so that a perfect similarity scores 1 for everybody.
    """

    auc: np.ndarray
    hit_rate: np.ndarray
    genre_jaccard: np.ndarray
    cold_share: np.ndarray
    recall: np.ndarray


_HIT_NEIGHBOURS, _LISTED_NEIGHBOURS, _COLD_SUPPORT = 20, 10, 2
_SCORED_CELLS = 2**21  # scores that are in memory at once: 16 MB


class _Question(NamedTuple):
    """What one held-out user is asked; all are positions of items."""

    queries: np.ndarray  # liked items whose neighbours are looked at, sorted
    liked: np.ndarray  # all liked items
    targets: np.ndarray  # liked items that have matched partners
    partners: np.ndarray  # shape (2, targets): unrated items as popular as each target


@dataclass(frozen=True)
class Questions:
    """What held-out users are asked about any similarity, drawn by :func:`draw_questions`.

    All similarities that are asked face the same questions, so that their users can be compared
    in pairs.

    Attributes
    ----------
    users : list
        For each user who is asked, the items that are looked at.
    genres : ndarray of bool, shape (n, n_genres)
        Which item has which genre.
    support : ndarray of int, shape (n,)
        Ratings of each item.
    """

    users: list[_Question]
    genres: np.ndarray
    support: np.ndarray

    def ask(self, scorer: Scorer) -> SimilarityEvaluation:
        """Put the questions to a similarity.

        Parameters
        ----------
        scorer : callable
            As for :func:`evaluate_similarity`.

        Returns
        -------
        SimilarityEvaluation
            Five arrays, one value for each user who was asked.

        Raises
        ------
        ValueError
            If the scorer returns another shape or NaN.
        """
        _objects.function("scorer", scorer, "scorer(items)")
        asked = np.unique(np.concatenate([user.queries for user in self.users]))
        neighbours, auc = _answers(scorer, asked, self.users, len(self.genres))
        overlap, cold = _list_quality(
            asked, neighbours[:, :_LISTED_NEIGHBOURS], self.genres, self.support
        )
        places = [np.searchsorted(asked, user.queries) for user in self.users]
        found = np.array(
            [
                np.isin(neighbours[rows], user.liked).sum(axis=1).mean()
                for rows, user in zip(places, self.users, strict=True)
            ]
        )
        others = np.array([len(user.liked) - 1 for user in self.users])
        return SimilarityEvaluation(
            auc=auc,
            hit_rate=found / others,
            recall=found / np.minimum(others, _HIT_NEIGHBOURS),
            genre_jaccard=np.array([overlap[rows].mean() for rows in places]),
            cold_share=np.array([cold[rows].mean() for rows in places]),
        )


def draw_questions(
    train: sp.sparray | sp.spmatrix,
    held_out: sp.sparray | sp.spmatrix,
    genres: ArrayLike,
    *,
    liked: float = 4.0,
    queries_per_user: int = 30,
    seed: int | np.random.Generator = 0,
) -> Questions:
    """Draw once what people are asked, so that many similarities can be asked the same.

    Parameters
    ----------
    train, held_out : scipy sparse array, shape (n, users)
        As for :func:`evaluate_similarity`. A zero that is stored is no rating in `train` and a
        rating of 0 in `held_out`.
    genres : array_like of bool, shape (n, n_genres)
        Which item has which genre.
    liked, queries_per_user, seed
        As for :func:`evaluate_similarity`.

    Returns
    -------
    Questions
        Its method `ask` takes a scorer.

    Raises
    ------
    TypeError
        If `genres` is not boolean, a table holds no real numbers, or a number is of the wrong kind.
    ValueError
        If the shapes do not fit, or nobody likes two items.

    Examples
    --------
    >>> clusters = np.array([0, 0, 0, 1, 1, 1])
    >>> taste = sp.csr_array(np.array([[5, 0], [5, 0], [5, 0], [0, 5], [0, 5], [0, 5]]))
    >>> questions = draw_questions(taste, taste, np.eye(2, dtype=bool)[clusters])
    >>> planted = lambda items: (clusters[items][:, None] == clusters).astype(float)
    >>> questions.ask(planted).auc, questions.ask(lambda items: -planted(items)).auc
    (array([1., 1.]), array([0., 0.]))
    """
    by_item = _sparse_forms.canonical_csr("train", train, stored_zeros=False)
    by_user = _sparse_forms.canonical_csr("held_out", held_out).tocsc()
    flags = _arguments.truths("genres", genres)
    n = by_item.shape[0]
    if by_user.shape[0] != n or flags.ndim != 2 or len(flags) != n:
        raise ValueError(
            "train, held_out and genres must describe the same items, one a row; "
            f"got shapes {by_item.shape}, {by_user.shape} and {flags.shape}"
        )
    liked = _arguments.number("liked", liked)
    most = _arguments.integer("queries_per_user", queries_per_user, 1)
    support = np.diff(by_item.indptr)
    users = _questions(by_user, support, liked, most, _arguments.random_generator(seed))
    if not users:
        raise ValueError(
            f"held_out must hold a user who rates two items of train with at least {liked:g}, "
            "got none; lower liked"
        )
    return Questions(users, flags, support)


def evaluate_similarity(
    scorer: Scorer,
    train: sp.sparray | sp.spmatrix,
    held_out: sp.sparray | sp.spmatrix,
    genres: ArrayLike,
    *,
    liked: float = 4.0,
    queries_per_user: int = 30,
    seed: int | np.random.Generator = 0,
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
    seed : int or numpy.random.Generator
        Of that draw and of the draw among equally popular items. Two evaluations with the same
        seed and data ask the same questions, so their users can be compared in pairs.

    Returns
    -------
    SimilarityEvaluation
        Five arrays, one value for each user who was asked, in the order of `held_out`.

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
    questions = draw_questions(
        train, held_out, genres, liked=liked, queries_per_user=queries_per_user, seed=seed
    )
    return questions.ask(scorer)


def _questions(
    by_user: sp.csc_array, support: np.ndarray, liked: float, most: int, rng: np.random.Generator
) -> list[_Question]:
    """Draw everything random once, so that all similarities face the same questions."""
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
    block_rows = max(1, _SCORED_CELLS // n)
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
