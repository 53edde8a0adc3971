"""Questions that bring back what earlier notebooks have shown: in a terminal, on a page, in Moodle.

The one source are the files beside this module, one for each notebook, named by its topic. Each
wrong answer is a mistake that is easily made, and says why it is one.
"""

from course_utils.work.recall._asking import ask, choose, topics
from course_utils.work.recall._questions import Choice, Question, places, questions, shuffled
from course_utils.work.recall._written import as_details, as_gift, as_page

__all__ = [
    "Choice",
    "Question",
    "as_details",
    "as_gift",
    "as_page",
    "ask",
    "choose",
    "places",
    "questions",
    "shuffled",
    "topics",
]
