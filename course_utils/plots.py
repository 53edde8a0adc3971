"""One look for every figure, and pictures that carry a description.

Importing this module sets Matplotlib's defaults for the course, so that no notebook spends a
line on them. The colours are Okabe and Ito's, which stay distinct for colour-blind readers.
"""

from __future__ import annotations

import base64
import io
import itertools
from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from scipy.sparse import csr_array

# Okabe & Ito (2008), "Color Universal Design"; yellow left out: too pale for lines on white.
COLORS = {
    "blue": "#0072B2",
    "orange": "#E69F00",
    "green": "#009E73",
    "vermilion": "#D55E00",
    "purple": "#CC79A7",
    "sky": "#56B4E9",
    "black": "#000000",
}

plt.rcParams.update(
    {
        "axes.prop_cycle": cycler(color=list(COLORS.values())),
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.titlesize": 12,
        "axes.labelsize": 11,
        "figure.constrained_layout.use": True,
        "figure.dpi": 110,
        "figure.figsize": (7.0, 4.0),
        "font.size": 11,
        "image.cmap": "gray",
        "legend.frameon": False,
        "lines.linewidth": 2.0,
        "xtick.labelsize": 10,
        "ytick.labelsize": 10,
    }
)


def show(figure: Figure, *, alt: str) -> None:
    """Publish a figure together with a description of it, and close it.

    Introduced in notebook 00. nbval never compares pixels; here it compares the description,
    which screen readers and the text form of a notebook use as well.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        The figure to show.
    alt : str
        One or two sentences that say what the figure shows, without measured numbers.

    Raises
    ------
    ValueError
        If `alt` is shorter than 20 characters or looks like a Python object.

    Examples
    --------
    >>> figure, axes = plt.subplots()
    >>> show(figure, alt="<Figure>")
    Traceback (most recent call last):
    ValueError: alt must describe the figure in a sentence, got '<Figure>'
    >>> plt.close(figure)
    """
    alt = " ".join(alt.split())
    if len(alt) < 20 or alt.startswith("<"):
        raise ValueError(f"alt must describe the figure in a sentence, got {alt!r}")
    buffer = io.BytesIO()
    # No Software tag: it holds the version of Matplotlib and would change the stored file.
    figure.savefig(buffer, format="png", bbox_inches="tight", metadata={"Software": None})
    plt.close(figure)
    picture = base64.b64encode(buffer.getvalue()).decode("ascii")
    display(
        {"image/png": picture, "text/plain": alt},
        raw=True,
        metadata={"image/png": {"alt": alt}},
    )


def image_rows(
    rows: dict[str, np.ndarray], *, shape: tuple[int, int] = (28, 28), scale: float = 0.75
) -> Figure:
    """Draw rows of small grey images, one labelled row above the other.

    Introduced in notebook 00.

    Parameters
    ----------
    rows : dict of str to ndarray, shape (n, height * width)
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
    ValueError
        If the rows differ in length or their width is not height * width.

    Examples
    --------
    >>> figure = image_rows({"noise": np.random.default_rng(0).random((3, 784))})
    >>> len(figure.axes)
    3
    >>> plt.close(figure)
    """
    counts = {len(images) for images in rows.values()}
    widths = {np.shape(images)[1] for images in rows.values()}
    if len(counts) != 1 or widths != {shape[0] * shape[1]}:
        sizes = {title: np.shape(images) for title, images in rows.items()}
        raise ValueError(f"every row must have shape (n, {shape[0] * shape[1]}), got {sizes}")
    (count,) = counts
    figure, grid = plt.subplots(
        len(rows), count, figsize=(scale * count + 1.2, scale * len(rows)), squeeze=False
    )
    for axes_row, (title, images) in zip(grid, rows.items(), strict=True):
        for axes, image in zip(axes_row, images, strict=True):
            axes.imshow(np.reshape(image, shape), vmin=0, vmax=1)
            axes.axis("off")
        axes_row[0].text(
            -0.2, 0.5, title, transform=axes_row[0].transAxes, ha="right", va="center", fontsize=11
        )
    return figure


