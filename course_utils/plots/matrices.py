"""Drawings of small tables: rows of images, matrices with their numbers, layers, stored arrays."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike
from scipy.sparse import csr_array

from course_utils import _arguments, _sparse_forms
from course_utils._sparse_forms import Matrix
from course_utils.plots.style import COLORS


def image_rows(
    rows: Mapping[str, ArrayLike], *, shape: tuple[int, int] = (28, 28), scale: float = 0.75
) -> Figure:
    """Draw rows of small grey images, one labelled row above the other.

    Introduced in *Check your set-up and find your way*.

    Parameters
    ----------
    rows : dict of str to array_like, shape (n, height * width)
        Row title -> its images, grey values between 0 (black) and 1 (white). All rows hold the
        same number of images.
    shape : tuple of int
        Height and width of one image, in pixels.
    scale : float
        Side of one image in the figure, in inches.

    Returns
    -------
    matplotlib.figure.Figure
        To be passed to :func:`show`.

    Raises
    ------
    TypeError
        If an image holds no real numbers, or a size is no number.
    ValueError
        If there is no row, the rows differ in length, or their width is not height * width.

    Examples
    --------
    >>> figure = image_rows({"noise": np.random.default_rng(0).random((3, 784))})
    >>> len(figure.axes)
    3
    >>> plt.close(figure)
    """
    height, width = (_arguments.integer("height and width", side, 1) for side in shape)
    scale = _arguments.number("scale", scale, above=0)
    pixels = height * width
    drawn = {
        title: _arguments.dense(
            f"row {title!r}", images, ndim=2, shape=f"(n, {pixels})", single=True
        )
        for title, images in rows.items()
    }
    sizes = {title: images.shape for title, images in drawn.items()}
    if len(set(sizes.values())) != 1 or next(iter(sizes.values()))[1] != pixels:
        raise ValueError(f"every row must have the same shape (n, {pixels}), got {sizes}")
    count = len(next(iter(drawn.values())))
    figure, grid = plt.subplots(
        len(rows), count, figsize=(scale * count + 1.2, scale * len(rows)), squeeze=False
    )
    for axes_row, (title, images) in zip(grid, drawn.items(), strict=True):
        for axes, image in zip(axes_row, images, strict=True):
            axes.imshow(image.reshape(height, width), vmin=0, vmax=1)
            axes.axis("off")
        axes_row[0].text(
            -0.2, 0.5, title, transform=axes_row[0].transAxes, ha="right", va="center", fontsize=11
        )
    return figure


def heat_map(
    matrix: Matrix,
    ax: Axes | None = None,
    *,
    where: ArrayLike | None = None,
    title: str = "",
    fmt: str = "g",
    limits: tuple[float, float] | None = None,
) -> Axes:
    """Draw a small matrix as coloured cells with their numbers; missing cells are hatched.

    Introduced in *Compare SVD with an autoencoder*.

    Two scales that colour-blind readers can tell apart: from dark blue to yellow if all numbers
    have one sign, else from orange over white, which is 0, to purple.

    Parameters
    ----------
    matrix : array_like or scipy sparse array, shape (rows, cols)
        At most some twenty rows and columns, or the numbers become unreadable. In a dense one NaN
        is missing and 0 a number; in a sparse one what is not stored is missing, and a stored 0
        a number.
    ax : matplotlib.axes.Axes, optional
        Where to draw. Default: the current axes.
    where : array_like of bool, shape (rows, cols), optional
        The cells to draw as known, instead.
    title : str
        Text above the matrix.
    fmt : str
        Format of the numbers, as in :func:`format`.
    limits : (float, float), optional
        Numbers at the two ends of the colours, the same for all matrices that are to be compared.
        Default: the smallest and the largest number of this one.

    Returns
    -------
    matplotlib.axes.Axes
        The axes.

    Raises
    ------
    TypeError
        If `matrix` holds no real numbers, or `where` no booleans.
    ValueError
        If `matrix` is not 2-D or empty, `where` has another shape, a cell to draw is not finite,
        or the limits do not rise.

    Examples
    --------
    >>> figure, axes = plt.subplots()
    >>> heat_map([[0, 5], [np.nan, 2]], ax=axes, title="stars").get_title()
    'stars'
    >>> [text.get_text() for text in axes.texts]
    ['0', '5', '2']
    >>> plt.close(figure)
    """
    import seaborn

    values, known = _cells(matrix)
    if where is not None:
        known = _arguments.truths("where", where, values.shape)
    _arguments.check_finite("matrix", np.where(known, values, 0.0))
    ax = plt.gca() if ax is None else ax
    if limits is not None:
        low, high = (_arguments.number("limits", limit) for limit in limits)
        if not low < high:
            raise ValueError(f"limits must rise, got {low:g} and {high:g}; give the smaller first")
    else:
        low, high = (values[known].min(), values[known].max()) if known.any() else (0.0, 0.0)
    signed = low < 0 < high
    if signed:
        low, high = -max(-low, high), max(-low, high)
    elif low == high:
        low, high = low - 1, high + 1  # a scale needs some width
    ax.add_patch(
        Rectangle(
            (0, 0),
            1,
            1,
            transform=ax.transAxes,
            facecolor="0.94",
            edgecolor="0.75",
            hatch="///",
            linewidth=0,
            zorder=0,
        )
    )
    seaborn.heatmap(
        values,
        mask=~known,
        annot=True,
        fmt=fmt,
        cbar=False,
        linewidths=2,
        linecolor="white",
        square=True,
        ax=ax,
        cmap="PuOr" if signed else "cividis",
        vmin=low,
        vmax=high,
    )
    for face, text in zip(
        ax.collections[-1].to_rgba(values[known]),
        ax.texts[len(ax.texts) - known.sum() :],
        strict=True,
    ):
        # Above this luminance black stands out more than white, at 4.5 to 1 or better everywhere.
        text.set_color("black" if seaborn.utils.relative_luminance(face) > 0.179 else "white")
    ax.tick_params(length=0, rotation=0)
    ax.set_title(title)
    return ax


def _cells(matrix: Matrix) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of all cells, and which of them are known."""
    if _sparse_forms.is_sparse(matrix):
        csr = _sparse_forms.canonical_csr("matrix", matrix, finite=False, empty=False)
        known = np.zeros(csr.shape, bool)
        known[_sparse_forms.rows_of(csr), csr.indices] = True
        return csr.toarray().astype(np.float64), known
    values = _arguments.dense("matrix", matrix, ndim=2, shape="(rows, cols)", finite=False)
    return values, ~np.isnan(values)


