"""Maps of codes in the plane: points, images at their place, and what a decoder makes of a grid."""

from __future__ import annotations

import math
from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from numpy.typing import ArrayLike

from course_utils import _arguments
from course_utils.plots.style import COLORS, checked_description, png, publish

# Paul Tol's "muted" scheme (personal.sron.nl/~pault) with a dark grey as the tenth colour.
DIGIT_COLORS = (
    "#332288",
    "#88CCEE",
    "#44AA99",
    "#117733",
    "#999933",
    "#DDCC77",
    "#CC6677",
    "#882255",
    "#AA4499",
    "#555555",
)


def code_map(axes: Axes, codes: ArrayLike, labels: ArrayLike, *, title: str = "") -> None:
    """Scatter two-dimensional codes, one colour for each label, the label at its median.

    Introduced in *Map digits with t-SNE*.

    Ten colours cannot all be told apart by everyone, so each label is also written where the middle
    of its points lies, or beside it if another name is there. Far points may lie outside the frame:
    it holds the central 98 % of each axis.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    codes : array_like, shape (n, 2)
        The points.
    labels : array_like of int, shape (n,)
        From 0 to 9.
    title : str
        Text above the map.

    Raises
    ------
    TypeError
        If codes are no real numbers or labels no integers.
    ValueError
        If the shapes do not fit, a code is not finite or a label is not from 0 to 9.

    Examples
    --------
    >>> figure, axes = plt.subplots()
    >>> code_map(axes, np.array([[0.0, 1.0], [2.0, 3.0]]), np.array([4, 9]), title="two digits")
    >>> [text.get_text() for text in axes.texts]
    ['4', '9']
    >>> plt.close(figure)
    """
    places, names = _plane(codes), _arguments.integers("labels", labels)
    _one_each("labels", len(names), places)
    if not np.isin(names, range(10)).all():
        raise ValueError(f"labels must be integers from 0 to 9, got {np.unique(names)[:12]}")
    colors = np.array(DIGIT_COLORS)[names]
    axes.scatter(places[:, 0], places[:, 1], c=colors, s=3, linewidths=0)
    low, high = _frame(places)
    present = np.unique(names)
    medians = np.array([np.median(places[names == name], axis=0) for name in present])
    spots = low + _apart((medians - low) / (high - low)) * (high - low)
    for name, (x, y) in zip(present, spots, strict=True):
        text = axes.text(x, y, str(name), ha="center", va="center", fontsize=13, weight="bold")
        text.set_path_effects([withStroke(linewidth=3, foreground="white")])
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), xticks=[], yticks=[], title=title)
    axes.spines[:].set_visible(True)
    axes.spines[:].set_color("0.8")


def glyph_map(
    axes: Axes, codes: ArrayLike, images: ArrayLike, *, count: int = 24, title: str = ""
) -> None:
    """Lay a raster over a map of codes and draw in each cell one of the images that fall there.

    Introduced in *Draw digits in two dimensions*.

    Drawn is the image whose code is nearest to the middle of the cell; cells without a code stay
    empty.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    codes : array_like, shape (n, 2)
        Where the images belong.
    images : array_like, shape (n, side * side)
        Grey values from 0 to 1; drawn in black on white.
    count : int
        Cells along each side; they span the central 98 % of each axis.
    title : str
        Text above the map.

    Raises
    ------
    TypeError
        If codes or images are no real numbers, or `count` no integer.
    ValueError
        If the shapes do not fit, an image is not square, or a number is not finite.

    Examples
    --------
    >>> figure, axes = plt.subplots()
    >>> glyph_map(axes, np.array([[0.0, 0.0], [1.0, 1.0]]), np.ones((2, 4)), count=2)
    >>> axes.images[0].get_array().astype(int)[:, :2].tolist()  # the upper left cell is empty
    [[0, 0], [0, 0], [1, 1], [1, 1]]
    >>> plt.close(figure)
    """
    places = _plane(codes)
    pictures = _images("images", images)
    _one_each("images", len(pictures), places)
    count = _arguments.integer("count", count, 1)
    low, high = _frame(places)
    scaled = (places - low) / (high - low) * count
    inside = np.flatnonzero(((scaled >= 0) & (scaled < count)).all(axis=1))
    cells = scaled[inside].astype(int)
    off_centre = np.square(scaled[inside] - cells - 0.5).sum(axis=1)
    nearest_last = np.argsort(-off_centre, kind="stable")
    chosen = np.full((count, count), -1)
    chosen[cells[nearest_last, 1], cells[nearest_last, 0]] = inside[nearest_last]
    grid = np.where(chosen[:, :, np.newaxis] >= 0, pictures[chosen], 0)
    _draw_raster(axes, grid, low, high, title)


def decoder_grid(
    axes: Axes,
    decode: Callable[[np.ndarray], ArrayLike],
    codes: ArrayLike,
    *,
    count: int = 16,
    title: str = "",
) -> None:
    """Draw what a decoder makes of the points of a regular grid in the plane of its codes.

    Introduced in *Draw digits in two dimensions*.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    decode : callable
        Takes codes of shape (count², 2) and returns images of shape (count², side * side).
    codes : array_like, shape (n, 2)
        Codes of data. The grid spans the central 98 % of each axis, as :func:`glyph_map` does.
    count : int
        Points along each side.
    title : str
        Text above the grid.

    Raises
    ------
    TypeError
        If codes or images are no real numbers, or `count` no integer.
    ValueError
        If the shapes do not fit, an image is not square, or a number is not finite.

    Examples
    --------
    >>> figure, axes = plt.subplots()
    >>> ends = np.array([[0.0, 0.0], [1.0, 1.0]])
    >>> decoder_grid(axes, lambda points: np.repeat(points[:, :1], 4, axis=1), ends, count=2)
    >>> axes.images[0].get_array()[0].round(2).tolist()  # the first number grows to the right
    [0.24, 0.24, 0.76, 0.76]
    >>> plt.close(figure)
    """
    low, high = _frame(_plane(codes))
    count = _arguments.integer("count", count, 1)
    steps = (np.arange(count) + 0.5) / count
    across, up = np.meshgrid(*(low[i] + steps * (high[i] - low[i]) for i in (0, 1)))
    points = np.column_stack([across.ravel(), up.ravel()])
    images = _images("what decode returns", decode(points))
    _one_each("what decode returns", len(images), points)
    _draw_raster(axes, images.reshape(count, count, -1), low, high, title)