def matrix_cells(
    axes: Axes, matrix: Sequence[Sequence[float]] | np.ndarray, *, title: str = "", fmt: str = "g"
) -> None:
    """Draw a small matrix as a grid of cells with its numbers; zeros stay pale.

    Introduced in notebook 01.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    matrix : array_like, shape (rows, cols)
        At most some twenty rows and columns, or the numbers become unreadable.
    title : str
        Text above the matrix.
    fmt : str
        Format of the numbers, as in :func:`format`.

    Examples
    --------
    >>> figure, axes = plt.subplots()
    >>> matrix_cells(axes, [[0, 5], [2, 0]], title="A")
    >>> [text.get_text() for text in axes.texts]
    ['0', '5', '2', '0']
    >>> plt.close(figure)
    """
    values = np.asarray(matrix, dtype=float)
    axes.imshow(values != 0, cmap="Blues", vmin=0, vmax=2.5, aspect="equal")
    for (row, column), value in np.ndenumerate(values):
        axes.text(
            column,
            row,
            format(value, fmt),
            ha="center",
            va="center",
            color="black" if value else "0.55",
            fontsize=12,
        )
    axes.set_xticks(np.arange(-0.5, values.shape[1]), minor=True)
    axes.set_yticks(np.arange(-0.5, values.shape[0]), minor=True)
    axes.grid(which="minor", color="white", linewidth=2)
    axes.tick_params(which="both", length=0)
    axes.set_xticks(range(values.shape[1]))
    axes.set_yticks(range(values.shape[0]))
    axes.spines[:].set_visible(False)
    axes.set_title(title)


def layer_widths(layers: dict[str, int], *, code: str = "code") -> Figure:
    """Draw a dense network as one bar per layer, with the narrow code in another colour.

    Introduced in notebook 06. The length of a bar grows with the square root of the number of
    units, so that a layer of 32 stays visible beside one of 784.

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
    ValueError
        If no layer is called `code`, or a layer has no units.

    Examples
    --------
    >>> figure = layer_widths({"input": 6, "code": 2, "output": 6})
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['6', '2', '6']
    >>> plt.close(figure)
    """
    if code not in layers or min(layers.values()) < 1:
        raise ValueError(f"need a layer called {code!r} and at least one unit each, got {layers}")
    heights = np.sqrt(list(layers.values()))
    positions = np.arange(len(layers))
    figure, axes = plt.subplots(figsize=(1.15 * len(layers), 3.2))
    for left, right in itertools.pairwise(positions):
        edge = np.array([heights[left], heights[right]]) / 2
        axes.fill_between([left, right], edge, -edge, color="0.92", linewidth=0)
    colors = [COLORS["vermilion"] if name == code else COLORS["blue"] for name in layers]
    axes.bar(positions, heights, width=0.22, bottom=-heights / 2, color=colors)
    for position, (height, units) in enumerate(zip(heights, layers.values(), strict=True)):
        axes.text(position, height / 2 + 0.5, str(units), ha="center", va="bottom")
    axes.set_xticks(positions, [name.replace("_", "\n") for name in layers])
    axes.tick_params(length=0)
    axes.set_yticks([])
    axes.set_ylim(-heights.max() / 2, heights.max() / 2 + 3)
    axes.spines[:].set_visible(False)
    return figure


def csr_arrays(matrix: csr_array) -> Figure:
    """Draw a small sparse matrix beside the three arrays of its CSR form, one colour a row.

    Introduced in notebook 01.

    Parameters
    ----------
    matrix : csr_array, shape (rows, cols)
        At most some eight rows and columns, or the numbers become unreadable.

    Returns
    -------
    matplotlib.figure.Figure
        To be passed to :func:`show`.

    Examples
    --------
    >>> figure = csr_arrays(csr_array([[0, 5], [0, 0], [2, 0]]))
    >>> [text.get_text() for text in figure.axes[1].texts][-4:]  # indptr
    ['0', '1', '1', '2']
    >>> plt.close(figure)
    """
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
