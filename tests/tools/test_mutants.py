"""The score of the package is kept by module, and a stopped run goes on."""

import json

import pytest

from tools.mutants import __main__ as program
from tools.mutants import package, scores
from tools.mutants.package import Found, chosen_tests, digest_of, drawn, modules, mutate_package

ORIGINAL = "def x_add__mutmut_orig(a, b):\n    return a + b\n"
MUTATED = "def x_add__mutmut_{}(a, b):\n    return a - b\n"


def found(*outcomes, mutants=4):
    return Found("", "", mutants, {f"m{k}": outcome for k, outcome in enumerate(outcomes)}, {})


class Calls(list):
    """Names that mutmut was asked for, call by call, and the mutants that it tried last."""

    tried = ()


@pytest.fixture
def mutmut(tmp_path, monkeypatch):
    """Stand in for mutmut: four mutants of each module, of which the last survives."""
    calls = Calls()

    def run(folder, names, jobs):
        calls.append(list(names))
        calls.tried = []
        for module in modules():
            file = folder / "mutants" / package.module_path(module)
            meta = file.with_name(file.name + ".meta")
            dotted = f"course_utils.{module}.x_add__mutmut_"
            if not meta.exists():
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(ORIGINAL + "".join(map(MUTATED.format, range(1, 5))), "utf-8")
                meta.write_text(
                    json.dumps({"exit_code_by_key": {f"{dotted}{k}": None for k in range(1, 5)}})
                )
            verdicts = json.loads(meta.read_text())["exit_code_by_key"]
            for name in verdicts:
                if name in names or (not names and verdicts[name] is None):
                    calls.tried.append(name)
                    verdicts[name] = 0 if name.endswith("4") else 1
            meta.write_text(json.dumps({"exit_code_by_key": verdicts}))
        return int(names == ["none-yet"])

    monkeypatch.setattr(package, "WORK", tmp_path)
    monkeypatch.setattr(package, "prepare", lambda group, chosen: tmp_path / group)
    monkeypatch.setattr(package, "_mutmut", run)
    return calls


def test_all_mutants_of_a_module_are_tried_once(mutmut):
    outcome = mutate_package(["sparse", "noise"])["sparse"]
    assert (outcome.mutants, outcome.noticed, outcome.score) == (4, 3, 0.75)
    (lines,) = outcome.changes.values()
    assert lines == ["-     return a + b", "+     return a - b"]
    assert mutmut == [[]]
    assert mutate_package(["sparse"])["sparse"] == outcome
    assert mutmut == [[]], "nothing has changed, so nothing is tried again"


def test_a_larger_sample_goes_on_from_a_smaller_one(mutmut):
    assert len(mutate_package(["sparse"], sample=2)["sparse"].outcomes) == 2
    first = mutmut.pop()
    assert len(first) == 2
    assert len(mutate_package(["sparse"], sample=3)["sparse"].outcomes) == 3
    assert len(mutmut[-1]) == 1
    assert not set(mutmut[-1]) & set(first)
    mutate_package(["sparse"], sample=3)
    assert len(mutmut) == 3


def test_a_module_is_tried_again_when_its_tests_have_changed(mutmut, monkeypatch):
    mutate_package(["sparse"])
    monkeypatch.setattr(package, "digest_of", lambda module: "another")
    mutate_package(["sparse"])
    assert mutmut == [[], []]


def test_survivors_alone_are_tried_again_until_their_module_changes(mutmut, monkeypatch):
    first = mutate_package(["sparse", "noise"])["sparse"]
    monkeypatch.setattr(package, "digest_of", lambda module: "another")
    (package.WORK / "plain" / "mutants" / "course_utils" / "sparse.py.meta").unlink()
    (package.WORK / "plain" / "mutants" / "course_utils" / "noise.py.meta").unlink()
    monkeypatch.setattr(
        package, "code_of", lambda module: "new" if module == "noise" else first.code
    )
    again = mutate_package(["sparse", "noise"], survivors=True)
    of_noise = [f"course_utils.noise.x_add__mutmut_{k}" for k in range(1, 5)]
    tried = [name for name in mutmut.tried if ".noise." in name or ".sparse." in name]
    assert sorted(tried) == [*of_noise, "course_utils.sparse.x_add__mutmut_4"]
    assert mutmut[-1] == [], "thousands of names are no command line"
    assert again["sparse"].outcomes == first.outcomes


def test_what_a_stopped_run_has_found_is_kept(mutmut, monkeypatch):
    run = package._mutmut

    def stopped(folder, names, jobs):
        run(folder, names, jobs)
        raise KeyboardInterrupt

    monkeypatch.setattr(package, "_mutmut", stopped)
    with pytest.raises(KeyboardInterrupt):
        mutate_package(["sparse"])
    assert mutate_package(["sparse"])["sparse"].noticed == 3
    assert mutmut == [[]]


