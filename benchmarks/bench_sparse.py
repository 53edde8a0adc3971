"""Left-align and indicator matrices against the source's code and against common libraries.

Contenders must agree on a smaller input before they are timed. A fast function is timed over
several calls in a row, as ``%timeit`` does: one call alone, right after a contender that gave much
memory back to the system, measures mostly how long the system takes to hand out fresh pages. That
case is real as well, so it stands in a table of its own.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping
from functools import partial

import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.preprocessing import OneHotEncoder

from benchmarks.harness import Comparison, Target, compare, report
from course_utils.sparse import index_to_indicator, left_align

ROWS, COLUMNS, NONZEROS = 20_000, 1_000, 1_000_000
PER_ROW = 50  # in the growth measurement, where rows grow with the nonzeros
# From a size on at which every call has to ask the system for memory, so that all do the same.
GROWTH_NONZEROS = [2_000_000, 4_000_000, 8_000_000, 16_000_000, 32_000_000]
SOURCE_GROWTH_NONZEROS = [50_000, 100_000, 200_000, 400_000]
INDICES, CLASSES = 2_000_000, 1_000
ALIGN_CALLS, INDICATOR_CALLS = 20, 50  # in a row, for one timing of a fast function


def random_csr(rows: int, columns: int, nonzeros: int) -> sp.csr_array:
    """Canonical CSR with `nonzeros` cells, the same number in every row, drawn evenly."""
    rng = np.random.default_rng(0)
    per_row = nonzeros // rows
    # One cell from each of `per_row` equal blocks of columns: sorted and distinct at once.
    block = columns // per_row
    indices = rng.integers(0, block, (rows, per_row)) + block * np.arange(per_row)
    data = rng.uniform(0.5, 5.0, rows * per_row)
    starts = np.arange(rows + 1) * per_row
    return sp.csr_array((data, indices.ravel(), starts), shape=(rows, columns))


def mask_per_row(matrix: sp.csr_array) -> sp.csr_array:
    """Left-align as the source does: one mask over all nonzeros for each row."""
    rows, columns = matrix.nonzero()
    aligned = np.zeros_like(columns)
    for row in np.unique(rows):
        mask = rows == row
        aligned[mask] = np.arange(np.sum(mask))
    return sp.coo_array((matrix.data, (rows, aligned)), shape=matrix.shape).tocsr()


def slice_per_row(matrix: sp.csr_array) -> sp.csr_array:
    """Left-align with a loop over rows that touches only the row's own slice."""
    columns = np.empty_like(matrix.indices)
    for start, stop in zip(matrix.indptr[:-1], matrix.indptr[1:], strict=True):
        columns[start:stop] = np.arange(stop - start)
    return sp.csr_array((matrix.data, columns, matrix.indptr), shape=matrix.shape)


def cumulative_count(matrix: sp.csr_array) -> sp.csr_array:
    """Left-align with pandas, which counts within groups."""
    coo = matrix.tocoo()
    columns = pd.Series(coo.row).groupby(coo.row, sort=False).cumcount().to_numpy()
    return sp.coo_array((coo.data, (coo.row, columns)), shape=matrix.shape).tocsr()


def stable_sort(matrix: sp.csr_array) -> sp.csr_array:
    """Left-align the dense matrix: sort every row by "is it zero", keeping the order."""
    dense = matrix.toarray()
    order = np.argsort(dense == 0, axis=1, kind="stable")
    return sp.csr_array(np.take_along_axis(dense, order, axis=1))


ALIGNERS: dict[str, Callable[[sp.csr_array], sp.csr_array]] = {
    "source: a mask per row": mask_per_row,
    "loop over slices of CSR": slice_per_row,
    "pandas groupby().cumcount()": cumulative_count,
    "NumPy stable argsort, dense": stable_sort,
    "course_utils.left_align": left_align,
}


def coordinates(indices: np.ndarray, classes: int) -> sp.csr_array:
    """Build the indicator as the source does: coordinates, then conversion to CSR."""
    ones, rows = np.ones(len(indices)), np.arange(len(indices))
    return sp.coo_array((ones, (rows, indices)), shape=(len(indices), classes)).tocsr()


def rows_of_identity(indices: np.ndarray, classes: int) -> sp.csr_array:
    """Pick the indicator's rows from a sparse identity matrix."""
    return sp.eye_array(classes, dtype=np.float32, format="csr")[indices]


def encoder(indices: np.ndarray, classes: int) -> sp.csr_array:
    """Let scikit-learn build the indicator, told the classes: it need not search for them."""
    one_hot = OneHotEncoder(categories=[np.arange(classes)], dtype=np.float32)
    return one_hot.fit_transform(indices[:, np.newaxis])


