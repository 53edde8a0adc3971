"""The checks of *Recommend what nobody has rated* catch what learners get wrong."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from judging import assert_judged

from course_utils import content, factorization
from course_utils.checks import TODO, Status
from course_utils.checks import recommend_unrated_films as check


@pytest.mark.parametrize(
    ("answer", "status", "text"),
    [
        (TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (5, Status.RIGHT, "takes nothing away"),
        (5.0, Status.RIGHT, "(3, 4)"),
        (Fraction(5), Status.RIGHT, ""),
        (Decimal("5.0"), Status.RIGHT, ""),
        (np.array([3, 4]) @ [1, 0.5], Status.RIGHT, ""),
        (np.array(5), Status.RIGHT, ""),
        (np.float32(5), Status.RIGHT, ""),
        (0, Status.WRONG, "the features are not"),
        (1.25, Status.WRONG, "a quarter"),
        (5 / 3, Status.WRONG, "a third"),
        (3.5, Status.WRONG, "or the decade; this comedy of the 1980s is set in space"),
        (3, Status.WRONG, "leaves Comedy out"),
        (7, Status.WRONG, "the code weighs"),
        (5.5, Status.WRONG, "first column"),
        ((3, 4), Status.WRONG, ""),
        ("5", Status.WRONG, "quotes"),
        (6, Status.WRONG, "other values"),
        (-5, Status.WRONG, "other values"),
        (None, Status.RETURNED_NONE, "None"),
    ],
)
def test_predict_bag(answer, status, text):
    assert_judged(check.predict_bag, answer, status, text)


def mended(scores, hidden, order, k):
    return hidden[order][np.argsort(-scores[order], kind="stable")[:k]].sum()


def with_lexsort(scores, hidden, order, k):
    place = np.argsort(order)
    return int(hidden[np.lexsort((place, -scores))[:k]].sum())


def with_sorted(scores, hidden, order, k):
    ranked = sorted(order.tolist(), key=lambda film: -scores[film])
    return sum(bool(hidden[film]) for film in ranked[:k])


def with_pandas(scores, hidden, order, k):
    table = pd.DataFrame({"score": scores, "hidden": hidden}).iloc[order]
    return table.sort_values("score", ascending=False, kind="stable").hidden[:k].sum()


def one_after_the_other(scores, hidden, order, k):
    left, found = list(order), 0.0
    for _ in range(k):
        best = max(left, key=lambda film: scores[film])
        left.remove(best)
        found += hidden[best]
    return found


def as_it_was(scores, hidden, order, k):
    ranked = np.argsort(-scores, kind="stable")[:k]
    return hidden[ranked].sum()


def with_noise(scores, hidden, order, k):
    noisy = scores + np.random.default_rng(0).random(len(scores))
    return mended(noisy, hidden, order, k)


def with_places_for_films(scores, hidden, order, k):
    return hidden[np.lexsort((order, -scores))[:k]].sum()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (lambda scores, hidden, order, k: TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (mended, Status.RIGHT, "8 of 8"),
        (with_lexsort, Status.RIGHT, "8 of 8"),
        (with_sorted, Status.RIGHT, "8 of 8"),
        (with_pandas, Status.RIGHT, "8 of 8"),
        (one_after_the_other, Status.RIGHT, "8 of 8"),
        (lambda s, h, o, k: Fraction(int(mended(s, h, o, k))), Status.RIGHT, "8 of 8"),
        (lambda s, h, o, k: np.array(mended(s, h, o, k), dtype=float), Status.RIGHT, "8 of 8"),
        (as_it_was, Status.WRONG, "all scores equal"),
        (with_noise, Status.WRONG, ""),
        (with_places_for_films, Status.WRONG, "not its own inverse"),
        (lambda s, h, o, k: as_it_was(s[o], h, o, k), Status.WRONG, ""),
        (lambda s, h, o, k: as_it_was(s[::-1], h[::-1], o, k), Status.WRONG, "inverse"),
        (lambda s, h, o, k: as_it_was(s, h[o], o, k), Status.WRONG, "all scores different"),
        (lambda s, h, o, k: h[o][:k].sum(), Status.WRONG, "all scores different"),
        (lambda s, h, o, k: mended(s.round(6), h, o, k), Status.WRONG, "nearly equal"),
        (lambda s, h, o, k: mended(np.abs(s), h, o, k), Status.WRONG, "negative"),
        (lambda s, h, o, k: mended(-s, h, o, k), Status.WRONG, ""),
        (lambda s, h, o, k: mended(s, h, o, k) / k, Status.WRONG, ""),
        (lambda s, h, o, k: mended(s, h, o, 2), Status.WRONG, ""),
        (lambda s, h, o, k: h[o][np.argsort(-s[o])[:k]].sum(), Status.WRONG, "stable"),
        (
            lambda s, h, o, k: h[o][np.argsort(s[o], kind="stable")[::-1][:k]].sum(),
            Status.WRONG,
            "all scores equal",
        ),
        (lambda s, h, o, k: mended(s, h, np.arange(len(s)), k), Status.WRONG, "equal"),
        (lambda s, h, o, k: mended(s, h, np.argsort(o), k), Status.WRONG, "inverse"),
        (lambda s, h, o, k: print(k), Status.RETURNED_NONE, "return"),
    ],
)
def test_count_finds(attempt, status, text):
    assert_judged(check.count_finds, attempt, status, text)


@pytest.mark.parametrize(
    ("warm", "cold", "status", "text"),
    [
        (TODO, TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (["Alien"], ["Moon One", "Moon Two"], Status.RIGHT, "'moon'"),
        (("Alien", "Aliens"), ("Ghost", "ghost"), Status.RIGHT, "'ghost'"),
        (np.array(["A b"]), np.array(["c d", "D e"]), Status.RIGHT, "'d'"),
        (pd.Series(["A"]), pd.Series(["B", "B"]), Status.RIGHT, "'b'"),
        (["Alien"], ["X Y", "X Y", "Y"], Status.RIGHT, "got       2"),
        (["Moon"], ["Moon One", "Moon Two"], Status.WRONG, "survives"),
        (["Alien"], ["Moon Moon"], Status.WRONG, "survives"),
        (["Alien"], ["Moon", "Sun"], Status.WRONG, "survives"),
        (["Moon", "Moon"], ["Sun"], Status.WRONG, "survives"),
        (["Alien"], "Moon", Status.WRONG, "a single text"),
        ([], ["Moon", "Moon"], Status.WRONG, "1 to 12"),
        (["Alien"], [" ", "Moon"], Status.WRONG, "empty title"),
        ([1, 2], ["Moon", "Moon"], Status.WRONG, "a title is a text"),
        (["Alien"], 3, Status.WRONG, "list of titles"),
        (["Alien"], ["Moon"] * 13, Status.WRONG, "1 to 12"),
    ],
)
def test_break_vocabulary(warm, cold, status, text):
    assert_judged(check.break_vocabulary, (warm, cold), status, text)


def folded(likes, codes, prior, alpha, l2):
    mine = codes[likes > 0]
    gram = codes.T @ codes + alpha * mine.T @ mine + l2 * np.eye(codes.shape[1])
    return np.linalg.solve(gram, (1 + alpha) * mine.sum(axis=0) + l2 * prior)


def around_the_prior(likes, codes, prior, alpha, l2):
    """The difference from the prior is a plain ridge regression of what the prior leaves."""
    roots = np.sqrt(1 + alpha * likes)
    left = np.vstack([codes * roots[:, None], np.sqrt(l2) * np.eye(len(prior))])
    right = np.concatenate([roots * (likes - codes @ prior), np.zeros(len(prior))])
    return prior + np.linalg.lstsq(left, right, rcond=None)[0]


def person_by_person(likes, codes, prior, alpha, l2):
    gram, right = l2 * np.eye(len(prior)), l2 * prior
    for like, code in zip(likes, codes, strict=True):
        gram = gram + (1 + alpha * like) * np.outer(code, code)
        right = right + (1 + alpha * like) * like * code
    return np.linalg.inv(gram) @ right


def as_sparse(likes, codes, prior, alpha, l2):
    w = sp.diags_array(1 + alpha * likes)
    return folded(likes, codes, prior, alpha, l2) + 0 * (w @ codes).sum()


def added_at_the_end(likes, codes, prior, alpha, l2):
    return folded(likes, codes, 0 * prior, alpha, l2) + prior


def prior_without_l2(likes, codes, prior, alpha, l2):
    return folded(likes, codes, prior / l2, alpha, l2)


def prior_not_on_the_diagonal(likes, codes, prior, alpha, l2):
    weights = 1 + alpha * likes
    gram = (codes.T * weights) @ codes
    return np.linalg.pinv(gram) @ (codes.T @ (weights * likes) + l2 * prior)


def switched(likes, codes, prior, alpha, l2):
    return folded(likes, codes, 0 * prior, alpha, l2) if likes.any() else prior


def only_those_who_like(likes, codes, prior, alpha, l2):
    mine = codes[likes > 0]
    gram = (1 + alpha) * mine.T @ mine + l2 * np.eye(len(prior))
    return np.linalg.solve(gram, (1 + alpha) * mine.sum(axis=0) + l2 * prior)


def alpha_on_one_side(likes, codes, prior, alpha, l2):
    gram = codes.T @ codes + l2 * np.eye(len(prior))
    return np.linalg.solve(gram, codes.T @ ((1 + alpha) * likes) + l2 * prior)


def from_the_course(likes, codes, prior, alpha, l2):
    options = {"alpha": alpha, "l2": l2, "by_weight": False}
    return content.fold_in_items(likes[:, None], codes, prior[None], **options)[0]


def by_the_model(likes, codes, prior, alpha, l2):
    model = factorization.ImplicitALS(codes, codes, alpha, l2, False)
    return model.codes(likes[None])[0] + prior


@pytest.mark.slow
@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (lambda likes, codes, prior, alpha, l2: TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (folded, Status.RIGHT, "6 of 6"),
        (around_the_prior, Status.RIGHT, "6 of 6"),
        (person_by_person, Status.RIGHT, "6 of 6"),
        (as_sparse, Status.RIGHT, "6 of 6"),
        (lambda *given: folded(*given).tolist(), Status.RIGHT, "6 of 6"),
        (lambda *given: pd.Series(folded(*given)), Status.RIGHT, "6 of 6"),
        (added_at_the_end, Status.WRONG, ""),
        (prior_without_l2, Status.WRONG, "0 of 6"),
        (prior_not_on_the_diagonal, Status.WRONG, ""),
        (switched, Status.WRONG, ""),
        (only_those_who_like, Status.WRONG, ""),
        (alpha_on_one_side, Status.WRONG, "both sides"),
        (lambda u, c, p, a, l2: folded(u, c, p, a + 1, l2), Status.WRONG, ""),
        (lambda u, c, p, a, l2: folded(u, c, p, a, 2.0), Status.WRONG, ""),
        (lambda u, c, p, a, l2: folded(u, c, p, a, l2 * len(u)), Status.WRONG, "0 of 6"),
        (lambda *given: folded(*given)[:1], Status.WRONG, ""),
        (lambda *given: folded(*given).round(2), Status.WRONG, ""),
        (lambda *given: folded(*given).sum(), Status.WRONG, ""),
        (lambda u, c, p, a, l2: p, Status.WRONG, "0 of 6"),
        (from_the_course, Status.WRONG, "write it yourself"),
        (by_the_model, Status.WRONG, ""),
        (lambda *given: print(given), Status.RETURNED_NONE, "return"),
    ],
)
def test_fold_in_film(attempt, status, text):
    assert_judged(check.fold_in_film, attempt, status, text)


def test_the_expected_vector_is_that_of_the_course():
    rng = np.random.default_rng(0)
    given = rng.integers(0, 2, 7).astype(float), rng.normal(size=(7, 3)), rng.normal(size=3)
    found = check._fold_in_film(*given, 4.0, 0.7)
    np.testing.assert_allclose(found, from_the_course(*given, 4.0, 0.7), atol=1e-12)
