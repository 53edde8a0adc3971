"""Exams of cold items: nobody is taught what is asked, by group or by time; ties gain nothing."""

import re

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from course_utils import cold_exams, exams, metrics


def likes_of(people=60, items=300, seed=0):
    """Earlier items are liked by more."""
    rng = np.random.default_rng(seed)
    popular = np.linspace(0.5, 0.05, items)
    return sp.csr_array((rng.random((people, items)) < popular).astype(float))


def same_for_all(train, warm, setting):
    return lambda seen, cold: np.zeros((seen.shape[0], cold.shape[0]))


# ---- one exam -----------------------------------------------------------------------------------


@given(st.integers(0, 30), st.integers(1, 4))
def test_an_exam_is_cut_out_of_the_table(seed, least):
    likes = likes_of(14, 20, seed).toarray()
    rng = np.random.default_rng(seed)
    group, cold = rng.integers(0, 3, 14), rng.random(20) < 0.4
    cold[:2], group[:2] = [True, False], [0, 1]
    likes[1] = 1
    exam = cold_exams.examine(likes, group == 0, group == 1, cold, least=least, seed=seed)
    np.testing.assert_array_equal(exam.warm, np.flatnonzero(~cold))
    assert sorted(exam.cold) == np.flatnonzero(cold).tolist()
    np.testing.assert_array_equal(exam.train.toarray(), likes[group == 0][:, exam.warm])
    np.testing.assert_array_equal(exam.first.toarray(), likes[group == 0][:, exam.cold])
    asked = [
        person
        for person in np.flatnonzero(group == 1)
        if likes[person, ~cold].sum() >= least and likes[person, cold].sum() >= 1
    ]
    np.testing.assert_array_equal(exam.seen.toarray(), likes[asked][:, exam.warm])
    np.testing.assert_array_equal(exam.hidden, likes[asked][:, exam.cold] > 0)


def plain(exam):
    """Return the parts of an exam, dense, as lists that can be compared."""
    return [getattr(part, "toarray", lambda part=part: part)().tolist() for part in exam]


def test_what_is_left_out_is_what_the_page_says():
    likes = (np.arange(9) >= np.array([0, 4, 5, 6, 7])[:, None]).astype(float)
    groups = np.arange(5) < 1, np.arange(5) >= 1, np.arange(9) == 8
    exam = cold_exams.examine(likes, *groups)
    assert plain(exam) == plain(cold_exams.examine(likes, *groups, warm=None, least=4, seed=0))
    assert exam.seen.sum(axis=1).tolist() == [4]
    assert cold_exams.examine(likes, *groups, least=1).seen.sum(axis=1).tolist() == [4, 3, 2, 1]
    likes = likes_of(30, 40)
    for ours, theirs in zip(
        cold_exams.deal(likes), cold_exams.deal(likes, folds=5, least=4, seed=0), strict=True
    ):
        assert len(ours) == 5
        assert list(map(plain, ours)) == list(map(plain, theirs))
    rng = np.random.default_rng(0)
    days = np.maximum(rng.integers(1, 50, (60, 1)), rng.integers(1, 50, 80))
    times = sp.csr_array(days * (rng.random((60, 80)) < 0.1))
    later = cold_exams.examine_later(times, times)
    assert plain(later) == plain(cold_exams.examine_later(times, times, share=0.8, least=4, seed=0))
    assert plain(later) != plain(cold_exams.examine_later(times, times, least=5))
    shown = [
        cold_exams.reveal(exam, 1, **option).toarray().tolist() for option in ({}, {"seed": 0})
    ]
    assert shown[0] == shown[1]


def test_cold_items_are_not_in_the_order_of_the_table():
    likes = np.ones((2, 40))
    orders = [
        cold_exams.examine(
            likes, [True, False], [False, True], np.arange(40) >= 20, seed=seed
        ).cold.tolist()
        for seed in (0, 0, 1)
    ]
    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[0]) == list(range(20, 40)) != orders[0]