def explore_codes(
    decode: Callable[[np.ndarray], ArrayLike], codes: ArrayLike, labels: ArrayLike, *, alt: str
) -> None:
    """Publish a map with two sliders that choose a point, and the image decoded there.

    Introduced in *Draw digits in two dimensions*.

    Where no kernel runs – in a stored notebook or on a web page – the picture of the starting point
    stands in the place of the sliders.

    Parameters
    ----------
    decode : callable
        Takes codes of shape (1, 2) and returns images of shape (1, side * side).
    codes : array_like, shape (n, 2)
        Codes of data, drawn as :func:`code_map`. The sliders run over the central 98 % of each
        axis, in percent.
    labels : array_like of int, shape (n,)
        From 0 to 9.
    alt : str
        As for :func:`show`.

    Examples
    --------
    >>> explore_codes(np.asarray, np.eye(2), np.array([0, 1]), alt="too short")
    Traceback (most recent call last):
    ValueError: alt must describe the figure in a sentence, got 'too short'
    """
    import ipywidgets

    alt = checked_description(alt)
    low, high = _frame(_plane(codes))

    def picture(across: int, up: int) -> bytes:
        point = low + np.array([across, up]) / 100 * (high - low)
        figure, (left, right) = plt.subplots(1, 2, figsize=(8, 4), width_ratios=[1.6, 1])
        code_map(left, codes, labels, title="codes of digits")
        left.plot(*point, "P", color=COLORS["vermilion"], mec="white", markersize=17, zorder=10)
        image = _images("what decode returns", decode(point[np.newaxis]))[0]
        side = _side(image.size)
        right.imshow(image.reshape(side, side), vmin=0, vmax=1)
        right.set(xticks=[], yticks=[], title="decoded at the cross")
        return png(figure)

    sliders = [
        ipywidgets.IntSlider(50, 0, 100, 2, description=name, readout_format="d")
        for name in ("across, %", "up, %")
    ]
    image = ipywidgets.Image(value=picture(50, 50), format="png")

    def redraw(_change: object) -> None:
        image.value = picture(*(slider.value for slider in sliders))

    for slider in sliders:
        slider.observe(redraw, names="value")
    widget = ipywidgets.VBox([ipywidgets.HBox(sliders), image])
    publish(image.value, alt, widget._repr_mimebundle_())


def _plane(codes: ArrayLike) -> np.ndarray:
    """Codes of two numbers, brought into form."""
    places = _arguments.dense("codes", codes, ndim=2, shape="(n, 2)")
    if places.shape[1] != 2:
        raise ValueError(f"codes must be 2-D with shape (n, 2), got shape {places.shape}")
    return places


def _images(name: str, images: ArrayLike) -> np.ndarray:
    return _arguments.dense(name, images, ndim=2, shape="(n, side * side)", single=True)


def _one_each(name: str, count: int, places: np.ndarray) -> None:
    if count != len(places):
        raise ValueError(f"{name} must be one for each of {len(places)} codes, got {count}")


def _side(pixels: int) -> int:
    """Height and width of a square image of so many pixels."""
    side = math.isqrt(pixels)
    if side * side != pixels:
        raise ValueError(f"images must be square, got {pixels} pixels each")
    return side


def _frame(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lower left and upper right corner around the central 98 %, with a little room."""
    low, high = np.quantile(points, [0.01, 0.99], axis=0)
    room = 0.03 * (high - low) + 1e-9
    return low - room, high + room


def _apart(spots: np.ndarray, least: float = 0.06) -> np.ndarray:
    """Push points away from one another, within the unit square, until all are `least` apart."""
    for _ in range(200):
        gaps = spots[:, np.newaxis] - spots
        lengths = np.linalg.norm(gaps, axis=2)
        short = np.maximum(least - lengths, 0)
        np.fill_diagonal(short, 0)
        if short.max() < 1e-9:
            break
        if (lengths[short > 0] == 0).any():  # on one spot: a direction for each
            turns = np.arange(len(spots))[:, np.newaxis] + [0, np.pi / 2]
            spots = spots + 1e-3 * np.cos(turns)
            continue
        steps = gaps * (0.51 * short / np.maximum(lengths, 1e-12))[:, :, np.newaxis]
        spots = np.clip(spots + steps.sum(axis=1), 0.04, 0.96)
    return spots


def _draw_raster(
    axes: Axes, images: np.ndarray, low: np.ndarray, high: np.ndarray, title: str
) -> None:
    """Images of shape (rows, columns, side * side), first row at the bottom, as one picture."""
    rows, columns, pixels = images.shape
    side = _side(pixels)
    tiles = images[::-1].reshape(rows, columns, side, side)
    canvas = tiles.transpose(0, 2, 1, 3).reshape(rows * side, columns * side)
    extent = (low[0], high[0], low[1], high[1])
    axes.imshow(canvas, cmap="gray_r", vmin=0, vmax=1, extent=extent, aspect="auto")
    axes.set(xticks=[], yticks=[], title=title)
    axes.spines[:].set_visible(True)
    axes.spines[:].set_color("0.8")
