"""The denoising autoencoder of users that offers items by their features."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from course_utils import _arguments, _sparse_forms
from course_utils._sparse_forms import Matrix
from course_utils.content import ridge_table
from course_utils.torch_models.interactions import InteractionAutoencoder
from course_utils.torch_models.randomness import Seed, first_weights
from course_utils.torch_models.tensors import as_tensor, bags


class FeatureBagAutoencoder(InteractionAutoencoder):
    r"""Denoising autoencoder of users that offers items by their features.

    Introduced in *Recommend what nobody has rated*.

    Users are encoded as by :class:`InteractionAutoencoder`. But the vector that an item is offered
    by is a sum over its features, so an item that nobody has chosen has one, too:

        vector(item) = Σ bag[feature] + own[item],   p = softmax(vector · code + bias)

    The last column of `bag` holds the part of a feature in the bias. `own` is the item's id, as a
    feature that no other item has; it is left out unless `ids`, and an unknown item has none.

    Parameters
    ----------
    features : array_like or scipy sparse array, shape (n_items, n_features)
        Features of the items that are columns of the rows to come.
    code_size : int
        Width of the code.
    ids : bool
        Whether each item also has a vector of its own.
    drop_ids : float
        Share of the ids that are left out of a training step, drawn anew for each step.
    penalty : float
        Weight of the mean squared length of the vectors of features, and of those of ids.
    hide_items, drop_code, seed
        As for :class:`InteractionAutoencoder`.

    Attributes
    ----------
    bag : torch.nn.EmbeddingBag
        Weight of shape (n_features, code_size + 1).

    Raises
    ------
    TypeError
        If a size is no integer, a share no number or a truth value no truth value.
    ValueError
        If a number is out of range, or `features` is empty, not 2-D or not finite.

    References
    ----------
    M. Kula (2015). Metadata embeddings for user and item cold-start recommendations.
    arXiv:1507.08439

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> model = FeatureBagAutoencoder([[1, 0], [1, 1], [0, 1]], 2, seed=0).eval()
    >>> rows = sp.csr_array([[1, 0, 0], [0, 1, 1]])
    >>> model(rows).shape, model.offers(rows, [[1, 0], [0, 0]]).shape
    (torch.Size([2, 3]), torch.Size([2, 2]))
    """

    def __init__(
        self,
        features: Matrix,
        code_size: int,
        *,
        ids: bool = False,
        drop_ids: float = 0.0,
        penalty: float = 0.0,
        hide_items: float = 0.3,
        drop_code: float = 0.3,
        seed: Seed | None = None,
    ) -> None:
        rows = _sparse_forms.canonical_csr("features", features, stored_zeros=False, empty=False)
        super().__init__(
            rows.shape[0], code_size, hide_items=hide_items, drop_code=drop_code, seed=seed
        )
        self.ids = _arguments.flag("ids", ids)
        self.drop_ids = _arguments.number("drop_ids", drop_ids, 0, below=1)
        self.penalty = _arguments.number("penalty", penalty, 0)
        self.features = rows.astype(np.float32)
        with first_weights(seed):
            self.bag = nn.EmbeddingBag(rows.shape[1], code_size + 1, mode="sum")
            nn.init.normal_(self.bag.weight, std=0.1 / math.sqrt(code_size))
        with torch.no_grad():
            self.bag.weight[:, -1] = 0
            self.output.weight.mul_(0.1 if ids else 0)
        self.output.requires_grad_(self.ids)

    def start_at_popularity(self, popularity: ArrayLike) -> None:
        """Let the untrained model offer what is popular, as far as features tell.

        Parameters
        ----------
        popularity : array_like, shape (n_items,)
            Number of interactions of each item, at least 0.

        Raises
        ------
        TypeError
            If `popularity` does not hold real numbers.
        ValueError
            If it has another shape, or a number is negative or not finite.
        """
        super().start_at_popularity(popularity)
        wanted = self.output.bias.detach().double().numpy()
        table = ridge_table(self.features, wanted[:, None], l2=10.0)
        explained = np.asarray(self.features @ table).ravel()
        with torch.no_grad():
            self.bag.weight[:, -1] = as_tensor(table[:, 0]).float()
            rest = as_tensor(wanted - explained).float()
            self.output.bias.copy_(rest if self.ids else torch.zeros_like(rest))

    def _by_features(self, rows: sp.csr_array) -> Tensor:
        """Vectors and biases of items, from their features alone: rows in float32, checked."""
        ids, offsets, weights = bags(rows, self.bag)
        return self.bag(ids, offsets, per_sample_weights=weights)

    def _checked(self, features: Matrix) -> sp.csr_array:
        rows = _sparse_forms.canonical_csr("features", features, stored_zeros=False)
        if rows.shape[1] != self.bag.num_embeddings:
            raise ValueError(
                f"features must have {self.bag.num_embeddings} columns, as those that the model "
                f"was made with, got shape {rows.shape}"
            )
        return rows.astype(np.float32)

    def forward(self, rows: Any) -> Tensor:
        """Score the items whose features the model was made with.

        Parameters
        ----------
        rows : scipy sparse array, shape (n, n_items)
            As for :meth:`InteractionAutoencoder.encode`.

        Returns
        -------
        Tensor, shape (n, n_items)
            Softmax over a row makes probabilities of the scores.
        """
        codes = nn.functional.dropout(self.encode(rows), self.config["drop_code"], self.training)
        vectors = self._by_features(self.features)
        if self.ids:
            own = torch.cat([self.output.weight, self.output.bias[:, None]], dim=1)
            if self.training and self.drop_ids:
                own = own * (torch.rand(len(own), 1) >= self.drop_ids)
            vectors = vectors + own
        return codes @ vectors[:, :-1].T + vectors[:, -1]

    def offers(self, rows: Any, features: Matrix) -> Tensor:
        """Score items that the model has not met, by their features alone.

        Parameters
        ----------
        rows : scipy sparse array, shape (n, n_items)
            What users have of the known items.
        features : array_like or scipy sparse array, shape (m, n_features)
            Features of the others.

        Returns
        -------
        Tensor, shape (n, m)
            An item without features has the score 0.

        Raises
        ------
        ValueError
            If `features` has another number of columns than the model was made with.
        """
        vectors = self._by_features(self._checked(features))
        return self.encode(rows) @ vectors[:, :-1].T + vectors[:, -1]

    def loss(self, rows: Any) -> Tensor:
        """Loss of :class:`InteractionAutoencoder`, and the penalty.

        Parameters
        ----------
        rows : scipy sparse array, shape (n, n_items)
            Input and target.

        Returns
        -------
        Tensor, shape ()
            In nats; differentiable.
        """
        lengths = self.bag.weight[:, :-1].square().sum(dim=1).mean()
        if self.ids:
            lengths = lengths + self.output.weight.square().sum(dim=1).mean()
        return super().loss(rows) + self.penalty * lengths
