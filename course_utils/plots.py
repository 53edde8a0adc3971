"""One look for every figure, and pictures that carry a description.

Importing this module sets Matplotlib's defaults for the course, so that no notebook spends a
line on them. The colours are Okabe and Ito's, which stay distinct for colour-blind readers.
"""

from __future__ import annotations

import base64
import io
import itertools
from collections.abc import Callable, Sequence

import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke
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

    Introduced in *Check your set-up and find your way*.

    nbval never compares pixels; here it compares the description, which screen readers and the text
    form of a notebook use as well.

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
    alt = _checked_alt(alt)
    picture = base64.b64encode(_png(figure)).decode("ascii")
    display(
        {"image/png": picture, "text/plain": alt},
        raw=True,
        metadata={"image/png": {"alt": alt}},
    )


def _checked_alt(alt: str) -> str:
    alt = " ".join(alt.split())
    if len(alt) < 20 or alt.startswith("<"):
        raise ValueError(f"alt must describe the figure in a sentence, got {alt!r}")
    return alt


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    # No Software tag: it holds the version of Matplotlib and would change the stored file.
    figure.savefig(buffer, format="png", bbox_inches="tight", metadata={"Software": None})
    plt.close(figure)
    return buffer.getvalue()


def image_rows(
    rows: dict[str, np.ndarray], *, shape: tuple[int, int] = (28, 28), scale: float = 0.75
) -> Figure:
    """Draw rows of small grey images, one labelled row above the other.

    Introduced in *Check your set-up and find your way*.

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

    Introduced in *Align and index sparse matrices*.

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

    Introduced in *Align and index sparse matrices*.

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


def code_map(axes: Axes, codes: np.ndarray, labels: np.ndarray, *, title: str = "") -> None:
    """Scatter two-dimensional codes, one colour for each label, the label at its median.

    Introduced in *Draw digits in two dimensions*.

    Ten colours cannot all be told apart by everyone, so each label is also written where the middle
    of its points lies, or beside it if another name is there. Far points may lie outside the frame:
    it holds the central 98 % of each axis.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    codes : ndarray, shape (n, 2)
        The points.
    labels : ndarray of int, shape (n,)
        From 0 to 9.
    title : str
        Text above the map.

    Raises
    ------
    ValueError
        If the shapes do not fit or a label is not from 0 to 9.

    Examples
    --------
    >>> figure, axes = plt.subplots()
    >>> code_map(axes, np.array([[0.0, 1.0], [2.0, 3.0]]), np.array([4, 9]), title="two digits")
    >>> [text.get_text() for text in axes.texts]
    ['4', '9']
    >>> plt.close(figure)
    """
    places, names = np.asarray(codes), np.asarray(labels)
    if places.ndim != 2 or places.shape[1] != 2 or names.shape != places.shape[:1]:
        raise ValueError(
            "codes must have shape (n, 2) with one label for each, "
            f"got {places.shape} and {names.shape}"
        )
    if names.dtype.kind not in "iu" or not np.isin(names, range(10)).all():
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
    axes: Axes, codes: np.ndarray, images: np.ndarray, *, count: int = 24, title: str = ""
) -> None:
    """Lay a raster over a map of codes and draw in each cell one of the images that fall there.

    Introduced in *Draw digits in two dimensions*.

    Drawn is the image whose code is nearest to the middle of the cell; cells without a code stay
    empty.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    codes : ndarray, shape (n, 2)
        Where the images belong.
    images : ndarray, shape (n, side * side)
        Grey values from 0 to 1; drawn in black on white.
    count : int
        Cells along each side; they span the central 98 % of each axis.
    title : str
        Text above the map.

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> figure, axes = plt.subplots()
    >>> glyph_map(axes, np.array([[0.0, 0.0], [1.0, 1.0]]), np.ones((2, 4)), count=2)
    >>> axes.images[0].get_array().astype(int)[:, :2].tolist()  # the upper left cell is empty
    [[0, 0], [0, 0], [1, 1], [1, 1]]
    >>> plt.close(figure)
    """
    places = np.asarray(codes, dtype=float)
    if places.ndim != 2 or places.shape[1] != 2 or len(places) != len(images):
        raise ValueError(
            "codes must have shape (n, 2) with one image for each, "
            f"got {places.shape} and {len(images)} images"
        )
    low, high = _frame(places)
    scaled = (places - low) / (high - low) * count
    inside = np.flatnonzero(((scaled >= 0) & (scaled < count)).all(axis=1))
    cells = scaled[inside].astype(int)
    off_centre = np.square(scaled[inside] - cells - 0.5).sum(axis=1)
    nearest_last = np.argsort(-off_centre, kind="stable")
    chosen = np.full((count, count), -1)
    chosen[cells[nearest_last, 1], cells[nearest_last, 0]] = inside[nearest_last]
    grid = np.where(chosen[:, :, np.newaxis] >= 0, np.asarray(images)[chosen], 0)
    _draw_raster(axes, grid, low, high, title)


def decoder_grid(
    axes: Axes,
    decode: Callable[[np.ndarray], np.ndarray],
    codes: np.ndarray,
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
    codes : ndarray, shape (n, 2)
        Codes of data. The grid spans the central 98 % of each axis, as :func:`glyph_map` does.
    count : int
        Points along each side.
    title : str
        Text above the grid.

    Examples
    --------
    >>> figure, axes = plt.subplots()
    >>> ends = np.array([[0.0, 0.0], [1.0, 1.0]])
    >>> decoder_grid(axes, lambda points: np.repeat(points[:, :1], 4, axis=1), ends, count=2)
    >>> axes.images[0].get_array()[0].round(2).tolist()  # the first number grows to the right
    [0.24, 0.24, 0.76, 0.76]
    >>> plt.close(figure)
    """
    low, high = _frame(np.asarray(codes, dtype=float))
    steps = (np.arange(count) + 0.5) / count
    across, up = np.meshgrid(*(low[i] + steps * (high[i] - low[i]) for i in (0, 1)))
    images = np.asarray(decode(np.column_stack([across.ravel(), up.ravel()])))
    _draw_raster(axes, images.reshape(count, count, -1), low, high, title)


