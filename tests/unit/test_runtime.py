"""start(): seeds, threads, silence, one framework; and the environment report."""

import errno
import os
import random
import re
import subprocess
import sys
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from tensorflow_log import without_start_of_xla

from course_utils import runtime


def run_python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter, since a framework cannot be unloaded."""
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=os.environ | environment,
        timeout=120,
    )


def test_start_seeds_python_and_returns_a_seeded_generator(capsys):
    first = runtime.start(seed=3).random(5), random.random()
    again = runtime.start(seed=3).random(5), random.random()
    other = runtime.start(seed=4).random(5), random.random()
    np.testing.assert_array_equal(first[0], again[0])
    assert first[1] == again[1] != other[1]
    assert not np.array_equal(first[0], other[0])
    assert capsys.readouterr().out.splitlines()[0] == "Ready: seed 3"


@pytest.mark.parametrize(
    ("seed", "error"),
    [
        (-1, ValueError),
        (2**32, ValueError),  # NumPy's global generator, which Keras seeds, takes 32 bits
        (1.0, TypeError),
        (True, TypeError),
        ("0", TypeError),
        (None, TypeError),
    ],
)
def test_start_refuses_a_bad_seed(seed, error):
    message = f"seed must be an integer from 0 to 4294967295, got {seed!r}"
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        runtime.start(seed=seed)


def test_start_without_a_word_has_seed_0(capsys):
    first = runtime.start().random(), random.random()
    assert first == (runtime.start(seed=0).random(), random.random())
    random.seed(0)
    assert first == (np.random.default_rng(0).random(), random.random())
    assert capsys.readouterr().out == "Ready: seed 0\n" * 2


def test_the_largest_seed(capsys):
    runtime.start(seed=2**32 - 1, threads=1)
    assert capsys.readouterr().out == "Ready: seed 4294967295\n"


def test_start_takes_numbers_of_numpy(capsys):
    first = runtime.start(seed=np.int64(3)).random(), random.random()
    assert first == (runtime.start(seed=3).random(), random.random())
    assert capsys.readouterr().out == "Ready: seed 3\n" * 2


def test_start_refuses_unknown_framework_and_threads():
    with pytest.raises(ValueError, match="^framework must be 'keras' or 'torch', got 'jax'$"):
        runtime.start(framework="jax")
    with pytest.raises(TypeError, match="^framework must be 'keras' or 'torch', got 1$"):
        runtime.start(framework=1)
    with pytest.raises(ValueError, match="^threads must be an integer of at least 1, got 0$"):
        runtime.start(threads=0)
    with pytest.raises(TypeError, match="^threads must be an integer of at least 1, got 2.0$"):
        runtime.start(threads=2.0)


def test_import_framework_refuses_other_ones():
    with pytest.raises(ValueError, match="^framework must be 'keras' or 'torch', got 'jax'$"):
        runtime.import_framework("jax")


class Recorder:
    """Stands for a module: remembers every call on it, however deep, and returns `answers`."""

    def __init__(self, calls, path="", answers=None):
        self.calls, self.path, self.answers = calls, path, answers or {}

    def __getattr__(self, name):
        path = f"{self.path}.{name}".lstrip(".")
        return Recorder(self.calls, path, self.answers)

    def __call__(self, *arguments):
        self.calls.append((self.path, *arguments))
        return self.answers.get(self.path, Recorder(self.calls, f"{self.path}()"))


SET_BY_START = ("KERAS_BACKEND", "TF_CPP_MIN_LOG_LEVEL", "GOMP_SPINCOUNT")


@pytest.fixture
def recorded(monkeypatch):
    """Calls that start() makes on a framework, without the framework; and an own environment."""
    calls = []
    for name in (*SET_BY_START, "OMP_WAIT_POLICY", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(runtime, "import_framework", lambda name: Recorder(calls, name))
    monkeypatch.setattr(
        runtime.importlib, "import_module", lambda name: Recorder(calls, f"import {name}")
    )
    yield calls
    for name in SET_BY_START:
        os.environ.pop(name, None)


def test_start_hands_seed_and_threads_to_keras(recorded, capsys):
    runtime.start(seed=3, framework="keras", threads=5)
    assert recorded == [
        ("keras.get_logger",),
        ("keras.get_logger().setLevel", "ERROR"),
        ("keras.config.threading.set_intra_op_parallelism_threads", 5),
        ("keras.config.threading.set_inter_op_parallelism_threads", 5),
        ("import keras.utils.set_random_seed", 3),
    ]
    assert os.environ["KERAS_BACKEND"] == "tensorflow"
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "3"
    assert capsys.readouterr().out == "Ready: seed 3, framework keras\n"


def test_the_set_up_of_keras_may_run_again(recorded, monkeypatch):
    """TensorFlow refuses new numbers of threads once it has computed."""

    def refuses(threads):
        raise RuntimeError("cannot be modified after initialization")

    tensorflow = Recorder(recorded, "keras")
    tensorflow.config = SimpleNamespace(
        threading=SimpleNamespace(set_intra_op_parallelism_threads=refuses)
    )
    monkeypatch.setattr(runtime, "import_framework", lambda name: tensorflow)
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "0")
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    runtime.start(framework="keras")
    assert recorded[-1] == ("import keras.utils.set_random_seed", 0)
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "0"  # the user's, who wants to see more
    assert os.environ["KERAS_BACKEND"] == "tensorflow"


def test_start_hands_seed_and_threads_to_torch(recorded, capsys):
    runtime.start(seed=3, framework="torch", threads=5)
    assert recorded == [("torch.set_num_threads", 5), ("torch.manual_seed", 3)]
    assert os.environ["GOMP_SPINCOUNT"] == "10000"
    assert capsys.readouterr().out == "Ready: seed 3, framework torch\n"


def test_start_leaves_settings_of_the_user(recorded, monkeypatch):
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")  # GOMP_SPINCOUNT would overrule it
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    runtime.start(framework="torch")
    assert "GOMP_SPINCOUNT" not in os.environ
    assert recorded == [("torch.set_num_threads", 7), ("torch.manual_seed", 0)]


def test_start_leaves_the_spinning_that_the_user_chose(recorded, monkeypatch):
    monkeypatch.setenv("GOMP_SPINCOUNT", "7")
    runtime.start(framework="torch")
    assert os.environ["GOMP_SPINCOUNT"] == "7"


@pytest.mark.parametrize(
    ("cuda", "mps", "expected"),
    [(True, True, "cuda"), (True, False, "cuda"), (False, True, "mps"), (False, False, "cpu")],
)
def test_device_prefers_cuda_then_mps(monkeypatch, cuda, mps, expected):
    answers = {"torch.cuda.is_available": cuda, "torch.backends.mps.is_available": mps}
    asked = []
    monkeypatch.setattr(
        runtime, "import_framework", lambda name: asked.append(name) or Recorder([], name, answers)
    )
    assert runtime.device() == expected
    assert asked == ["torch"]


def test_default_threads_follow_the_environment(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert runtime.default_threads() == 7
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert 1 <= runtime.default_threads() <= (os.cpu_count() or 1)


@pytest.mark.parametrize(
    ("system", "threads"),
    [
        (SimpleNamespace(sched_getaffinity=lambda process: {process, 4, 7}), 3),
        (SimpleNamespace(cpu_count=lambda: 5), 5),
        (SimpleNamespace(cpu_count=lambda: None), 1),
    ],
)
def test_default_threads_are_the_cpus_of_this_process(monkeypatch, system, threads):
    system.environ = {}
    monkeypatch.setattr(runtime, "os", system)
    assert runtime.default_threads() == threads


@pytest.mark.parametrize(
    ("text", "threads"), [("4,2", 4), (" 3 ", 3), ("5 , 1,1", 5), ("16", 16), ("010", 10)]
)
def test_default_threads_read_what_openmp_reads(monkeypatch, text, threads):
    monkeypatch.setenv("OMP_NUM_THREADS", text)
    assert runtime.default_threads() == threads


@pytest.mark.parametrize("text", ["", "  "])
def test_an_empty_variable_says_nothing(monkeypatch, text):
    monkeypatch.setenv("OMP_NUM_THREADS", text)
    assert 1 <= runtime.default_threads() <= (os.cpu_count() or 1)


@pytest.mark.parametrize("text", ["0", "two", "-1", "2.0", "4,", ",4", "4,two", "4,0", "4 2", "²"])
def test_default_threads_refuse_other_texts(monkeypatch, text):
    monkeypatch.setenv("OMP_NUM_THREADS", text)
    message = (
        "the environment variable OMP_NUM_THREADS must be a positive integer, or several with "
        f"commas between them, got {text!r}; correct it or unset it"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        runtime.default_threads()


KERAS = """
from course_utils import runtime
import numpy as np, sys
def trained(seed):
    runtime.start(seed=seed, framework="keras", threads=1)
    import keras
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    model.compile(loss="mse", jit_compile=True)
    model.fit(np.ones((8, 4)), np.ones((8, 2)), verbose=0)
    return model.predict(np.ones((1, 4)), verbose=0).tobytes()