INDICATORS: dict[str, Callable[[np.ndarray, int], sp.csr_array]] = {
    "source: COO, then tocsr()": coordinates,
    "rows of eye_array": rows_of_identity,
    "sklearn OneHotEncoder": encoder,
    "course_utils.index_to_indicator": index_to_indicator,
}


def same(left: sp.csr_array, right: sp.csr_array) -> bool:
    """Whether two sparse arrays hold the same values."""
    return left.shape == right.shape and (left - right).count_nonzero() == 0


def in_a_row(
    task: str,
    contenders: Mapping[str, Callable[[], object]],
    *,
    calls: int,
    once: Collection[str] = (),
) -> Comparison:
    """Seconds per call, over `calls` calls in a row; those named in `once` are called singly."""
    counts = {name: 1 if name in once else calls for name in contenders}

    def repeated(name: str) -> Callable[[], None]:
        def run() -> None:
            for _ in range(counts[name]):
                contenders[name]()

        return run

    total = compare(task, {name: repeated(name) for name in contenders})
    seconds = {name: [run / counts[name] for run in runs] for name, runs in total.seconds.items()}
    notes = {name: "one call" if name in once else f"{calls} in a row" for name in contenders}
    return Comparison(task, seconds, notes)


def growth(aligner: str, nonzeros: list[int]) -> tuple[Comparison, float]:
    """Time one aligner on growing matrices and fit the exponent of its growth.

    The fit takes the shortest time of each size: other programs only ever add to a time.
    """
    matrices = [random_csr(size // PER_ROW, COLUMNS, size) for size in nonzeros]
    comparison = compare(
        f"{aligner}, {PER_ROW} nonzeros a row",
        {f"{matrix.nnz:,} nonzeros": partial(ALIGNERS[aligner], matrix) for matrix in matrices},
    )
    shortest = [min(runs) for runs in comparison.seconds.values()]
    exponent = float(np.polyfit(np.log(nonzeros), np.log(shortest), 1)[0])
    return comparison, exponent


def check_that_all_agree(matrix: sp.csr_array, indices: np.ndarray) -> None:
    """Stop if a contender computes something else than ours."""
    for name, align in ALIGNERS.items():
        if not same(align(matrix), left_align(matrix)):
            raise AssertionError(f"{name} disagrees with left_align")
    for name, indicator in INDICATORS.items():
        if not same(indicator(indices, CLASSES), index_to_indicator(indices, CLASSES)):
            raise AssertionError(f"{name} disagrees with index_to_indicator")


def main() -> int:
    """Measure, report, and return 1 if a target is missed."""
    source, stable = "source: a mask per row", "NumPy stable argsort, dense"
    ours = "course_utils.left_align"
    coordinate, sklearn = "source: COO, then tocsr()", "sklearn OneHotEncoder"
    indicator = "course_utils.index_to_indicator"
    indices = np.random.default_rng(0).integers(0, CLASSES, INDICES)
    check_that_all_agree(random_csr(300, COLUMNS, 15_000), indices[:5_000])

    matrix = random_csr(ROWS, COLUMNS, NONZEROS)
    aligning = in_a_row(
        f"left-align {ROWS:,} × {COLUMNS:,} with {NONZEROS:,} nonzeros",
        {name: partial(align, matrix) for name, align in ALIGNERS.items()},
        calls=ALIGN_CALLS,
        once=[source, stable],
    )
    builders = {name: partial(build, indices, CLASSES) for name, build in INDICATORS.items()}
    task = f"indicator of {INDICES:,} indices, {CLASSES:,} classes"
    indicating = in_a_row(task, builders, calls=INDICATOR_CALLS, once=[sklearn])
    singly = compare(f"{task}: one call, taking turns", builders)
    growing, exponent = growth(ours, GROWTH_NONZEROS)
    source_growing, source_exponent = growth(source, SOURCE_GROWTH_NONZEROS)

    met = report(
        "sparse",
        [aligning, growing, source_growing, indicating, singly],
        [
            Target(
                "left_align is faster than the source", aligning.ratio(source, ours), at_least=1000
            ),
            Target("left_align's time grows as nonzeros to the power", exponent, at_most=1.2),
            Target("the source's grows as nonzeros to the power", source_exponent, at_least=1.5),
            Target(
                "index_to_indicator is faster than COO and tocsr()",
                indicating.ratio(coordinate, indicator),
                at_least=10,
            ),
            Target(
                "index_to_indicator is faster than OneHotEncoder",
                indicating.ratio(sklearn, indicator),
                at_least=100,
            ),
        ],
    )
    return int(not met)


if __name__ == "__main__":
    sys.exit(main())
