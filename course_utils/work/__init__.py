"""A learner's own copies of the notebooks, and a record: ``python -m course_utils.work``.

The course's notebooks stay as they came. What a learner types goes into copies, and
:func:`update` brings the course's corrections into them cell by cell. Beside the copies lies a
record of what the checks have said, which :func:`progress` reads.
"""

from course_utils.work._folder import course_folder, start, update, work_folder
from course_utils.work._progress import progress, show_progress
from course_utils.work._record import Verdict, read_record, record
from course_utils.work._routes import ROUTES
from course_utils.work._sharing import Learner, class_table, read_class, share, unshare

__all__ = [
    "ROUTES",
    "Learner",
    "Verdict",
    "class_table",
    "course_folder",
    "progress",
    "read_class",
    "read_record",
    "record",
    "share",
    "show_progress",
    "start",
    "unshare",
    "update",
    "work_folder",
]