print(trained(5) == trained(5), trained(5) == trained(6))
import keras, tensorflow
for _ in range(6):  # the fifth one makes TensorFlow complain about retracing
    keras.Sequential([keras.layers.Dense(2)]).predict(np.ones((1, 4)), verbose=0)
print(tensorflow.config.threading.get_intra_op_parallelism_threads(), "torch" in sys.modules)
"""

TORCH = """
from course_utils import runtime
import sys
def drawn(seed):
    runtime.start(seed=seed, framework="torch", threads=1)
    import torch
    return torch.rand(3).tolist()
print(drawn(5) == drawn(5), drawn(5) == drawn(6))
import torch
print(torch.get_num_threads(), "tensorflow" in sys.modules)
assert runtime.device() in ("cpu", "cuda", "mps")
"""


@pytest.mark.parametrize(
    ("framework", "code"),
    [
        pytest.param("keras", KERAS, marks=pytest.mark.keras),
        pytest.param("torch", TORCH, marks=pytest.mark.torch),
    ],
)
def test_framework_starts_silently_seeded_and_with_one_thread(framework, code):
    run = run_python(code)
    assert run.returncode == 0, run.stderr
    # Importing TensorFlow and compiling with XLA chatter otherwise.
    assert (without_start_of_xla(run.stderr) if framework == "keras" else run.stderr) == ""
    ready = [f"Ready: seed {seed}, framework {framework}" for seed in (5, 5, 5, 6)]
    assert run.stdout.splitlines() == [*ready, "True False", "1 False"]


def test_second_framework_is_refused(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow", object())
    message = (
        "this process already holds tensorflow, so 'torch' cannot start here: one framework per "
        "notebook. Restart the kernel and run the set-up cell first."
    )
    with pytest.raises(RuntimeError, match=f"^{re.escape(message)}$"):
        runtime.start(framework="torch")


def test_a_framework_is_imported_once_and_quietly(monkeypatch, capfd):
    imported = []

    def import_module(name):
        os.write(2, b"oneDNN custom operations are on\n")
        warnings.warn("deprecated", DeprecationWarning, stacklevel=1)
        imported.append(name)
        return f"the module {name}"

    monkeypatch.setattr(runtime.importlib, "import_module", import_module)
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)
    assert runtime.import_framework("keras") == "the module tensorflow"
    assert runtime.import_framework("torch") == "the module torch"
    assert imported == ["tensorflow", "torch"]
    assert capfd.readouterr().err == ""
    monkeypatch.setitem(sys.modules, "torch", "already there")
    assert runtime.import_framework("torch") == "already there"
    assert imported == ["tensorflow", "torch"]


def test_a_process_with_both_names_the_other_one(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", object())
    message = (
        "this process already holds torch, so 'keras' cannot start here: one framework per "
        "notebook. Restart the kernel and run the set-up cell first."
    )
    with pytest.raises(RuntimeError, match=f"^{re.escape(message)}$"):
        runtime.import_framework("keras")


def test_missing_framework_names_the_repair(monkeypatch):
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    monkeypatch.setitem(sys.modules, "torch", None)  # makes `import torch` fail
    monkeypatch.setattr(
        runtime.importlib, "import_module", lambda name: (_ for _ in ()).throw(ImportError(name))
    )
    del sys.modules["torch"]
    message = (
        "torch cannot be imported (torch). Repair the environment with `make course`, "
        "or open notebooks/00_start_here.ipynb."
    )
    with pytest.raises(RuntimeError, match=f"^{re.escape(message)}$"):
        runtime.start(framework="torch")


def test_what_was_held_back_appears_when_the_block_fails(capfd):
    with runtime._quiet_stderr():
        os.write(2, b"chatter\n")
    with pytest.raises(ZeroDivisionError), runtime._quiet_stderr():
        os.write(2, b"cause\n")
        raise ZeroDivisionError
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "cause\nafter\n"


def test_holding_back_leaves_no_descriptor_open(capfd):
    before = os.dup(2)
    os.close(before)
    with runtime._quiet_stderr():
        pass
    with pytest.raises(ZeroDivisionError), runtime._quiet_stderr():
        raise ZeroDivisionError
    after = os.dup(2)
    os.close(after)
    assert after == before  # the lowest number that is free


def test_without_a_descriptor_nothing_is_held_back(monkeypatch, capfd):
    def closed(number):
        assert number == 2
        raise OSError(errno.EBADF, "Bad file descriptor")

    monkeypatch.setattr(runtime, "os", SimpleNamespace(dup=closed))
    with runtime._quiet_stderr():
        os.write(2, b"chatter\n")
    assert capfd.readouterr().err == "chatter\n"


def test_report_of_this_environment_is_clean():
    report = runtime.environment_report()
    assert [str(status) for status in report if status.problem] == []
    assert {"numpy", "torch", "openTSNE"} <= {status.name for status in report}
    assert all(str(status) == f"[ok] {status.name}" for status in report)


def test_report_says_how_to_repair():
    old, missing = runtime.check_requirements(["numpy>=99", "no-such-package>=2"])
    assert old.problem == f"version {np.__version__} is installed, >=99 is needed"
    assert old.repair == 'python -m pip install "numpy>=99"'
    assert str(missing) == (
        '[fix: python -m pip install "no-such-package>=2"] no-such-package: not installed'
    )


def test_report_leaves_out_other_platforms_and_extras():
    lines = [
        "no-such-package; sys_platform == 'amiga'",
        "no-such-package; extra == 'dev'",
        "numpy>=1",
    ]
    (status,) = runtime.check_requirements(lines)
    assert status == ("numpy", "", "")


def test_report_of_requirements_with_any_marker_that_holds():
    lines = ["numpy>=1; python_version >= '3'", "numpy; extra == ''", "numpy[dev]>=1,<99"]
    report = runtime.check_requirements(lines)
    assert report == [("numpy", "", "")] * 3


def test_report_asks_for_the_package_of_the_course(monkeypatch):
    asked = []
    monkeypatch.setattr(
        runtime.importlib.metadata, "requires", lambda name: asked.append(name) or None
    )
    assert runtime.environment_report() == []
    assert asked == ["course-utils"]


def test_report_accepts_a_prerelease(monkeypatch):
    monkeypatch.setattr(runtime, "_installed_version", lambda name: "3.0rc1")
    (status,) = runtime.check_requirements(["numpy>=2"])
    assert status.problem == ""


def test_report_takes_the_other_tensorflow_package(monkeypatch):
    installed = {"tensorflow": "2.21.0"}.get
    monkeypatch.setattr(runtime, "_installed_version", installed)
    (status,) = runtime.check_requirements(["tensorflow-cpu>=2.18"])
    assert str(status) == "[ok] tensorflow-cpu"
    (status,) = runtime.check_requirements(["tensorflow-cpu>=3"])
    assert str(status) == (
        '[fix: python -m pip install "tensorflow-cpu>=3"] tensorflow-cpu: '
        "version 2.21.0 is installed, >=3 is needed"
    )


def test_report_without_the_package_itself_names_the_command(monkeypatch):
    def missing(name):
        raise runtime.importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(runtime.importlib.metadata, "requires", missing)
    message = (
        "course-utils is not installed in this environment; from the folder with pyproject.toml "
        "run: python -m pip install -c constraints.txt -e ."
    )
    with pytest.raises(RuntimeError, match=f"^{re.escape(message)}$"):
        runtime.environment_report()


def test_report_refuses_what_is_no_list_of_requirements():
    message = "requirements must be a list of lines, got the text 'numpy>=2'; put it in [ ]"
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        runtime.check_requirements("numpy>=2")
    message = "requirements must hold lines such as 'numpy>=2.0', got 'numpy >='"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        runtime.check_requirements(["numpy >="])


def test_report_without_packaging_names_the_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "packaging.requirements", None)  # makes the import fail
    message = "packaging is not installed in this environment; run: python -m pip install packaging"
    with pytest.raises(RuntimeError, match=f"^{message}$"):
        runtime.check_requirements([])


def test_a_package_without_a_version_counts_as_missing(monkeypatch):
    monkeypatch.setattr(runtime, "_installed_version", lambda name: None)
    (status,) = runtime.check_requirements(["numpy>=2"])
    assert str(status) == '[fix: python -m pip install "numpy>=2"] numpy: not installed'


def test_importing_the_package_loads_nothing_that_takes_time():
    code = """
import sys
before = set(sys.modules)
import course_utils
print(*sorted({name.partition(".")[0] for name in set(sys.modules) - before}))
import course_utils._frameworks
assert not {"numpy", "scipy", "pandas", "tensorflow", "keras", "torch"} & set(sys.modules)
"""
    run = run_python(code)
    assert (run.stdout.split(), run.stderr) == (["course_utils"], "")


@pytest.mark.slow
def test_no_module_without_need_brings_a_framework_along():
    code = """
import importlib, sys
from course_utils._frameworks import framework_of, module_names
for name in module_names():
    if framework_of(name) is None:
        importlib.import_module(name)
assert not {"tensorflow", "keras", "torch"} & set(sys.modules)
"""
    run = run_python(code)
    assert (run.returncode, run.stderr) == (0, "")
