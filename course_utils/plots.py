"""One look for every figure, and pictures that carry a description.

Importing this module sets Matplotlib's defaults for the course, so that no notebook spends a
line on them. The colours are Okabe and Ito's, which stay distinct for colour-blind readers.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.figure import Figure

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