def test_an_item_may_be_neither_warm_nor_cold():
    likes = np.ones((2, 4))
    exam = cold_exams.examine(
        likes, [True, False], [False, True], [True, False, False, False],
        warm=[False, True, True, False], least=2,
    )  # fmt: skip
    assert exam.warm.tolist() == [1, 2]
    assert exam.seen.shape == (1, 2)


def test_numbers_and_stored_zeros_do_not_matter():
    likes = sp.csr_array(([5.0, 0.0, 2.0, 3.0, 1.0], ([0, 0, 0, 1, 1], [0, 1, 2, 0, 2])), (2, 3))
    exam = cold_exams.examine(likes, [1 > 0, False], [False, True], [False, False, True], least=1)
    assert exam.train.toarray().tolist() == [[1.0, 0.0]]
    assert exam.first.toarray().tolist() == [[1.0]]


@pytest.mark.parametrize(
    ("changed", "error", "text"),
    [
        ({"examined": [True, True]}, ValueError, "got person 0 in both"),
        ({"warm": [True, True, True]}, ValueError, "got item 2 in both"),
        ({"teachers": [False, False]}, ValueError, "teachers must hold"),
        ({"teachers": [False]}, ValueError, "teachers must have shape (2,)"),
        ({"examined": [True]}, ValueError, "examined must have shape (2,)"),
        ({"warm": [True]}, ValueError, "warm must have shape (3,)"),
        ({"warm": [False] * 3}, ValueError, "warm must hold"),
        ({"interactions": [[1, 1, 1], [1, 1, 0]]}, ValueError, "got nobody"),
        ({"cold": [False] * 3}, ValueError, "cold must hold"),
        ({"cold": [False] * 4}, ValueError, "cold"),
        ({"least": 3}, ValueError, "got nobody"),
        ({"least": 0}, ValueError, "least"),
        ({"least": 1.5}, TypeError, "least"),
        ({"interactions": [["a"]]}, TypeError, "interactions"),
    ],
)
def test_examine_refuses(changed, error, text):
    options = {"interactions": np.ones((2, 3)), "teachers": [True, False]}
    options |= {"examined": [False, True], "cold": [False, False, True], "least": 2}
    with pytest.raises(error, match=re.escape(text)):
        cold_exams.examine(**(options | changed))


# ---- dealt --------------------------------------------------------------------------------------


def test_each_item_is_cold_once_and_each_person_examined_once():
    # Each person has one item of their own, so rows tell who is where.
    people, items = 30, 60
    likes = np.hstack([np.eye(people), np.ones((people, items))])
    final, practice = cold_exams.deal(likes, folds=5, least=2, seed=1)
    assert sorted(np.concatenate([exam.cold for exam in final])) == list(range(people + items))
    assert sum(len(exam.hidden) for exam in final) == people
    for exam, rehearsal in zip(final, practice, strict=True):
        assert not set(rehearsal.warm) & set(exam.cold)
        assert not set(rehearsal.cold) & set(exam.cold)
        assert not set(rehearsal.warm) & set(rehearsal.cold)
        assert exam.train.shape[0] == 24
        assert rehearsal.train.shape[0] == 18
        assert len(rehearsal.hidden) == 6


def test_people_of_an_exam_are_not_in_its_practice():
    people = 30
    likes = np.hstack([np.eye(people), np.ones((people, 60))])
    own = np.arange(people)
    final, practice = cold_exams.deal(likes, folds=3, least=2, seed=0)
    for exam, rehearsal in zip(final, practice, strict=True):
        items = np.concatenate([exam.warm, exam.cold])
        marked = np.hstack([exam.seen.toarray() > 0, exam.hidden])[:, items < people]
        examined = set(items[items < people][marked.any(axis=0)])
        for rows, columns in (
            (rehearsal.train, rehearsal.warm),
            (rehearsal.first, rehearsal.cold),
            (rehearsal.seen, rehearsal.warm),
        ):
            there = set(columns[np.unique(rows.tocsr().indices)]) & set(own)
            assert not there & examined


