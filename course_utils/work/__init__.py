"""A learner's own copies of the notebooks: ``python -m course_utils.work``.

The course's notebooks stay as they came. What a learner types goes into copies, and
:func:`update` brings the course's corrections into them cell by cell.
"""

from course_utils.work._folder import course_folder, start, update, work_folder

__all__ = ["course_folder", "start", "update", "work_folder"]