def explore_codes(
    decode: Callable[[np.ndarray], np.ndarray], codes: np.ndarray, labels: np.ndarray, *, alt: str
) -> None:
    """Publish a map with two sliders that choose a point, and the image decoded there.

    Introduced in *Draw digits in two dimensions*.

    Where no kernel runs – in a stored notebook or on a web page – the picture of the starting point
    stands in the place of the sliders.

    Parameters
    ----------
    decode : callable
        Takes codes of shape (1, 2) and returns images of shape (1, side * side).
    codes : ndarray, shape (n, 2)
        Codes of data, drawn as :func:`code_map`. The sliders run over the central 98 % of each
        axis, in percent.
    labels : ndarray of int, shape (n,)
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

    alt = _checked_alt(alt)
    low, high = _frame(np.asarray(codes, dtype=float))

    def picture(across: int, up: int) -> bytes:
        point = low + np.array([across, up]) / 100 * (high - low)
        figure, (left, right) = plt.subplots(1, 2, figsize=(8, 4), width_ratios=[1.6, 1])
        code_map(left, codes, labels, title="codes of digits")
        left.plot(*point, "P", color=COLORS["vermilion"], mec="white", markersize=17, zorder=10)
        image = np.asarray(decode(point[np.newaxis]))[0]
        side = int(np.sqrt(image.size))
        right.imshow(image.reshape(side, side), vmin=0, vmax=1)
        right.set(xticks=[], yticks=[], title="decoded at the cross")
        return _png(figure)

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
    bundle = {
        **widget._repr_mimebundle_(),
        "image/png": base64.b64encode(image.value).decode("ascii"),
        "text/plain": alt,
    }
    display(bundle, raw=True, metadata={"image/png": {"alt": alt}})


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
    side = int(np.sqrt(pixels))
    if side * side != pixels:
        raise ValueError(f"images must be square, got {pixels} pixels each")
    tiles = images[::-1].reshape(rows, columns, side, side)
    canvas = tiles.transpose(0, 2, 1, 3).reshape(rows * side, columns * side)
    extent = (low[0], high[0], low[1], high[1])
    axes.imshow(canvas, cmap="gray_r", vmin=0, vmax=1, extent=extent, aspect="auto")
    axes.set(xticks=[], yticks=[], title=title)
    axes.spines[:].set_visible(True)
    axes.spines[:].set_color("0.8")
