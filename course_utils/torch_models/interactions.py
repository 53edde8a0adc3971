"""The denoising autoencoder of users, whose weights hold two vectors for each item."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from course_utils.torch_models.tensors import (
    bag_tensors,
    check_share,
    check_sizes,
    row_of,
)


class InteractionAutoencoder(nn.Module):
    r"""Denoising autoencoder of users, whose weights hold two vectors for each item.

    Introduced in *Find similar films*.

    A user's items are looked up, added and squashed into a code, and the code says how probable
    each item is to be this user's next:

        code = tanh(Σ lookup[item] / √count + bias),   p = softmax(output · code + bias)

    In training a part of the items is hidden from the encoder, so that copying does not help, and
    a part of the code is dropped. The loss is that of Liang et al. (2018), the multinomial
    likelihood; no item of a row stands for "disliked", only for "not chosen so far".

    Parameters
    ----------
    n_items : int
        Columns of the matrix.
    code_size : int
        Width of the code.
    hide_items, drop_code : float
        Share of a row's items hidden and of the code dropped in training, from 0 to below 1;
        drawn from PyTorch's global generator, which :func:`fit` seeds.

    Attributes
    ----------
    config : dict
        The four arguments, as :func:`save` stores them.
    lookup : torch.nn.EmbeddingBag
        What an item says about a user: weight of shape (n_items, code_size).
    output : torch.nn.Linear
        To which user an item is offered: weight of the same shape.

    Raises
    ------
    ValueError
        If a size is not a positive integer or a share out of range.

    References
    ----------
    D. Liang, R. G. Krishnan, M. D. Hoffman, T. Jebara (2018). Variational autoencoders for
    collaborative filtering. WWW '18, section 2 (Mult-DAE). doi:10.1145/3178876.3186150

    Examples
    --------
    >>> model = InteractionAutoencoder(5, code_size=2).eval()
    >>> rows = sp.csr_array(np.array([[1, 0, 1, 0, 0], [0, 0, 0, 0, 0]], dtype=np.float32))
    >>> model(rows).shape, model.encode(rows).shape
    (torch.Size([2, 5]), torch.Size([2, 2]))
    """

    def __init__(
        self, n_items: int, code_size: int, *, hide_items: float = 0.3, drop_code: float = 0.3
    ) -> None:
        super().__init__()
        check_sizes([n_items, code_size])
        check_share(hide_items)
        check_share(drop_code)
        self.config: dict[str, Any] = {
            "n_items": int(n_items),
            "code_size": int(code_size),
            "hide_items": float(hide_items),
            "drop_code": float(drop_code),
        }
        self.lookup = nn.EmbeddingBag(n_items, code_size, mode="sum")
        self.bias = nn.Parameter(torch.zeros(code_size))
        self.output = nn.Linear(code_size, n_items)
        for weight in (self.lookup.weight, self.output.weight):
            nn.init.normal_(weight, std=0.3 / math.sqrt(code_size))
        nn.init.zeros_(self.output.bias)

    def start_at(self, popularity: ArrayLike) -> None:
        """Let the untrained model offer what is popular, so that training starts from there.

        Parameters
        ----------
        popularity : array_like, shape (n_items,)
            Number of interactions of each item, at least 0.
        """
        counts = torch.as_tensor(np.asarray(popularity), dtype=self.output.bias.dtype)
        with torch.no_grad():
            self.output.bias.copy_(torch.log(counts + 0.05))  # an item nobody chose is not -inf

    def encode(self, rows: sp.csr_array) -> Tensor:
        """Codes of users.

        Parameters
        ----------
        rows : scipy sparse array, shape (n, n_items)
            Interactions, 1 or a positive weight; as for
            :func:`course_utils.embeddings.embedding_bag_inputs`.

        Returns
        -------
        Tensor, shape (n, code_size)
            From -1 to 1. A row's length does not matter, only its direction.

        Raises
        ------
        ValueError
            If the number of columns is not `n_items`, or an id or a weight is invalid.
        """
        ids, offsets, weights = bag_tensors(rows, self.lookup, self.config["n_items"])
        if self.training:
            draws = torch.rand(len(weights), device=weights.device)
            weights = weights * (draws >= self.config["hide_items"])
        row = row_of(rows, weights.device)
        squares = weights.new_zeros(rows.shape[0]).index_add_(0, row, weights**2)
        weights = weights / torch.where(squares > 0, squares, 1).sqrt()[row]
        return torch.tanh(self.lookup(ids, offsets, per_sample_weights=weights) + self.bias)

    def forward(self, rows: sp.csr_array) -> Tensor:
        """Score all items; softmax over a row makes probabilities of the scores.

        Parameters
        ----------
        rows : scipy sparse array, shape (n, n_items)
            As for :meth:`encode`.

        Returns
        -------
        Tensor, shape (n, n_items)
            Dense: this is why one trains in batches.
        """
        codes = self.encode(rows)
        return self.output(nn.functional.dropout(codes, self.config["drop_code"], self.training))

    def loss(self, rows: sp.csr_array) -> Tensor:
        """Mean over all interactions of -log p(item | what the encoder saw of the user).

        Parameters
        ----------
        rows : scipy sparse array, shape (n, n_items)
            Input and target, without duplicates, with at least one interaction.

        Returns
        -------
        Tensor, shape ()
            In nats; differentiable. Users count by the number of their interactions.
        """
        scores = self(rows)
        ids, _, weights = bag_tensors(rows, self.lookup, self.config["n_items"])
        row = row_of(rows, scores.device)
        chosen = scores[row, ids.long()] - torch.logsumexp(scores, dim=1)[row]
        return -(weights * chosen).sum() / weights.sum()