def test_the_same_seed_deals_the_same():
    first, again = (cold_exams.deal(likes_of(), seed=3)[0] for _ in range(2))
    other = cold_exams.deal(likes_of(), seed=4)[0]
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.cold, two.cold)
        np.testing.assert_array_equal(one.hidden, two.hidden)
    assert any(
        one.cold.tolist() != two.cold.tolist() for one, two in zip(first, other, strict=True)
    )


def test_equal_scores_gain_nothing_by_the_order_of_the_table():
    final, _ = cold_exams.deal(likes_of(200, 600), seed=0)
    drawn, by_number = [], []
    for exam in final:
        equal = np.zeros(exam.hidden.shape)
        drawn.append(metrics.ndcg_at_k(equal, exam.hidden, 20))
        by_number.append(metrics.ndcg_at_k(equal - exam.cold, exam.hidden, 20))
    share = np.concatenate([exam.hidden.mean(axis=1) for exam in final]).mean()
    assert np.concatenate(drawn).mean() == pytest.approx(share, abs=0.02)
    assert np.concatenate(by_number).mean() > 1.4 * share


def test_as_many_groups_as_people_or_items_but_no_more():
    assert len(cold_exams.deal(np.ones((9, 4)), folds=4, least=1)[0]) == 4
    assert len(cold_exams.deal(np.ones((4, 9)), folds=4, least=1)[0]) == 4
    for shape in ((9, 4), (4, 9)):
        with pytest.raises(ValueError, match="folds must be an integer from 3 to 4, got 5"):
            cold_exams.deal(np.ones(shape), folds=5)


@pytest.mark.parametrize("folds", [2, 61, 2.5])
def test_deal_refuses_folds(folds):
    with pytest.raises((TypeError, ValueError), match="folds"):
        cold_exams.deal(likes_of(), folds=folds)


# ---- by time ------------------------------------------------------------------------------------


@given(st.integers(0, 40), st.sampled_from([0.3, 0.5, 0.8]))
def test_nothing_taught_is_younger_than_the_day(seed, share):
    rng = np.random.default_rng(seed)
    rated = rng.random((25, 40)) < 0.4
    joined = rng.random(25)[:, None] * 100
    appeared = np.sort(rng.random(40))[None] * 100
    when = np.where(rated, np.maximum(joined, appeared) + rng.random((25, 40)) + 1, 0)
    likes = rated & (rng.random((25, 40)) < 0.6)
    day = np.quantile(when[rated], share)
    early = rated & (when < day)
    newcomers = likes[~early.any(axis=1)]
    warm = early.any(axis=0)
    some = newcomers[:, warm].any(axis=1) & newcomers[:, rated.any(axis=0) & ~warm].any(axis=1)
    if not some.any() or not (likes & early).any():
        with pytest.raises(ValueError, match="got nobody|nothing but False"):
            cold_exams.examine_later(likes, sp.csr_array(when), share=share, least=1)
        return
    exam = cold_exams.examine_later(likes, sp.csr_array(when), share=share, least=1)
    np.testing.assert_array_equal(exam.warm, np.flatnonzero(warm))
    assert sorted(exam.cold) == np.flatnonzero(rated.any(axis=0) & ~warm).tolist()
    taught = (likes & early)[(likes & early).any(axis=1)]
    np.testing.assert_array_equal(exam.train.toarray(), taught[:, exam.warm])
    assert exam.first.nnz == 0
    np.testing.assert_array_equal(exam.hidden, newcomers[some][:, exam.cold])


