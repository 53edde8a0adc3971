"""Checkpoints: where a training stands, and whether it is this very training."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn

from course_utils import _files
from course_utils.torch_models.files import description, read, write

_BLOCK_CELLS = 2**22  # of dense rows, looked at once


class Checkpoint:
    """The file of one training: its data, its settings, and how far it has come."""

    def __init__(self, path: Any, model: nn.Module, settings: dict[str, Any]) -> None:
        self.path: Path = _files.writable(path, "checkpoint")
        self.model, self.settings = model, settings
        description(model)  # refuses, before any work, a model that no file can hold

    def read(self) -> dict[str, Any] | None:
        """Content of the file; nothing if there is none, and refused if it is of another training.

        Raises
        ------
        ValueError
            With what differs, and what to do.
        """
        if not self.path.exists():
            return None
        content = read(self.path)
        if "run" not in content:
            raise ValueError(f"{self.path} holds a model, but no training that could continue")
        this = description(self.model)
        for key in ("class", "config"):
            if content[key] != this[key]:
                self._refuse(f"its {key} is {content[key]}, not {this[key]}")
        if "validation" not in content["settings"]:
            self._refuse("its settings lack the rows, as in the course's first edition")
        if wrong := _differences(content["settings"], self.settings):
            self._refuse(f"its settings differ: {'; '.join(wrong)}")
        return content

    def write(self, optimizer: torch.optim.Optimizer, run: dict[str, Any]) -> None:
        """Write where the training stands; an earlier file stays until this one is whole."""
        content = description(self.model)
        content |= {"optimizer": optimizer.state_dict(), "settings": self.settings, "run": run}
        write(content, self.path)

    def _refuse(self, why: str) -> None:
        raise ValueError(
            f"{self.path} belongs to another training: {why}; "
            "delete the file to start afresh, or give this training a file of its own"
        )


def _differences(there: dict[str, Any], here: dict[str, Any]) -> list[str]:
    return [
        f"{key} was {there.get(key)}, now {value}"
        for key, value in here.items()
        if there.get(key) != value
    ]


def fingerprint(rows: sp.csr_array | Tensor) -> str:
    """Shape and hash of the cells that a training sees.

    Two forms of the same rows have one fingerprint: a cell that is NaN in dense rows and one that
    is not stored in sparse rows are the same gap.

    Examples
    --------
    >>> dense = torch.tensor([[1.0, torch.nan, 2.0]])
    >>> fingerprint(dense) == fingerprint(sp.csr_array(([1.0, 2.0], ([0, 0], [0, 2])), (1, 3)))
    True
    """
    digest = hashlib.sha256()
    n_rows, columns = rows.shape
    step = max(1, _BLOCK_CELLS // max(1, columns))
    for start in range(0, n_rows, step):
        for part in _cells(rows[start : start + step]):
            digest.update(np.ascontiguousarray(part).data)
    return f"{n_rows} × {columns} with hash {digest.hexdigest()[:16]}"


def _cells(rows: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cells in each row, their columns unless all are there, and their values."""
    if isinstance(rows, Tensor):
        values = rows.cpu().numpy() if rows.dtype in _NUMPY_TYPES else rows.cpu().float().numpy()
        seen = ~np.isnan(values)
        counts, cells = seen.sum(axis=1), values[seen]
        ids = np.nonzero(seen)[1] if len(cells) < values.size else np.arange(0)
    else:
        counts, cells = np.diff(rows.indptr), rows.data
        ids = rows.indices if len(cells) < rows.shape[0] * rows.shape[1] else np.arange(0)
    # Adding 0 makes -0.0 and 0.0 the same bytes.
    return counts.astype(np.int64), ids.astype(np.int64), cells.astype(np.float64) + 0.0


_NUMPY_TYPES = (torch.float32, torch.float64)
