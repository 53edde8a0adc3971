"""What holds in every test: no network, one framework per process, the same examples each run."""

import importlib.util
import os
import sys
from pathlib import Path

import hypothesis
import pytest

from course_utils._frameworks import FRAMEWORKS, framework_of

os.environ["MPLBACKEND"] = "Agg"  # before anything imports Matplotlib

_GUARD = Path(__file__).parent / "no_network" / "sitecustomize.py"
_spec = importlib.util.spec_from_file_location("no_network", _GUARD)
_spec.loader.exec_module(importlib.util.module_from_spec(_spec))  # importing it blocks the network

hypothesis.settings.register_profile(
    "course",
    derandomize=True,
    database=None,
    deadline=None,
    # mutmut runs a test method in one process twice, each time on a new object of its class.
    suppress_health_check=[hypothesis.HealthCheck.differing_executors],
)
hypothesis.settings.load_profile("course")

_CHOSEN = pytest.StashKey[set[str]]()


# Around pytest's own hook, which drops what -m and -k do not choose.
@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(config, items):
    """Mark the doctests of modules that need a framework; refuse a run that would load both."""
    for item in items:
        if isinstance(item, pytest.DoctestItem):
            dotted = ".".join(item.path.relative_to(config.rootpath).with_suffix("").parts)
            if name := framework_of(dotted):
                item.add_marker(name)
    result = yield
    chosen = {name for name in FRAMEWORKS for item in items if item.get_closest_marker(name)}
    config.stash[_CHOSEN] = chosen
    if len(chosen) > 1:
        raise pytest.UsageError(
            "one framework per process: run `pytest -m keras`, `pytest -m torch` and "
            "`pytest -m 'not keras and not torch'`, or `make test`, which does all three"
        )
    return result


@pytest.fixture(autouse=True)
def one_framework_per_process(request):
    """Fail the first test after which a framework is loaded that no chosen test is marked with."""
    yield
    loaded = {name for name, module in FRAMEWORKS.items() if module in sys.modules}
    if unmarked := loaded - request.config.stash[_CHOSEN]:
        pytest.fail(f"loads {unmarked}: mark the test with pytest.mark.{min(unmarked)}")
