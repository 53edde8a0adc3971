"""Every module with a framework is kept out of the process that may hold none."""

from course_utils._frameworks import framework_of, module_names
from tools.check_units import commands


def test_doctests_run_in_the_process_of_their_framework():
    plain, by_framework = commands()
    ignored = [part.partition("=")[2] for part in plain if part.startswith("--ignore=")]
    assert sorted(ignored) == sorted(
        part for command in by_framework.values() for part in command if "course_utils/" in part
    )
    for name in module_names():
        path, framework = name.replace(".", "/"), framework_of(name)
        holding = [
            each for each in ignored if f"{path}/".startswith(f"{each.removesuffix('.py')}/")
        ]
        assert len(holding) == (framework is not None), name
        if framework:
            assert holding[0] in by_framework[framework]
