"""Checks of *Map digits with t-SNE*."""

from collections.abc import Mapping

import numpy as np
from hypothesis import strategies as st

from course_utils import metrics
from course_utils.checks.engine import Breaking, Case, Exercise, Prediction, numbers

# What would do an exercise that says "write" or "mend".
NEIGHBOUR_SEARCHES = (
    "sklearn.neighbors.NearestNeighbors",
    "sklearn.neighbors.KNeighborsClassifier",
    "sklearn.neighbors.KDTree",
    "sklearn.neighbors.BallTree",
    "scipy.spatial.KDTree",
    "scipy.spatial.cKDTree",
)
SCALES = [2.0**-40, 1.0, 2.0**40]  # powers of two: equal distances stay equal


def nearest_other(points: np.ndarray) -> np.ndarray:
    """Row number of each point's nearest other point; of equally near ones the smallest."""
    squares = np.square(points[:, np.newaxis] - points).sum(axis=2).astype(float)
    np.fill_diagonal(squares, np.inf)
    return squares.argmin(axis=1)


def _share_kept(x: np.ndarray, codes: np.ndarray) -> float:
    return float(np.mean(nearest_other(x) == nearest_other(codes)))


def _has_ties(points: np.ndarray) -> bool:
    squares = np.square(points[:, np.newaxis] - points).sum(axis=2)
    upper = squares[np.triu_indices(len(points), 1)].tolist()
    return len({0, *upper}) <= len(upper)


def _points(rows: int, columns: int) -> st.SearchStrategy[np.ndarray]:
    """Draw whole numbers, so that squares and their sums are exact."""
    cells = st.lists(st.integers(-20, 20), min_size=rows * columns, max_size=rows * columns)
    return cells.map(lambda values: np.array(values, dtype=float).reshape(rows, columns))