def layer_widths(layers: Mapping[str, int], *, code: str = "code") -> Figure:
    """Draw a dense network as one bar per layer, with the narrow code in another colour.

    Introduced in *Autoencode digits*.

    The length of a bar grows with the square root of the number of units, so that a layer of 32
    stays visible beside one of 784.

    Parameters
    ----------
    layers : dict of str to int
        Layer name -> number of units, from input to output.
    code : str
        Name of the layer to stand out.

    Returns
    -------
    matplotlib.figure.Figure
        To be passed to :func:`show`.

    Raises
    ------
    TypeError
        If a number of units is no integer.
    ValueError
        If no layer is called `code`, or a layer has no units.

    Examples
    --------
    >>> figure = layer_widths({"input": 6, "code": 2, "output": 6})
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['6', '2', '6']
    >>> plt.close(figure)
    """
    if not layers:
        raise ValueError("layers must hold at least one layer, got none")
    code = _arguments.choice("code", code, layers)
    widths = [_arguments.integer(f"layer {name!r}", units, 1) for name, units in layers.items()]
    heights = np.sqrt(widths)
    positions = np.arange(len(layers))
    figure, axes = plt.subplots(figsize=(1.15 * len(layers), 3.2))
    for left, right in itertools.pairwise(positions):
        edge = np.array([heights[left], heights[right]]) / 2
        axes.fill_between([left, right], edge, -edge, color="0.92", linewidth=0)
    colors = [COLORS["vermilion"] if name == code else COLORS["blue"] for name in layers]
    axes.bar(positions, heights, width=0.22, bottom=-heights / 2, color=colors)
    for position, (height, units) in enumerate(zip(heights, widths, strict=True)):
        axes.text(position, height / 2 + 0.5, str(units), ha="center", va="bottom")
    axes.set_xticks(positions, [name.replace("_", "\n") for name in layers])
    axes.tick_params(length=0)
    axes.set_yticks([])
    axes.set_ylim(-heights.max() / 2, heights.max() / 2 + 3)
    axes.spines[:].set_visible(False)
    return figure


