"""One curve behind any model: what it answers, turned into the mean of what was true.

A network with a sigmoid has an output curve of its own; PCA, a blur or ridge regression has none.
Give them one, and they can be compared.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from course_utils import _arguments

__all__ = ["OutputCurve", "fit_output_curve"]

_BLOCK = 2**20  # values that are in memory in double precision at once: 8 MB an array


class OutputCurve(NamedTuple):
    """A curve that never falls, from what a model answers to what is true on average.

    Introduced in *Autoencode digits*. Call it with answers of any shape. Between two groups it is
    a straight line, and beyond the first and the last it is constant.

    Attributes
    ----------
    answers : ndarray, shape (groups,)
        Mean answer of each group, rising.
    means : ndarray, shape (groups,)
        What the curve gives there: the mean target of the group, or of several neighbours if
        their means would fall.
    """

    answers: np.ndarray
    means: np.ndarray

    def __call__(self, answer: ArrayLike) -> np.ndarray:
        """Put the curve behind a model.

        Parameters
        ----------
        answer : array_like
            What the model answers.

        Returns
        -------
        ndarray, same shape
            Values between the smallest and the largest of `means`; float32 for float32.

        Raises
        ------
        ValueError
            If an answer is missing or infinite.
        """
        values = _arguments.dense("answer", answer, empty=True, single=True)
        return np.interp(values, self.answers, self.means).astype(values.dtype)


def fit_output_curve(answer: ArrayLike, target: ArrayLike, *, bins: int = 40) -> OutputCurve:
    """Fit the curve that turns a model's answers into the mean of what was true.

    Introduced in *Autoencode digits*.

    The answers are cut into `bins` groups of equal width, and each group gets the mean of its
    targets: the best constant, whether squared errors or cross-entropies are counted. Groups
    whose means would fall share one mean (isotonic regression [1]_). All cells share the curve,
    so it cannot know one pixel from another.

    Parameters
    ----------
    answer : array_like
        What a model answers, in any unit.
    target : array_like, same shape
        What it should have answered. Take data that choose nothing else and are not the ones the
        model is scored on.
    bins : int
        Groups between the smallest and the largest answer. Empty ones are left out.

    Returns
    -------
    OutputCurve
        To be called with other answers of the same model.

    Raises
    ------
    TypeError
        If an array is sparse or holds no real numbers, or `bins` is no integer.
    ValueError
        If the shapes differ, are empty, a value is not finite, or `bins` is below 1.

    References
    ----------
    .. [1] R. E. Barlow, D. J. Bartholomew, J. M. Bremner, H. D. Brunk, "Statistical inference
       under order restrictions", Wiley 1972, chapter 1.

    Examples
    --------
    Whatever is answered below one half was black, and above it white.

    >>> curve = fit_output_curve([0.1, 0.3, 0.7, 0.9], [0, 0, 1, 1], bins=2)
    >>> curve.answers, curve.means
    (array([0.2, 0.8]), array([0., 1.]))
    >>> curve([0.0, 0.5, 2.0])
    array([0. , 0.5, 1. ])
    """
    from sklearn.isotonic import IsotonicRegression  # slow to import

    x = _arguments.dense("answer", answer, single=True)
    y = _arguments.dense("target", target, single=True)
    _arguments.same_shape("answer", x, "target", y)
    bins = _arguments.integer("bins", bins, 1)
    x, y = x.reshape(-1), y.reshape(-1)
    share = np.linspace(0, 1, bins + 1)[1:-1]
    edges = float(x.min()) * (1 - share) + float(x.max()) * share
    counts, answers, targets = np.zeros(bins), np.zeros(bins), np.zeros(bins)
    for start in range(0, len(x), _BLOCK):
        rows = slice(start, start + _BLOCK)
        group = np.digitize(x[rows], edges)
        counts += np.bincount(group, minlength=bins)
        answers += np.bincount(group, weights=x[rows], minlength=bins)
        targets += np.bincount(group, weights=y[rows], minlength=bins)
    full = counts > 0
    means = IsotonicRegression().fit_transform(
        np.arange(full.sum()), targets[full] / counts[full], sample_weight=counts[full]
    )
    return OutputCurve(answers[full] / counts[full], means)
