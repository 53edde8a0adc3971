"""The denoising autoencoder of users, whose weights hold two vectors for each item."""

from __future__ import annotations

import math
from typing import Any

import scipy.sparse as sp
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from course_utils import _arguments
from course_utils.torch_models.randomness import Seed, first_weights
from course_utils.torch_models.tensors import as_tensor, bags, check_width, places_of, sparse_rows


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
        Columns of the matrix; `n_features` is another name for it.
    code_size : int
        Width of the code.
    hide_items, drop_code : float
        Share of a row's items hidden and of the code dropped in training, from 0 to below 1;
        drawn from PyTorch's global generator, which :func:`fit` seeds.
    n_features : int, optional
        Instead of `n_items`, as the other models call it.
    seed : int or numpy.random.Generator, optional
        Decides the first weights, and PyTorch's global generator stays as it is. Default: they are
        drawn from that one.

    Attributes
    ----------
    config : dict
        Sizes and shares, as :func:`save` stores them; the columns are its `n_features`.
    lookup : torch.nn.EmbeddingBag
        What an item says about a user: weight of shape (n_items, code_size).
    output : torch.nn.Linear
        To which user an item is offered: weight of the same shape.

    Raises
    ------
    TypeError
        If a size is no integer or a share no number, or both `n_items` and `n_features` are given.
    ValueError
        If a size is below 1 or a share out of range.

    References
    ----------
    D. Liang, R. G. Krishnan, M. D. Hoffman, T. Jebara (2018). Variational autoencoders for
    collaborative filtering. WWW '18, section 2 (Mult-DAE). doi:10.1145/3178876.3186150

    Examples
    --------
    >>> model = InteractionAutoencoder(5, code_size=2).eval()
    >>> rows = sp.csr_array(([1, 1], ([0, 0], [0, 2])), shape=(2, 5))
    >>> model(rows).shape, model.encode(rows).shape
    (torch.Size([2, 5]), torch.Size([2, 2]))
    """

    def __init__(
        self,
        n_items: int | None = None,
        code_size: int | None = None,
        *,
        hide_items: float = 0.3,
        drop_code: float = 0.3,
        n_features: int | None = None,
        seed: Seed | None = None,
    ) -> None:
        super().__init__()
        if n_items is not None and n_features is not None:
            raise TypeError("n_items and n_features are two names of one number; give one of them")
        named = "n_items" if n_features is None else "n_features"
        columns = n_features if n_items is None else n_items
        self.config: dict[str, Any] = {
            "n_features": _arguments.integer(named, columns, 1),
            "code_size": _arguments.integer("code_size", code_size, 1),
            "hide_items": _arguments.number("hide_items", hide_items, 0, below=1),
            "drop_code": _arguments.number("drop_code", drop_code, 0, below=1),
        }
        columns, width = self.config["n_features"], self.config["code_size"]
        with first_weights(seed):
            self.lookup = nn.EmbeddingBag(columns, width, mode="sum")
            self.bias = nn.Parameter(torch.zeros(width))
            self.output = nn.Linear(width, columns)
            for weight in (self.lookup.weight, self.output.weight):
                nn.init.normal_(weight, std=0.3 / math.sqrt(width))
            nn.init.zeros_(self.output.bias)

    def start_at_popularity(self, popularity: ArrayLike) -> None:
        """Let the untrained model offer what is popular, so that training starts from there.

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
        counts = _arguments.dense("popularity", popularity, ndim=1)
        if len(counts) != self.config["n_features"] or counts.min() < 0:
            raise ValueError(
                f"popularity must be {self.config['n_features']} numbers of at least 0, "
                f"got {len(counts)} from {counts.min():g}"
            )
        bias = self.output.bias
        with torch.no_grad():  # an item nobody chose is not -inf
            bias.copy_(torch.log(as_tensor(counts).to(bias.dtype) + 0.05))

    def start_at(self, popularity: ArrayLike) -> None:
        """Do what :meth:`start_at_popularity` does; this is its former name.

        Parameters
        ----------
        popularity : array_like, shape (n_items,)
            As for :meth:`start_at_popularity`.
        """
        self.start_at_popularity(popularity)

    def prepare(self, rows: Any, name: str = "rows") -> sp.csr_array:
        """Bring rows into the form of which :func:`fit` cuts its batches.

        Parameters
        ----------
        rows : scipy sparse array, shape (n, n_items)
            As for :meth:`encode`.
        name : str
            What messages call them.

        Returns
        -------
        csr_array, shape (n, n_items)
            Without duplicates.

        Raises
        ------
        TypeError
            If `rows` are dense or do not hold real numbers.
        ValueError
            If the number of columns is not `n_items`, or an id or a weight is invalid.
        """
        rows = sparse_rows(self, rows, name)
        check_width(rows, self.config["n_features"])
        if rows.nnz and rows.data.min() < 0:
            entry = int(rows.data.argmin())
            row = int(rows.indptr.searchsorted(entry, side="right")) - 1
            raise ValueError(
                f"{name} must hold interactions of at least 0, got {rows.data[entry]:g} in row "
                f"{row}, column {rows.indices[entry]}; what nobody chose is left out"
            )
        return rows

    def encode(self, rows: sp.csr_array) -> Tensor:
        """Codes of users.

        Parameters
        ----------
        rows : scipy sparse array, shape (n, n_items)
            Interactions, 1 or a positive weight, of any format and real type; entries given twice
            count as their sum.

        Returns
        -------
        Tensor, shape (n, code_size)
            From -1 to 1. A row's length does not matter, only its direction.

        Raises
        ------
        TypeError
            If `rows` are dense or do not hold real numbers.
        ValueError
            If the number of columns is not `n_items`, an id lies outside the table, or a weight is
            negative or not finite.
        """
        rows = self.prepare(rows)
        ids, offsets, weights = bags(rows, self.lookup)
        if self.training:
            draws = torch.rand(len(weights), device=weights.device)
            weights = weights * (draws >= self.config["hide_items"])
        row, _ = places_of(rows, weights.device)
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
            Input and target.

        Returns
        -------
        Tensor, shape ()
            In nats; differentiable. Users count by the number of their interactions; if there is
            none it is 0.
        """
        rows = self.prepare(rows)
        scores = self(rows)
        row, column = places_of(rows, scores.device)
        weights = as_tensor(rows.data).to(scores)
        chosen = scores[row, column] - torch.logsumexp(scores, dim=1)[row]
        total = weights.sum()
        return -(weights * chosen).sum() / torch.where(total > 0, total, 1)

    def loss_weight(self, rows: sp.csr_array) -> Tensor:
        """Add up the interactions that :meth:`loss` averages over.

        Parameters
        ----------
        rows : scipy sparse array, shape (n, n_items)
            Input and target.

        Returns
        -------
        Tensor, shape ()
            Number of interactions, or sum of their weights.
        """
        return torch.tensor(self.prepare(rows).data.sum(dtype="float64"))
