"""One look for every figure, and how a picture is published with its description."""

from __future__ import annotations

import base64
import io
from typing import Any

import matplotlib.pyplot as plt
from cycler import cycler
from IPython.display import display
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
    alt = checked_description(alt)
    publish(png(figure), alt)


def publish(picture: bytes, alt: str, more: dict[str, Any] | None = None) -> None:
    """Hand a picture and its description to the notebook, with other forms of it if there are."""
    bundle = {
        **(more or {}),
        "image/png": base64.b64encode(picture).decode("ascii"),
        "text/plain": alt,
    }
    display(bundle, raw=True, metadata={"image/png": {"alt": alt}})


def checked_description(alt: str) -> str:
    """Return the description on one line, or refuse what is none."""
    if not isinstance(alt, str):
        raise TypeError(f"alt must be text that describes the figure, got {type(alt).__name__}")
    alt = " ".join(alt.split())
    if len(alt) < 20 or alt.startswith("<"):
        raise ValueError(f"alt must describe the figure in a sentence, got {alt!r}")
    return alt


def png(figure: Figure) -> bytes:
    """Picture of a figure, which is closed."""
    buffer = io.BytesIO()
    # No Software tag: it holds the version of Matplotlib and would change the stored file.
    figure.savefig(buffer, format="png", bbox_inches="tight", metadata={"Software": None})
    plt.close(figure)
    return buffer.getvalue()
