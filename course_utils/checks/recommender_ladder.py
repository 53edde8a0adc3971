"""Checks of *Climb the recommender ladder*."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from course_utils import metrics
from course_utils.checks.engine import Breaking, Case, Exercise, Prediction, same_kind

_FILMS = 10


def _ndcg_of_first_and_third() -> float:
    relevant = np.array([[True, False, True, False]])
    return float(metrics.ndcg_at_k([[4.0, 3.0, 2.0, 1.0]], relevant, 3)[0])


def _recommend(scores: np.ndarray, seen: np.ndarray, k: int) -> np.ndarray:
    return np.argsort(-np.where(seen, -np.inf, scores), kind="stable")[:k]


def _perfect_list(hidden: Any) -> tuple[np.ndarray, np.ndarray]:
    relevant = np.isin(np.arange(_FILMS), hidden)[None]
    return relevant.astype(float), relevant


def _recall_without_minimum(hidden: Any, k: int) -> float:
    scores, relevant = _perfect_list(hidden)
    found = metrics.recall_at_k(scores, relevant, k)[0] * min(k, relevant.sum())
    return float(found / relevant.sum())


def _recall(hidden: Any, k: int) -> float:
    return float(metrics.recall_at_k(*_perfect_list(hidden), k)[0])


def _hidden_problem(hidden: Any, k: Any) -> str:
    films = np.asarray(hidden)
    if films.ndim != 1 or films.size == 0 or films.dtype.kind not in "iu":
        return "give a list of at least one whole film number"
    if films.min() < 0 or films.max() >= _FILMS or len(np.unique(films)) != films.size:
        return f"films are different numbers from 0 to {_FILMS - 1}"
    if isinstance(k, bool) or not isinstance(k, (int, np.integer)) or not 1 <= k <= _FILMS:
        return f"k must be a whole number from 1 to {_FILMS}, got {k!r}"
    return ""


def _ease_weights(interactions: np.ndarray, l2: float) -> np.ndarray:
    gram = interactions.T @ interactions
    inverse = np.linalg.inv(gram + l2 * np.eye(len(gram)))
    return np.eye(len(gram)) - inverse / np.diag(inverse)


def _honest_mark(practice: np.ndarray, exam: np.ndarray) -> float:
    chosen = np.argmax(practice, axis=0)
    return float(np.mean(exam[chosen, np.arange(exam.shape[1])]))


@st.composite
def _scored_films(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, int]:
    """Scores that are all different, so that there is one right list whatever the sort does."""
    films = draw(st.integers(1, 20))
    order = np.array(draw(st.permutations(range(films))), dtype=float)
    scores = (order - draw(st.integers(0, films))) * draw(st.sampled_from([1.0, 1e-9, 1e9]))
    seen = np.array(draw(st.lists(st.booleans(), min_size=films, max_size=films)))
    seen[draw(st.integers(0, films - 1))] = False
    return scores, seen, draw(st.integers(1, int(np.sum(~seen))))


@st.composite
def _likes(draw: st.DrawFn) -> tuple[np.ndarray, float]:
    people, films = draw(st.integers(1, 5)), draw(st.integers(1, 4))
    row = st.lists(st.sampled_from([0.0, 1.0, 0.5, 3.0]), min_size=films, max_size=films)
    rows = draw(st.lists(row, min_size=people, max_size=people))
    return np.array(rows), draw(st.sampled_from([0.5, 1.0, 10.0, 300.0]))


@st.composite
def _marks(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    shape = draw(st.integers(1, 5)), draw(st.integers(1, 6))
    size = shape[0] * shape[1]
    marks = st.lists(st.integers(0, 8), min_size=size, max_size=size)
    practice, exam = (np.reshape(draw(marks), shape) / 8 for _ in range(2))
    return practice, exam


predict_ndcg = Prediction(
    name="predict_ndcg",
    answer=_ndcg_of_first_and_third,
    because="1.5 of a possible 1.63: one place lost at rank 3 costs little.",
    hint="What the list collects, divided by what a perfect list collects.",
    misconceptions={
        "that is what the list collects; divide it by the perfect list's sum": lambda: 1.5,
        "that is the recall of the list, which does not see the order": lambda: 1.0,
        "a perfect list has two finds, at ranks 1 and 2, not three": lambda: (
            1.5 / (1 + 1 / np.log2(3) + 1 / 2)
        ),
        "the discount is 1 / log2(rank + 1), not 1 / rank": lambda: (1 + 1 / 3) / (1 + 1 / 2),
    },
    decimals=2,  # whoever uses a pocket calculator is right, too
)

recommend = Exercise(
    name="recommend",
    reference=_recommend,
    cases=[
        Case(
            "positive scores",
            (np.array([0.2, 0.9, 0.5]), np.array([False, True, False]), 2),
            "the version above is right here",
        ),
        Case(
            "log-probabilities",
            (np.array([-1.2, -0.3, -2.5]), np.array([False, True, False]), 2),
            "all are below 0, so a seen film with score 0 comes first",
        ),
        Case(
            "nothing seen",
            (np.array([0.1, 0.3, 0.2]), np.zeros(3, dtype=bool), 3),
            "a new person gets the best of all",
        ),
        Case(
            "very low scores",
            (np.array([-1e12, 5.0]), np.array([False, True]), 1),
            "no fixed number such as -999 is low enough",
            hint="Which number is below every other?",
        ),
        Case(
            "scores as low as they get",
            (np.array([5.0, -1e300, 3.0]), np.array([True, False, False]), 2),
            "1 less than −1e300 is −1e300 again",
            hint="Which number is below every other?",
        ),
        Case(
            "seen as far above 0 as another lies below",
            (np.array([4.0, -4.0, 1.0]), np.array([True, False, False]), 2),
            "8 less than 4 is -4, and that is the score of another film",
            hint="Which number is below every other?",
        ),
        Case(
            "nearly equal scores",
            (np.array([0.3, 0.3 + 1e-12, 0.2]), np.zeros(3, dtype=bool), 2),
            "a little better is better: 0.3 + 10⁻¹² beats 0.3",
            hint="Rank the scores as they are, without rounding.",
        ),
        Case(
            "2000 of 5000 films",
            (np.arange(5000.0) * 2317 % 5000 - 2500, np.arange(5000) % 3 == 0, 2000),
            "the best comes first, the second best second, to the end of the list",
            hint="The films of the list stand in order, not only in it.",
        ),
        Case(
            "scores on both sides of 0",
            (np.array([-0.4, 0.7, -0.1, 0.3]), np.array([False, False, True, False]), 3),
            "a score of 0 would put the seen film in the middle of the list",
        ),
    ],
    hint="A seen film needs a score that is below every other.",
    search=_scored_films(),
    compare=same_kind,
)

honest_mark = Exercise(
    name="honest_mark",
    reference=_honest_mark,
    cases=[
        Case(
            "practice knows best",
            (np.array([[0.3, 0.2], [0.1, 0.4]]), np.array([[0.5, 0.1], [0.2, 0.3]])),
            "the setting that practised best is the best in the exam, too: both versions agree",
        ),
        Case(
            "the exam disagrees",
            (np.array([[0.3, 0.2], [0.1, 0.4]]), np.array([[0.2, 0.6], [0.5, 0.1]])),
            "setting 0 was best in the first practice exam, and gets 0.2; setting 1 in the second, "
            "and gets 0.1",
            hint="The exam may not say which setting is used. Who may?",
        ),
        Case(
            "three settings, four exams",
            (
                np.array([[0.1, 0.2, 0.5, 0.0], [0.3, 0.1, 0.2, 0.1], [0.2, 0.3, 0.1, 0.4]]),
                np.array([[0.6, 0.5, 0.9, 0.3], [0.4, 0.1, 0.3, 0.2], [0.2, 0.3, 0.2, 0.1]]),
            ),
            "each exam has a practice of its own, so settings 1, 2, 0 and 2; a mean of four marks",
            hint="Rows are settings, columns are exams; choose column by column.",
        ),
        Case(
            "equal marks in practice",
            (np.array([[0.1], [0.4], [0.4]]), np.array([[0.9], [0.2], [0.7]])),
            "of settings that practised equally well the first counts",
        ),
        Case(
            "nearly equal marks in practice",
            (np.array([[0.4], [0.4 + 1e-12]]), np.array([[0.9], [0.2]])),
            "a little better is better: 0.4 + 10⁻¹² beats 0.4",
        ),
        Case(
            "one setting, four exams",
            (np.array([[0.1, 0.9, 0.5, 0.3]]), np.array([[0.2, 0.4, 0.6, 0.8]])),
            "nothing to choose: the mean of the exams",
        ),
    ],
    hint="np.argmax(…, axis=0) gives a row for each column; read exam at these places.",
    search=_marks(),
)

break_recall = Breaking(
    name="break_recall",
    suspect=_recall_without_minimum,
    reference=_recall,
    refusal=_hidden_problem,
    hint="A list of k can hold all hidden films only if there are no more than k.",
)

ease_weights = Exercise(
    name="ease_weights",
    reference=_ease_weights,
    cases=[
        Case(
            "two films liked together",
            (np.array([[1.0, 1.0], [1.0, 1.0]]), 1.0),
            "each explains the other, shrunk by the penalty",
        ),
        Case(
            "films of different popularity",
            (np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [1.0, 0.0, 0.0]]), 1.0),
            "P is symmetric and B is not: column j is divided by entry j of the diagonal",
        ),
        Case(
            "nothing in common",
            (np.eye(3), 2.0),
            "nobody likes two films, so nothing follows from anything; the diagonal stays 0",
        ),
        Case(
            "more films than people",
            (np.array([[1.0, 0.0, 1.0, 1.0]]), 5.0),
            "the penalty makes the matrix invertible",
        ),
        Case("a film nobody likes", (np.array([[1.0, 0.0], [1.0, 0.0]]), 1.0), "its weights are 0"),
    ],
    hint="Invert, divide column by column by the diagonal, change the sign, clear the diagonal.",
    search=_likes(),
    without=("course_utils.factorization.EASE", "course_utils.factorization.ease"),
)
