"""More than one machine: ratings in parts, and statistics that add up over them.

Importing this package imports no framework, and Dask only where a cluster is asked for.
"""

from course_utils.distributed.cluster import local_cluster
from course_utils.distributed.generator import write_like_movielens
from course_utils.distributed.grouplens import write_grouplens
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
    "Totals",
    "add",
    "cooccurrence",
    "describe_part",
    "ease_from_gram",
    "fold",
    "gram",
    "list_parts",
    "local_cluster",
    "read_part",
    "top_directions",
    "totals",
    "write_grouplens",
    "write_like_movielens",
    "write_lists",
    "write_part",
]