def test_red_tests_are_reported(mutmut, monkeypatch):
    monkeypatch.setattr(package, "_mutmut", lambda folder, names, jobs: 1)
    with pytest.raises(RuntimeError, match="the tests are red before any change"):
        mutate_package(["sparse"])


def test_a_digest_depends_on_the_module_and_on_the_tests_that_name_it():
    assert digest_of("sparse") != digest_of("noise")
    names = [path.as_posix() for path in chosen_tests(["torch_models.training"])]
    assert "tests/unit/torch_models/test_kill_and_resume.py" in names
    assert "tests/unit/torch_models/test_variational.py" in names, "a fixture gives it the models"
    assert "tests/unit/sparse/test_tensorflow.py" not in names
    assert {path.parts[1] for path in chosen_tests(["sparse", "checks.engine"])} == {
        "checks",
        "unit",
    }


def test_every_mutated_module_is_there_and_drawings_are_not_among_them():
    for module in modules():
        assert (package.ROOT / package.module_path(module)).is_file()
    assert {"sparse", "checks._compare", "torch_models.training"} <= set(modules())
    assert not any(name.startswith("plots") or name == "checks.find_groups" for name in modules())


def test_a_sample_is_drawn_once_and_for_all():
    names = [f"m{k}" for k in range(100)]
    assert drawn(names, 10) == drawn(reversed(names), 20)[:10] != names[:10]
    assert sorted(drawn(names, None)) == sorted(names)


def test_endless_loops_and_crashes_are_noticed_and_what_no_test_reaches_is_not():
    outcomes = ("killed", "timeout", "crashed", "survived", "survived", "no test")
    assert found(*outcomes).score == 0.5
    assert {package.OUTCOMES[status] for status in package.CAUGHT.values()} == set(package.CAUGHT)


def test_a_sample_stands_for_its_module():
    both = {"big": found("killed", mutants=90), "small": found("survived", mutants=10)}
    assert program.score_of(both) == pytest.approx(0.9)
    assert program.table(both).splitlines()[-1].split() == ["all", "100", "2", "1", "90.0%"]


@pytest.mark.parametrize(
    ("outcomes", "status", "line"),
    [
        ({"sparse": found(*["killed"] * 4)}, 0, "✓ enough"),
        (
            {"sparse": found("killed", "survived"), "noise": found(*["killed"] * 4, mutants=996)},
            1,
            "✗ too few noticed in sparse",
        ),
        (
            {"sparse": found(*["killed"] * 92, *["survived"] * 8)},
            1,
            "✗ too few noticed in all modules together",
        ),
    ],
)
def test_program_asks_for_nine_of_ten_everywhere(monkeypatch, capsys, outcomes, status, line):
    monkeypatch.setattr(program, "mutate_package", lambda *arguments, **options: outcomes)
    assert program.main(["sparse"]) == status
    assert line in capsys.readouterr().out


def test_scores_are_stored_and_may_not_fall(monkeypatch, tmp_path, capsys):
    file = tmp_path / "mutants.json"
    monkeypatch.setattr(program, "store", lambda outcomes: scores.store(outcomes, file))
    monkeypatch.setattr(program, "stored_scores", lambda: scores.stored_scores(file))
    better, worse = found(*["killed"] * 20), found(*["killed"] * 19, "survived")
    for outcomes, option, status in (
        ({"sparse": better, "noise": worse}, ["--store"], 0),
        ({"noise": better}, ["--store"], 0),
        ({"sparse": worse}, [], 1),
        ({"sparse": worse}, ["--store"], 1),
        ({"sparse": worse}, [], 0),
    ):
        monkeypatch.setattr(program, "mutate_package", lambda *a, now=outcomes, **options: now)
        assert program.main(["sparse", *option]) == status
    said = "sparse: 95.0% of the mutants are noticed; it was 100.0%"
    assert capsys.readouterr().out.count(said) == 2
    assert scores.stored_scores(file)["noise"].share == 1


def test_a_sample_may_differ_from_all_by_chance():
    before = {"sparse": scores.Score(mutants=100, tried=100, noticed=95)}
    sample = found(*["killed"] * 9, "survived", mutants=100)
    assert scores.fallen({"sparse": sample}, before) == []
    sample = found(*["killed"] * 5, *["survived"] * 5, mutants=100)
    assert scores.fallen({"sparse": sample}, before)


def test_stored_scores_are_high_and_of_modules_that_are_there():
    stored = scores.stored_scores()
    assert set(stored) <= set(modules())
    assert all(score.share >= program.PASSING_SCORE for score in stored.values())


def test_program_shows_what_survived(mutmut, capsys):
    assert program.main(["sparse", "--sample", "4"]) == 1
    printed = capsys.readouterr().out
    assert "course_utils.sparse.x_add__mutmut_4 (survived)" in printed
    assert "    +     return a - b" in printed
    assert "sparse                                   4      4        3    75.0%" in printed