@pytest.mark.parametrize(
    ("likes", "times", "share", "error", "text"),
    [
        ([[1, 1]], np.ones((1, 2)), 0.5, TypeError, "times"),
        ([[1, 1]], sp.csr_array([[3.0, 3.0]]), 0.5, ValueError, "times must differ"),
        ([[1, 1]], sp.csr_array((1, 2)), 0.5, ValueError, "times must differ"),
        ([[1, 1]], sp.csr_array([[3.0, 0.0]]), 0.5, ValueError, "times must differ"),
        ([[1, 1, 1]], sp.csr_array([[3.0, 0.0, 4.0]]), 0.5, ValueError, "one without"),
        ([[1, 1]], sp.csr_array([[3.0], [4.0]]), 0.5, ValueError, "shape of interactions"),
        ([[1, 1]], sp.csr_array([[3.0, 4.0]]), 1.0, ValueError, "share"),
    ],
)
def test_examine_later_refuses(likes, times, share, error, text):
    with pytest.raises(error, match=re.escape(text)):
        cold_exams.examine_later(likes, times, share=share)


def test_a_later_exam_by_hand():
    """The day is 5: what was rated before is warm, and who rated before it teaches."""
    times = sp.csr_array(
        [
            [1, 2, 0, 9, 0, 0],  # teaches, and rates the cold item 3 later
            [0, 3, 4, 0, 0, 0],
            [0, 6, 7, 8, 0, 0],  # came later
            [0, 5, 0, 0, 9, 0],
        ]
    )
    likes = (times.toarray() > 0) & [True, True, True, True, False, True]
    exam = cold_exams.examine_later(likes, times, share=4 / 9, least=1)
    assert exam.warm.tolist() == [0, 1, 2]
    assert sorted(exam.cold.tolist()) == [3, 4]
    assert exam.train.toarray().tolist() == [[1, 1, 0], [0, 1, 1]]
    assert exam.first.nnz == 0
    assert exam.seen.toarray().tolist() == [[0, 1, 1]]
    assert exam.hidden.tolist() == [(exam.cold == 3).tolist()]


def test_a_like_of_zero_that_is_stored_is_no_like_and_needs_no_time():
    times = sp.csr_array([[1, 2, 0], [0, 3, 9]])
    likes = sp.csr_array(np.array([[1, 1, 5], [5, 1, 1]]))
    likes.data[likes.data == 5] = 0
    exam = cold_exams.examine_later(likes, times, share=0.5, least=1)
    assert exam.train.toarray().tolist() == [[1, 1]]
    assert exam.seen.toarray().tolist() == [[0, 1]]
    assert exam.hidden.tolist() == [[True]]


# ---- first interactions -------------------------------------------------------------------------


def test_what_is_revealed_grows_and_never_exceeds_what_there_is():
    exam = cold_exams.deal(likes_of(), seed=0)[0][0]
    whole = exam.first.toarray()
    before = np.zeros_like(whole)
    for count in (0, 1, 2, 5, 1000):
        now = cold_exams.reveal(exam, count, seed=7).toarray()
        np.testing.assert_array_equal(now.sum(axis=0), np.minimum(count, whole.sum(axis=0)))
        assert (now <= whole).all()
        assert (before <= now).all()
        before = now
    np.testing.assert_array_equal(before, whole)


def test_whose_interactions_are_revealed_is_drawn_evenly():
    exam = cold_exams.deal(np.ones((12, 9)), folds=3, least=3)[0][0]
    drawn = sum(cold_exams.reveal(exam, 2, seed=seed).toarray() for seed in range(600))
    np.testing.assert_allclose(drawn / 600, 2 / 8, atol=0.08)


@pytest.mark.parametrize("count", [-1, 1.5, True])
def test_reveal_refuses(count):
    exam = cold_exams.deal(np.ones((6, 9)), folds=3, least=3)[0][0]
    with pytest.raises((TypeError, ValueError), match="count"):
        cold_exams.reveal(exam, count)


# ---- models -------------------------------------------------------------------------------------


