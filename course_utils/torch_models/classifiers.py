"""A small classifier, whose last hidden layer can serve as features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from course_utils import _arguments
from course_utils.torch_models.randomness import Seed, first_weights
from course_utils.torch_models.tensors import as_tensor, check_width, dense_rows, layers, sizes


class Classifier(nn.Module):
    """Dense network with a softmax over classes, and its last hidden layer as features.

    Introduced in *Draw from a code*.

    Parameters
    ----------
    n_features : int
        Columns of the rows to be judged.
    classes : int
        Number of classes, which are 0, 1 and so on.
    hidden_sizes : sequence of int
        Widths of the hidden layers, each followed by a ReLU; at least one.
    seed : int or numpy.random.Generator, optional
        Decides the first weights. Default: PyTorch's global generator.

    Attributes
    ----------
    config : dict
        The first three arguments.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind.
    ValueError
        If a size is below 1, there are fewer than two classes, or no hidden layer.

    Examples
    --------
    >>> judge = Classifier(6, 3, [4], seed=0)
    >>> judge.features(np.eye(6)).shape, judge.probabilities(np.eye(6)).shape
    ((6, 4), (6, 3))
    """

    def __init__(
        self,
        n_features: int,
        classes: int,
        hidden_sizes: Sequence[int] = (256, 64),
        *,
        seed: Seed | None = None,
    ) -> None:
        super().__init__()
        self.config: dict[str, Any] = {
            "n_features": _arguments.integer("n_features", n_features, 1),
            "classes": _arguments.integer("classes", classes, 2),
            "hidden_sizes": sizes("hidden_sizes", hidden_sizes),
        }
        if not self.config["hidden_sizes"]:
            raise ValueError("hidden_sizes must have at least one layer, got none")
        with first_weights(seed):
            widths = [self.config["n_features"], *self.config["hidden_sizes"]]
            self.body = layers(widths).append(nn.ReLU())
            self.last = nn.Linear(widths[-1], self.config["classes"])

    def labelled(self, rows: Any, labels: Any) -> Tensor:
        """Rows with their labels as one more column: what :meth:`loss` and :func:`fit` take.

        Parameters
        ----------
        rows : array_like or Tensor, shape (n, n_features)
            Dense rows.
        labels : array_like of int, shape (n,)
            From 0 to classes - 1.

        Returns
        -------
        Tensor, shape (n, n_features + 1)
            In the model's type, where the model is.

        Raises
        ------
        ValueError
            If shapes do not fit, or a label is out of range.
        """
        rows = dense_rows(self, rows)
        check_width(rows, self.config["n_features"])
        names = _arguments.integers("labels", labels)
        if len(names) != len(rows):
            raise ValueError(f"labels must have one for each of {len(rows)} rows, got {len(names)}")
        if names.size and not 0 <= names.min() <= names.max() < self.config["classes"]:
            raise ValueError(
                f"labels must be from 0 to {self.config['classes'] - 1}, "
                f"got {names.min()} to {names.max()}"
            )
        column = as_tensor(names.astype(np.int64)).to(rows).unsqueeze(1)
        return torch.cat([rows, column], dim=1)

    def loss(self, rows: Tensor) -> Tensor:
        """Mean cross-entropy of a batch.

        Parameters
        ----------
        rows : Tensor, shape (n, n_features + 1)
            What :meth:`labelled` returns.

        Returns
        -------
        Tensor, shape ()
            In nats.
        """
        return nn.functional.cross_entropy(self.last(self.body(rows[:, :-1])), rows[:, -1].long())

    @torch.no_grad()
    def features(self, rows: Any) -> np.ndarray:
        """Last hidden layer.

        Parameters
        ----------
        rows : array_like or Tensor, shape (n, n_features)
            Dense rows.

        Returns
        -------
        ndarray, shape (n, units)
            At least 0.
        """
        rows = dense_rows(self, rows)
        check_width(rows, self.config["n_features"])
        return self.body(rows).cpu().numpy()

    @torch.no_grad()
    def probabilities(self, rows: Any) -> np.ndarray:
        """Probability of each class.

        Parameters
        ----------
        rows : array_like or Tensor, shape (n, n_features)
            Dense rows.

        Returns
        -------
        ndarray, shape (n, classes)
            Each row adds up to 1.
        """
        rows = dense_rows(self, rows)
        check_width(rows, self.config["n_features"])
        return self.last(self.body(rows)).softmax(1).cpu().numpy()
