"""Would anybody notice? ``python -m tools.mutants [module or notebook …]``.

Two questions, each put to a copy of the course; the working tree is never touched:

- mutmut changes `course_utils`, all but the drawing, in many small ways; do the unit tests and
  doctests notice?
- one number of each notebook is changed; does strict nbval notice?

The run is long; ``--sample 20`` tries 20 changes of each module, always the same ones. It works
under ``build/mutants``, where it keeps what it found, and goes on where it was stopped.
"""