@st.composite
def labelled_points(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Codes of two numbers, of any scale and with copies and ties, and their labels."""
    count = draw(st.integers(2, 6))
    names = st.sampled_from([-1, 0, 3, 1_000_000])
    labels = draw(st.lists(names, min_size=count, max_size=count))
    scale = draw(st.sampled_from(SCALES))
    return scale * draw(_points(count, 2)), np.array(labels)


def _without_ties(rows: int, columns: int, seed: int) -> np.ndarray:
    """Whole numbers of which no two distances are equal; drawn once, where a filter is slow."""
    draw = np.random.default_rng(seed)
    while _has_ties(points := draw.integers(-20, 21, (rows, columns)).astype(float)):
        pass
    return points


@st.composite
def _data_and_map(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    count = draw(st.integers(2, 5))
    both = []
    for columns in (draw(st.integers(1, 4)), draw(st.integers(1, 3))):
        points = _without_ties(count, columns, draw(st.integers(0, 1000)))
        both.append(points * draw(st.sampled_from(SCALES)))
    return both[0], both[1]


def _perplexity(probabilities: np.ndarray) -> float:
    some = probabilities[probabilities > 0]
    return float(2 ** -np.sum(some * np.log2(some)))


@st.composite
def _distributions(draw: st.DrawFn) -> tuple[np.ndarray]:
    weights = st.sampled_from([0, 0, 1, 2, 3, 1000])
    drawn = draw(st.lists(weights, min_size=1, max_size=20).filter(any))
    return (np.array(drawn) / np.sum(drawn),)


def _half_and_two_quarters(base: float, log_base: float) -> float:
    p = np.array([0.5, 0.25, 0.25])
    return float(base ** -np.sum(p * np.log(p) / np.log(log_base)))


def _one_score(x: np.ndarray, codes: np.ndarray) -> str:
    return "continuity is less than 0.2 above trustworthiness"


def _two_scores(x: np.ndarray, codes: np.ndarray) -> str:
    above = metrics.continuity(x, codes, k=1) - metrics.trustworthiness(x, codes, k=1)
    # Both are fractions of small whole numbers, so a gap of exactly 0.2 is a matter of rounding.
    return _one_score(x, codes) if above < 0.2 - 1e-9 else "continuity is at least 0.2 above"


def _map_problem(x: np.ndarray, codes: np.ndarray) -> str:
    if x.ndim != 2 or codes.ndim != 2 or len(x) != len(codes) or not 5 <= len(x) <= 12:
        return (
            "give two tables with a row for each of the same 5 to 12 points, "
            f"got shapes {x.shape} and {codes.shape}"
        )
    if x.shape[1] not in (1, 2, 3) or codes.shape[1] not in (1, 2):
        return (
            "a point has one to three numbers in x and one or two in codes, "
            f"got shapes {x.shape} and {codes.shape}"
        )
    if not (np.isfinite(x).all() and np.isfinite(codes).all()):
        return "all numbers are finite"
    return ""


def _scores(broken: bool, x: np.ndarray, codes: np.ndarray) -> Mapping[str, str]:
    trust, kept = metrics.trustworthiness(x, codes, k=1), metrics.continuity(x, codes, k=1)
    return {"scores": f"trustworthiness {trust:.3f}, continuity {kept:.3f}"}


predict_perplexity = Prediction(
    name="predict_perplexity",
    answer=lambda: _half_and_two_quarters(2, 2),
    decimals=2,
    because="The entropy is ½·1 + ¼·2 + ¼·2 = 1.5 bits, and 2 to the power of 1.5 is 2.83.",
    hint="Ask with yes and no: the first neighbour takes one question, each other one two.",
    misconceptions={
        "that is the entropy in bits; perplexity is 2 to this power": lambda: 1.5,
        "that would be three neighbours that count alike": lambda: 3.0,
        "2 to the power of an entropy in nats: take both with base 2": lambda: (
            _half_and_two_quarters(2, np.e)
        ),
        "e to the power of an entropy in bits: take both with base 2": lambda: (
            _half_and_two_quarters(np.e, 2)
        ),
        "that is the entropy in nats": lambda: np.log(_half_and_two_quarters(2, 2)),
        "that is one over the sum of squares, another count of neighbours": lambda: 1 / 0.375,
        "the sign of the exponent: an entropy is not negative": lambda: (
            1 / _half_and_two_quarters(2, 2)
        ),
        "that is the largest affinity turned over": lambda: 2.0,
    },
)

perplexity = Exercise(
    name="perplexity",
    reference=_perplexity,
    cases=[
        Case(
            "four alike",
            (np.array([0.25, 0.25, 0.25, 0.25]),),
            "four neighbours that count alike are four",
            hint="np.log has base e, and the power has base 2: 2 to the power of nats.",
        ),
        Case(
            "a half and two quarters",
            (np.array([0.5, 0.25, 0.25]),),
            "1.5 bits",
        ),
        Case(
            "one for sure",
            (np.array([0.0, 1.0, 0.0]),),
            "a neighbour with affinity 0 adds nothing: 0 · log 0 counts as 0",
            hint="np.log2(0) is minus infinity, and 0 times that is nan. Leave the zeros out.",
        ),
        Case(
            "a single neighbour",
            (np.array([1.0]),),
            "perplexity 1",
        ),
        Case(
            "a thousand alike",
            (np.full(1000, 0.001),),
            "small affinities count as well",
            hint="Leave out what is exactly 0, not what is small.",
        ),
        Case(
            "one strong, many weak",
            (np.array([0.98, *[0.02 / 2**15] * 2**15]),),
            "a fiftieth of the weight lies on 32,768 tiny affinities",
            hint="Leave out what is exactly 0, not what is small, and add nothing to the others.",
        ),
    ],
    hint="Both the logarithm and the power need base 2, and 0 · log 0 is 0.",
    search=_distributions(),
)

share_kept = Exercise(
    name="share_kept",
    reference=_share_kept,
    cases=[
        Case(
            "the same picture, ten times as large",
            (np.array([[0.0], [1.0], [3.0], [7.0]]), np.array([[0.0], [10.0], [30.0], [70.0]])),
            "every nearest neighbour stays",
            hint="A share goes from 0 to 1; here all four neighbours stay.",
        ),
        Case(
            "two points change places",
            (np.array([[0.0], [1.0], [3.0], [7.0]]), np.array([[0.0], [1.0], [7.0], [3.0]])),
            "the first two keep each other; the last two now look elsewhere",
            hint="Compare row numbers of neighbours, not distances; and a point is not its own "
            "neighbour.",
        ),
        Case(
            "three pixels, two numbers",
            (
                np.array([[0.0, 0, 0], [1, 0, 0], [0, 3, 0], [0, 3, 2]]),
                np.array([[0.0, 0], [5, 0], [1, 0], [7, 0]]),
            ),
            "the data and the map need not have the same width",
            hint="Look for neighbours in each space by its own distances, over all its columns.",
        ),
        Case(
            "two points",
            (np.array([[0.0], [1.0]]), np.array([[4.0], [2.0]])),
            "there is only one other point",
            hint="A point is not its own neighbour.",
        ),
        Case(
            "round the corner",
            (
                np.array([[0.0, 0.0], [3.0, 3.0], [0.0, 5.0], [-9.0, 0.0]]),
                np.array([[0.0], [1.0], [3.0], [-5.0]]),
            ),
            "from the first point, (3, 3) is 4.2 away and (0, 5) is 5",
            hint="Distances are Euclidean: add squares, neither absolute values nor the largest.",
        ),
        Case(
            "along the edge",
            (
                np.array([[0.0, 0.0], [4.0, 4.0], [5.0, 0.0], [-9.0, 0.0]]),
                np.array([[0.0], [3.0], [1.0], [-5.0]]),
            ),
            "from the first point, (5, 0) is 5 away and (4, 4) is 5.7",
            hint="Distances are Euclidean: all differences count, not only the largest.",
        ),
        Case(
            "far apart",
            (2.0**50 * np.array([[0.0], [1], [3], [7]]), np.array([[0.0], [1.0], [7.0], [3.0]])),
            "data may have any scale",
            hint="No finite number is larger than every distance.",
        ),
    ],
    hint="Find each point's nearest neighbour twice, then compare two arrays of row numbers.",
    search=_data_and_map(),
    search_hint="Both spaces have any number of columns and any scale. Find each point's nearest "
    "*other* point in each, by Euclidean distance, and compare row numbers.",
    without=NEIGHBOUR_SEARCHES,
)

break_one_score = Breaking(
    name="break_one_score",
    suspect=_one_score,
    reference=_two_scores,
    refusal=_map_problem,
    takes=numbers,
    detail=_scores,
    hint="Take two groups that lie far apart in x, and throw one on top of the other on the map: "
    "who is nearest there, and how far away was it?",
)
