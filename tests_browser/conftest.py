"""One browser and one JupyterLab serve all tests of a run."""

import pytest

from tests_browser import lab


@pytest.fixture(scope="session")
def browser():
    with lab.chromium() as running:
        yield running


@pytest.fixture(scope="session")
def lab_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("notebooks")


@pytest.fixture(scope="session")
def lab_address(lab_folder, tmp_path_factory):
    with lab.jupyter_lab(lab_folder, tmp_path_factory.mktemp("lab") / "lab.log") as address:
        yield address


@pytest.fixture
def page(browser):
    with lab.reader(browser) as opened:
        yield opened
