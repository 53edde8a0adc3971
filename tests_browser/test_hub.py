"""Five learners sign in to one JupyterHub and run the same notebook at once."""

import contextlib
import json
import secrets
import sys
import time

import nbformat

from tests_browser import lab
from tools.course import find_notebooks

(SOURCE,) = find_notebooks(["align_and_index"])
LEARNERS = [f"learner{number}" for number in range(1, 6)]

CONFIG = """c = get_config()
c.JupyterHub.bind_url = {home!r}
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{hub_port}"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy_port}"
# By default it cuts off whatever takes 20 s, as a start does on a busy machine.
c.ConfigurableHTTPProxy.command = ["configurable-http-proxy", "--proxy-timeout", "{timeout}000"]
c.JupyterHub.db_url = "sqlite:///:memory:"
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = {homes!r}
c.Spawner.args = ["--allow-root"]
c.Spawner.env_keep = ["PATH", "OMP_NUM_THREADS", "JUPYTERLAB_SETTINGS_DIR"]
c.Spawner.start_timeout = c.Spawner.http_timeout = {timeout}
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = {password!r}
c.Authenticator.allow_all = True
"""


def test_five_learners_at_once(browser, tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    home = f"http://127.0.0.1:{lab.free_port()}"
    password = secrets.token_hex(16)
    config = tmp_path / "jupyterhub_config.py"
    config.write_text(
        CONFIG.format(
            home=home,
            hub_port=lab.free_port(),
            proxy_port=lab.free_port(),
            homes=str(tmp_path / "{username}"),
            timeout=lab.START_TIMEOUT,
            password=password,
        ),
        encoding="utf-8",
    )
    stored = nbformat.read(SOURCE, as_version=4)
    paths = {}
    for learner in LEARNERS:
        (tmp_path / learner).mkdir()
        paths[learner] = lab.copy_stripped(SOURCE, tmp_path / learner)
    command = [sys.executable, "-m", "jupyterhub", "--config", str(config)]
    log = tmp_path / "hub" / "hub.log"
    log.parent.mkdir()
    with (
        lab.server(command, f"{home}/hub/health", log.parent, log),
        contextlib.ExitStack() as stack,
    ):
        start = time.monotonic()
        pages = {learner: stack.enter_context(lab.reader(browser)) for learner in LEARNERS}
        for learner, page in pages.items():
            page.goto(f"{home}/hub/login")
            page.get_by_label("Username").fill(learner)
            page.get_by_label("Password").fill(password)
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_url(f"**/*{learner}*")  # its server is being started
        for learner, page in pages.items():
            page.wait_for_url(f"**/user/{learner}/**")
            address = f"{home}/user/{learner}/lab/tree/{SOURCE.name}"
            lab.open_notebook(page, address, len(stored.cells))
        for page in pages.values():
            lab.run_all(page)
        for learner, page in pages.items():
            lab.wait_until_run(page)
            saved = lab.save(page, paths[learner])
            for before, after in zip(stored.cells, saved.cells, strict=True):
                if before.cell_type == "code":
                    assert after.execution_count == before.execution_count
                    assert lab.problems(after) == []
        print(json.dumps({"learners": len(pages), "seconds": round(time.monotonic() - start)}))
