"""The course with the oldest and the newest versions it allows: ``make test-oldest test-newest``.

Each session has an environment of its own under ``.nox``, made by uv, and runs the unit tests and
all notebooks in it. The versions of every day stand in ``constraints.txt`` and are not used here.
"""

import nox

nox.options.default_venv_backend = "uv"


@nox.session(python="3.11")
def oldest(session: nox.Session) -> None:
    """Take the lowest versions that pyproject.toml allows, on the lowest Python."""
    _run_gates(session, "lowest-direct")


@nox.session(python="3.13")
def newest(session: nox.Session) -> None:
    """Take what the registry has today, on the highest Python."""
    _run_gates(session, "highest")


def _run_gates(session: nox.Session, resolution: str) -> None:
    session.install("--resolution", resolution, "--editable", ".[dev]")
    session.run("uv", "pip", "freeze", external=True)  # the log says what was tried
    session.run("python", "-m", "tools.check_units")
    session.run("python", "-m", "tools.check_notebooks")
