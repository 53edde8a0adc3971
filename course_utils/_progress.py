"""One progress bar for every training: in a notebook, on a terminal, and nowhere else."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

from course_utils import _arguments

_DELAY = 2.0  # seconds that pass before a bar nobody asked for appears


@contextlib.contextmanager
def epochs_bar(
    total: int, initial: int = 0, progress: bool | None = None
) -> Iterator[Callable[[float, float], None]]:
    """Show how far a training has come; when it is over the bar vanishes.

    Parameters
    ----------
    total : int
        Epochs in all.
    initial : int
        Epochs done before, by a training that is resumed.
    progress : bool, optional
        Whether to draw the bar. Default: where somebody watches, in a notebook's page or on a
        terminal, once the training has taken two seconds. What is run by a program, to be stored
        or compared, never has one.

    Yields
    ------
    callable
        To be called after each epoch with its loss and with the lowest so far.

    Raises
    ------
    TypeError
        If `progress` is neither a boolean nor None.

    Examples
    --------
    >>> with epochs_bar(2, progress=False) as advance:
    ...     advance(0.5, 0.5)
    ...     advance(0.6, 0.5)
    """
    asked = None if progress is None else _arguments.flag("progress", progress)
    shown = (_in_page() or sys.stderr.isatty()) if asked is None else asked
    bar = _bar_class()(
        total=total,
        initial=initial,
        unit="epoch",
        leave=False,
        delay=0.0 if asked else _DELAY,
        disable=not shown,
    )

    def advance(loss: float, best: float) -> None:
        bar.set_postfix_str(f"loss={loss:.4g}, best={best:.4g}", refresh=False)
        bar.update()
        if asked:  # tqdm itself draws at most ten times a second
            bar.refresh()

    try:
        yield advance
    finally:
        bar.total = bar.n  # a bar that is not full would stay, in red
        bar.close()


def _bar_class() -> Any:
    """Return tqdm's bar of widgets in a kernel, which leaves stderr empty, else that of text."""
    if _in_kernel():
        from tqdm.notebook import tqdm as bar_of_widgets

        return bar_of_widgets
    from tqdm import tqdm

    return tqdm


def _in_kernel() -> bool:
    """Whether a notebook's kernel runs this; without IPython in the process none does."""
    if "IPython" not in sys.modules:
        return False
    from IPython import get_ipython

    return hasattr(get_ipython(), "kernel")


def _in_page() -> bool:
    """Whether a page shows what this kernel says; only a Jupyter server sets the variable."""
    return _in_kernel() and "JPY_SESSION_NAME" in os.environ
