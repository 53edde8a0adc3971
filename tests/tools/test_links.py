"""A notebook is put in, moved or given another title by one rename and one command."""

import re
import shutil

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell, new_notebook

from tools import links
from tools.course import ROOT
from tools.notebook_lint import lint
from tools.stored import to_json

LINK = re.compile(r"\]\((?!https?:)([^)#\s]+\.ipynb)")


@pytest.fixture
def course(tmp_path):
    """Copy what links and is linked."""
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks")
    for path in links.documents(ROOT):
        target = tmp_path / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    return tmp_path


def write(path, *cells):
    notebook = new_notebook(cells=[new_markdown_cell(text) for text in cells])
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
    path.write_text(to_json(notebook), encoding="utf-8")


def prose(path):
    return "\n".join(
        cell.source
        for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "markdown"
    )


def run(folder, *options):
    return links.main([*options, "--root", str(folder)])


def dead_links(folder):
    """Links of notebooks and documents to notebooks that are not there."""
    texts = {path: prose(path) for path in folder.glob("notebooks/*.ipynb")}
    texts |= {path: path.read_text(encoding="utf-8") for path in links.documents(folder)}
    return [
        f"{path.name}: {target}"
        for path, text in texts.items()
        for target in LINK.findall(text)
        if not (path.parent / target).exists()
    ]


def test_the_links_of_the_course_are_written():
    assert list(links.rewritten(ROOT)) == []


@pytest.mark.slow
def test_a_moved_notebook_takes_every_link_along(course, capsys):
    (ladder,) = course.glob("notebooks/*_recommender_ladder.ipynb")
    (svd,) = course.glob("notebooks/*_compare_svd_and_autoencoder.ipynb")
    ladder.rename(course / "notebooks/99_recommender_ladder.ipynb")
    svd.rename(course / "notebooks/98_compare_svd_and_autoencoder.ipynb")
    assert dead_links(course)
    assert run(course, "--check") == 1
    assert "✗ README.md: links are out of date" in capsys.readouterr().out

    assert run(course) == 0

    assert dead_links(course) == []
    assert run(course, "--check") == 0
    readme = (course / "README.md").read_text(encoding="utf-8")
    assert "](notebooks/98_compare_svd_and_autoencoder.ipynb) |" in readme
    assert readme.count(svd.name) == 0
    last = prose(course / "notebooks/98_compare_svd_and_autoencoder.ipynb").splitlines()[-1]
    assert last.endswith("[99 Climb the recommender ladder →](99_recommender_ladder.ipynb)")
    broken = [p for path in course.glob("notebooks/*.ipynb") for p in lint(path)]
    assert [problem for problem in broken if problem.rule in ("links", "written-links")] == []


def test_a_new_notebook_is_linked_by_its_neighbours_and_by_both_maps(course):
    opening = (
        "# Go on\n\n**What you'll do.** Walk, e.g. far. Then run.\n\n**What you'll need.** Shoes, "
        "and [this](07_autoencode_digits.ipynb).\n\n**Time.** About 35 minutes; run time 5 s."
    )
    write(course / "notebooks/97_go_on.ipynb", opening, "## References\n\n- None.")
    before, *_ = sorted(course.glob("notebooks/*.ipynb"))[-2:]
    assert run(course) == 0
    (digits,) = course.glob("notebooks/*_autoencode_digits.ipynb")
    row = f"[97 Go on]({{}}97_go_on.ipynb) | Walk, e.g. far. | 35 | {digits.name[:2]} |"
    assert row.format("notebooks/") in (course / "README.md").read_text(encoding="utf-8")
    assert row.format("") in prose(course / "notebooks/00_start_here.ipynb")
    assert prose(before).endswith(" · [97 Go on →](97_go_on.ipynb)")
    text = prose(course / "notebooks/97_go_on.ipynb")
    assert re.search(rf"- None.\n\n\[← [^\n]*\]\({before.name}\)\Z", text)


def test_a_new_title_stands_everywhere(course):
    (digits,) = course.glob("notebooks/*_autoencode_digits.ipynb")
    paths = sorted(course.glob("notebooks/*.ipynb"))
    text = digits.read_text(encoding="utf-8").replace("# Autoencode digits", "# Squeeze digits", 1)
    digits.write_text(text, encoding="utf-8")
    run(course)
    name = f"[{digits.name[:2]} Squeeze digits]"
    assert name in (course / "README.md").read_text(encoding="utf-8")
    assert name in prose(course / "notebooks/00_start_here.ipynb")
    assert name.replace("[", "[← ") in prose(paths[paths.index(digits) + 1])


@pytest.mark.slow
def test_outputs_and_code_stay(course):
    paths = sorted(course.glob("notebooks/*.ipynb"))
    before = [
        [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
        for path in paths
    ]
    paths[-1].rename(paths[-1].with_name("99_" + paths[-1].name[3:]))
    run(course)
    after = [
        [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
        for path in sorted(course.glob("notebooks/*.ipynb"))
    ]
    assert after == before


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("00_another.ipynb", "00_another.ipynb and 00_start_here.ipynb have the same number"),
        ("98_start_here.ipynb", "00_start_here.ipynb and 98_start_here.ipynb have the same topic"),
    ],
)
def test_two_notebooks_in_one_place_are_refused(course, capsys, name, message):
    write(course / "notebooks" / name, "# Another")
    assert run(course) == 2
    assert message in capsys.readouterr().err


def test_a_route_through_no_notebook_is_refused(course, capsys):
    (digits,) = course.glob("notebooks/*_autoencode_digits.ipynb")
    digits.rename(digits.with_name("07_squeeze_digits.ipynb"))
    assert run(course) == 2
    assert "name 'autoencode_digits', which is no topic" in capsys.readouterr().err


def test_every_notebook_tells_minutes_and_task():
    for page in links.pages(ROOT / "notebooks"):
        assert page.task.endswith("."), page.path.name
        assert page.minutes > 0, page.path.name
        assert page.topic not in page.needs, page.path.name


def test_a_notebook_asks_three_questions_on_those_that_it_needs(course):
    pages = links.pages(course / "notebooks")
    for page in pages[1:]:
        asked = links.questions_before(page.topic, pages)
        assert len(asked) == len(set(asked)) == 3
        before = {other.topic for other in pages if other.number < page.number}
        assert {question.topic for question in asked} <= (set(page.needs) & before or before)
    assert links.questions_before(pages[0].topic, pages) == []
    same_needs = [page.topic for page in pages if page.needs == ["autoencode_digits"]]
    first, second = (links.questions_before(topic, pages) for topic in same_needs[:2])
    assert first != second


def test_questions_are_written_once(course):
    pages = links.pages(course / "notebooks")
    once = links.with_questions("# Title", pages[3].topic, pages)
    assert once.startswith("# Title\n\n<!-- recall -->")
    assert once.endswith("<!-- end of recall -->")
    assert links.with_questions(once, pages[3].topic, pages) == once
    assert links.with_questions(once, pages[0].topic, pages) == "# Title"
