"""More than one machine: ratings in parts, statistics that add up over them, training on ranks.

Importing this package imports no framework, and Dask only where a cluster is asked for. What runs
on a rank lies in :mod:`course_utils.distributed.training`, which imports PyTorch.
"""

from course_utils.distributed.cluster import (
    cluster_commands,
    command_cluster,
    connect,
    local_cluster,
)
from course_utils.distributed.generator import write_like_movielens
from course_utils.distributed.grouplens import write_grouplens
from course_utils.distributed.launch import (
    RankFailed,
    launch,
    torchrun_command,
    torchrun_environment,
)
from course_utils.distributed.models import ease_from_gram, top_directions, write_lists
from course_utils.distributed.parts import (
    DamagedPart,
    Part,
    describe_part,
    list_parts,
    read_part,
    write_part,
)
from course_utils.distributed.sums import Totals, add, cooccurrence, fold, gram, totals

__all__ = [
    "DamagedPart",
    "Part",
    "RankFailed",
    "Totals",
    "add",
    "cluster_commands",
    "command_cluster",
    "connect",
    "cooccurrence",
    "describe_part",
    "ease_from_gram",
    "fold",
    "gram",
    "launch",
    "list_parts",
    "local_cluster",
    "read_part",
    "top_directions",
    "torchrun_command",
    "torchrun_environment",
    "totals",
    "write_grouplens",
    "write_like_movielens",
    "write_lists",
    "write_part",
]