def test_a_model_is_given_what_it_may_know_in_the_order_of_the_exam():
    likes, features = likes_of(), sp.csr_array(np.arange(600.0).reshape(300, 2) + 1)
    exam = cold_exams.deal(likes, seed=0)[0][1]

    def model(train, warm, setting):
        assert setting == "a setting"
        np.testing.assert_array_equal(train.toarray(), exam.train.toarray())
        np.testing.assert_array_equal(warm.toarray(), features.toarray()[exam.warm])

        def score(seen, cold):
            np.testing.assert_array_equal(seen.toarray(), exam.seen.toarray())
            return np.tile(cold.toarray()[:, 0], (seen.shape[0], 1))

        return score

    found = cold_exams.scores(model, "a setting", exam, features)
    np.testing.assert_array_equal(found[0], 2 * exam.cold + 1)


def test_scores_refuses_too_few_features_and_another_shape():
    exam = cold_exams.deal(likes_of(), seed=0)[0][0]
    with pytest.raises(ValueError, match="features must have a row for each of 300 items"):
        cold_exams.scores(same_for_all, None, exam, np.ones((200, 1)))
    with pytest.raises(ValueError, match=re.escape("got shape (1, 1)")):
        wrong = lambda *_: lambda *_: np.ones((1, 1))  # noqa: E731
        cold_exams.scores(wrong, None, exam, np.ones((300, 1)))


def test_every_item_of_the_exam_needs_features_and_others_do_not():
    exam = cold_exams.examine(
        np.ones((2, 6)), [True, False], [False, True], np.arange(6) == 3,
        warm=np.arange(6) < 2, least=1,
    )  # fmt: skip
    assert cold_exams.scores(same_for_all, None, exam, np.ones((4, 1))).tolist() == [[0]]
    with pytest.raises(ValueError, match="a row for each of 4 items or more, got shape"):
        cold_exams.scores(same_for_all, None, exam, np.ones((3, 1)))


def test_scores_are_floats_and_zeros_that_are_stored_are_no_features():
    exam = cold_exams.examine(
        np.ones((2, 3)), [True, False], [False, True], [False, False, True], least=1
    )
    features = sp.csr_array(([0.0, 2.0, 0.0], ([0, 1, 2], [0, 0, 0])), shape=(3, 1))
    known = []

    def model(train, warm, setting):
        known.append(warm.nnz)
        return lambda seen, cold: [[cold.nnz]]

    found = cold_exams.scores(model, None, exam, features)
    assert known == [1]
    assert (found.dtype, found.tolist()) == (np.float64, [[0.0]])


def by_first_feature(train, warm, setting):
    sign = setting
    return lambda seen, cold: np.tile(sign * cold.toarray()[:, 0], (seen.shape[0], 1))


def test_a_climb_chooses_in_practice_and_marks_in_the_exam():
    likes = likes_of(80, 600)
    features = sp.csr_array(np.asarray(likes.sum(axis=0))[:, None])
    final, practice = cold_exams.deal(likes, seed=0)
    done = cold_exams.climb(by_first_feature, [-1, 1], final, practice, features)
    assert done.chosen == [1] * 5
    for setting in (-1, 1):
        expected = [
            metrics.ndcg_at_k(
                np.tile(setting * features.toarray()[exam.cold, 0], (len(exam.hidden), 1)),
                exam.hidden,
                100,
            ).mean()
            for exam in practice
        ]
        np.testing.assert_allclose(done.practice[setting], expected)
    marks = [
        exams.marks(cold_exams.scores(by_first_feature, 1, exam, features), exam.hidden)
        for exam in final
    ]
    for name in exams.MEASURES:
        np.testing.assert_array_equal(done.marks[name], np.concatenate([m[name] for m in marks]))


@pytest.mark.parametrize(("settings", "left_out"), [([], 0), ([1], 1)])
def test_a_climb_needs_settings_and_practice(settings, left_out):
    final, practice = cold_exams.deal(likes_of(), seed=0)
    rest = practice[left_out:]
    with pytest.raises(ValueError, match="climb needs a setting"):
        cold_exams.climb(by_first_feature, settings, final, rest, np.ones((300, 1)))
