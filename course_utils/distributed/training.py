"""Train one model with several processes, which torchrun starts: the same steps, shared out.

Importing this module imports PyTorch. Within :func:`shared_steps`, `torch_models.fit` does on each
rank what it does alone; only the work of a batch is shared. What adds up over ranks is the gradient
of a *sum*, so each rank weighs its mean by its share of what the whole batch averages over.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.optim.optimizer import register_optimizer_step_pre_hook

from course_utils import _arguments
from course_utils.torch_models.tensors import check_model

__all__ = ["Traffic", "add_up", "my_rows", "shared_steps"]


@dataclass
class Traffic:
    """What a rank has given to the sums of gradients.

    Attributes
    ----------
    steps : int
        Steps of the optimiser.
    bytes : int
        Numbers and indices handed over, not what travels on the wire.
    """

    steps: int = 0
    bytes: int = 0


def my_rows(n: int, rank: int, world: int) -> slice:
    """Rows of a batch that a rank computes.

    Parameters
    ----------
    n : int
        Rows of the batch.
    rank, world : int
        Which process this is, counted from 0, and of how many.

    Returns
    -------
    slice
        Shares differ by one row at most; with fewer rows than ranks some are empty.

    Raises
    ------
    TypeError
        If a number is no integer.
    ValueError
        If one is out of range.

    Examples
    --------
    >>> [my_rows(5, rank, 2) for rank in range(2)]
    [slice(0, 2, None), slice(2, 5, None)]
    """
    n = _arguments.integer("n", n, 0)
    world = _arguments.integer("world", world, 1)
    rank = _arguments.integer("rank", rank, 0, world - 1)
    return slice(n * rank // world, n * (rank + 1) // world)


def add_up(parameters: Iterable[nn.Parameter], sparse: Collection[nn.Parameter] = ()) -> int:
    """Replace each gradient by its sum over all ranks.

    Parameters
    ----------
    parameters : iterable of torch.nn.Parameter
        In the same order on each rank. A parameter without a gradient, as where a rank had no
        row, counts as zero.
    sparse : collection of torch.nn.Parameter
        Those whose gradient is sparse. A rank without a row must send an empty *sparse* one: with
        a dense one all ranks wait for each other until a time-out.

    Returns
    -------
    int
        Bytes this rank gave: of a dense gradient all its numbers, of a sparse one 8 for the index
        of a row, and the numbers of that row.
    """
    kinds = {id(parameter) for parameter in sparse}
    sent = 0
    for parameter in parameters:
        gradient = parameter.grad
        if id(parameter) in kinds:
            gradient = _no_rows(parameter) if gradient is None else gradient.coalesce()
            sent += gradient.indices().nbytes + gradient.values().nbytes
        else:
            gradient = torch.zeros_like(parameter) if gradient is None else gradient
            sent += gradient.nbytes
        dist.all_reduce(gradient)
        parameter.grad = gradient
    return sent


def _no_rows(parameter: Tensor) -> Tensor:
    indices = torch.zeros((1, 0), dtype=torch.int64)
    values = parameter.new_zeros((0, *parameter.shape[1:]))
    empty = torch.sparse_coo_tensor(indices, values, parameter.shape, check_invariants=True)
    return empty.coalesce()


@contextlib.contextmanager
def shared_steps(model: Any) -> Iterator[Traffic]:
    """Share the work of each batch out over all ranks, while a model is trained.

    Every rank calls `fit` on the same rows with the same settings. The weights are those that one
    process gets with the whole batch, up to rounding, also when batches do not divide evenly; and
    checkpoints are `fit`'s own, so that a training that was killed goes on where it was.

    Parameters
    ----------
    model : torch.nn.Module
        With a method `loss(rows)` as `fit` wants it, and dense gradients. All ranks begin with the
        weights of rank 0.

    Yields
    ------
    Traffic
        What this rank has given to the sums so far.

    Raises
    ------
    TypeError
        If `model` has no loss.
    RuntimeError
        If this process belongs to no group: start it with torchrun, and call
        `torch.distributed.init_process_group("gloo")` first.

    Notes
    -----
    A model that draws while it trains, such as noise on its input, draws other numbers than one
    process does.
    """
    check_model(model)
    if not dist.is_initialized():
        raise RuntimeError(
            "shared_steps needs a group of processes; start the script with torchrun and call "
            'torch.distributed.init_process_group("gloo") first'
        )
    parameters = list(model.parameters())
    for parameter in parameters:
        dist.broadcast(parameter.data, src=0)
    traffic = Traffic()
    whole_loss, rank, world = model.loss, dist.get_rank(), dist.get_world_size()
    count = getattr(model, "loss_weight", lambda rows: torch.tensor(rows.shape[0]))

    def shared_loss(batch: Any) -> Tensor:
        mine = batch[my_rows(batch.shape[0], rank, world)]
        share = torch.zeros(())
        if mine.shape[0] and int(count(mine)):
            share = whole_loss(mine) * (int(count(mine)) / int(count(batch)))
        else:  # a loss without a gradient of its own
            share = sum(parameter.sum() for parameter in parameters) * 0.0
        total = share.detach().clone()
        dist.all_reduce(total)
        return share + (total - share.detach())

    def add_gradients(optimizer: torch.optim.Optimizer, *_: Any) -> None:
        traffic.bytes += add_up(parameters)
        traffic.steps += 1

    hook = register_optimizer_step_pre_hook(add_gradients)
    model.loss = shared_loss
    try:
        yield traffic
    finally:
        del model.loss  # the method of its class again
        hook.remove()
