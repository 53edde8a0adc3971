"""Models in files that hold tensors and plain values, and appear complete or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch
from torch import nn

from course_utils import _files
from course_utils.torch_models.dense import Autoencoder
from course_utils.torch_models.interactions import InteractionAutoencoder
from course_utils.torch_models.sparse_codes import SparseCodeAutoencoder
from course_utils.torch_models.sparse_input import SparseInputAutoencoder

_FORMAT = 1  # of the files that `save` and `fit` write
_CLASSES: dict[str, type[nn.Module]] = {
    "Autoencoder": Autoencoder,
    "SparseCodeAutoencoder": SparseCodeAutoencoder,
    "SparseInputAutoencoder": SparseInputAutoencoder,
    "InteractionAutoencoder": InteractionAutoencoder,
}


def save(model: nn.Module, path: str | os.PathLike[str]) -> None:
    """Write a model's weights and configuration to a file.

    Introduced in *Choose the width of a code*.

    The file holds tensors and plain values, no pickled code: it can be loaded with
    `weights_only=True`, also after the class has moved. It appears complete or not at all, and an
    earlier file stays until then.

    Parameters
    ----------
    model : torch.nn.Module
        One of this module's models.
    path : path
        Where to write; ``~`` is the home folder. A new file gets the mode that the umask asks for.

    Raises
    ------
    TypeError
        If `model` is of another class.
    FileNotFoundError
        If the folder does not exist.
    OSError
        If the file cannot be written; an earlier one is then as it was.

    See Also
    --------
    load : Reads the file.
    """
    write(description(model), path)


def load(path: str | os.PathLike[str]) -> nn.Module:
    """Read a model that :func:`save` wrote.

    Introduced in *Choose the width of a code*.

    Parameters
    ----------
    path : path
        The file. A checkpoint of :func:`fit` serves too and gives the weights of its best epoch.

    Returns
    -------
    torch.nn.Module
        A new model on the CPU with the stored class, configuration and weights, in evaluation
        mode. PyTorch's global generator stays as it is.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged or was not written by :func:`save`.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(SparseInputAutoencoder(4, [], 2), Path(folder) / "model.pt")
    ...     load(Path(folder) / "model.pt").config
    {'n_features': 4, 'hidden_sizes': [], 'code_size': 2}
    """
    content = read(_files.home(path))
    if content["class"] not in _CLASSES:
        raise ValueError(f"{path} holds a {content['class']}, which this course does not know")
    model = _CLASSES[content["class"]](**content["config"], seed=0)
    state = content["run"]["best_state"] if "run" in content else content["state"]
    model.to(next(iter(state.values())).dtype)
    model.load_state_dict(state)
    return model.eval()


def description(model: nn.Module) -> dict[str, Any]:
    """Everything that `load` needs, or a refusal of a model that it could not build."""
    name = type(model).__name__
    if _CLASSES.get(name) is not type(model):
        raise TypeError(f"model must be one of {', '.join(_CLASSES)}, got {name}")
    return {
        "format": _FORMAT,
        "class": name,
        "config": model.config,
        "state": model.state_dict(),
    }


def write(content: dict[str, Any], path: str | os.PathLike[str]) -> None:
    """Write the content of a file; an earlier one stays until the new one is whole."""
    _files.replace_atomically(path, lambda file: torch.save(content, file))


def read(path: Path) -> dict[str, Any]:
    """Content of a file of this course, on the CPU."""
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; give the path of a file in it")
    if not path.exists():
        raise FileNotFoundError(f"there is no file {path}")
    try:
        content = torch.load(path, weights_only=True, map_location="cpu")
    except PermissionError:
        raise
    except Exception as error:  # torch raises many types: zip, pickle, end of file
        if "numpy" in str(error):
            raise ValueError(
                f"{path} holds numbers of NumPy, as the course's first edition wrote them, and "
                "cannot be read; delete the file and train again"
            ) from error
        raise ValueError(f"{path} is damaged or not a file of this course ({error})") from error
    if not isinstance(content, dict) or content.get("format") != _FORMAT:
        raise ValueError(f"{path} was not written by save() or fit() of this course")
    return content