def csr_arrays(matrix: csr_array) -> Figure:
    """Draw a small sparse matrix beside the three arrays of its CSR form, one colour a row.

    Introduced in *Align and index sparse matrices*.

    Parameters
    ----------
    matrix : csr_array, shape (rows, cols)
        At most some eight rows and columns, or the numbers become unreadable.

    Returns
    -------
    matplotlib.figure.Figure
        To be passed to :func:`show`.

    Raises
    ------
    TypeError
        If `matrix` is in another form: its arrays are drawn as they are, so it is not converted.

    Examples
    --------
    >>> figure = csr_arrays(csr_array([[0, 5], [0, 0], [2, 0]]))
    >>> [text.get_text() for text in figure.axes[1].texts][-4:]  # indptr
    ['0', '1', '1', '2']
    >>> plt.close(figure)
    """
    if not _sparse_forms.is_sparse(matrix) or matrix.format != "csr":
        raise TypeError(f"matrix must be a csr_array, got {type(matrix).__name__}; use .tocsr()")
    rows, columns = matrix.shape
    tints = [to_rgba(color, 0.35) for name, color in COLORS.items() if name != "black"]
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(9, 0.5 * max(rows, 5) + 0.6), width_ratios=[columns, matrix.nnz + 2]
    )

    def cell(axes: Axes, x: float, y: float, value: float, row: int | None) -> None:
        face = "0.95" if row is None else tints[row % len(tints)]
        ink = "0.55" if row is None and axes is left else "black"
        axes.add_patch(Rectangle((x, y), 1, 1, facecolor=face, edgecolor="white", linewidth=2))
        axes.text(x + 0.5, y + 0.5, f"{value:g}", ha="center", va="center", color=ink, fontsize=12)

    for (row, column), value in np.ndenumerate(matrix.toarray()):
        cell(left, column, row, value, row if value else None)
    left.set(xlim=(0, columns), ylim=(rows, 0), aspect="equal")
    left.set_xticks(np.arange(columns) + 0.5, [str(column) for column in range(columns)])
    left.set_yticks(np.arange(rows) + 0.5, [f"row {row}" for row in range(rows)])
    left.xaxis.tick_top()

    shift = (matrix.nnz - rows - 1) / 2  # centres the pointers below the entries
    for row in range(rows):
        for place in range(matrix.indptr[row], matrix.indptr[row + 1]):
            cell(right, place, 0, matrix.data[place], row)
            cell(right, place, 1, matrix.indices[place], row)
    for row, start in enumerate(matrix.indptr.tolist()):
        cell(right, row + shift, 3.2, start, row if row < rows else None)
        right.plot([start, row + shift + 0.5], [2.05, 3.2], color="0.4", linewidth=1)
    edges = min(0, shift) - 0.1, max(matrix.nnz, shift + rows + 1) + 0.1
    right.set(xlim=edges, ylim=(4.3, -0.1), aspect="equal", xticks=[])
    right.set_yticks([0.5, 1.5, 3.7], ["data", "indices", "indptr"])
    for axes in (left, right):
        axes.tick_params(length=0, labelsize=12)
        axes.spines[:].set_visible(False)
    return figure
