"""Questions are sound, their numbers are computed, and they can be asked, read and imported."""

import dataclasses
import datetime
import importlib.resources
import re
import tomllib
import types
from html.parser import HTMLParser

import learners
import numpy as np
import pytest
import scipy.sparse as sp
from learners import cell, save
from scipy.stats import zscore

from course_utils import embeddings, factorization, metrics, work
from course_utils.checks import (
    autoencode_digits,
    autoencode_interactions,
    choose_the_width,
    draw_from_a_code,
    find_groups,
    find_similar_films,
    map_digits_with_tsne,
    recommend_unrated_films,
    recommender_ladder,
)
from course_utils.work import __main__ as program
from course_utils.work import recall
from course_utils.work._record import note
from course_utils.work.recall import Choice, Question, _asking

QUESTIONS = recall.questions()
PLACES = recall.places(work.course_folder())
ids = [question.key for question in QUESTIONS]


# ---- what is asked ------------------------------------------------------------------------------


@pytest.mark.parametrize("question", QUESTIONS, ids=ids)
def test_a_question_is_whole(question):
    assert (question.topic, question.cell) in PLACES, "the cell has gone"
    choices = [question.right, *question.wrong]
    assert 3 <= len(choices) <= 6
    texts = [choice.text for choice in choices]
    assert len(set(texts)) == len(texts)
    for text in [question.ask, *(choice.because for choice in choices)]:
        assert text[-1] in ".?…:!", text
        assert len(text) <= 260
        assert text.count("`") % 2 == 0
        assert not re.search(r"\b(all|none) of the above\b", text.lower())


def test_there_are_five_for_each_notebook_and_no_name_twice():
    counts = {
        topic: ids_of.count(topic) for ids_of in [[q.topic for q in QUESTIONS]] for topic in ids_of
    }
    assert {number for number in counts.values()} == {5}
    assert len(set(ids)) == len(ids)


def lookup_of_near_zero():
    weights = sp.csr_array([[1.0, -0.99]])
    table = np.eye(2)
    mean = embeddings.sparse_embedding_lookup(weights, table, combiner="mean")
    return float(np.linalg.norm(mean) / np.linalg.norm(weights @ table))


def one_dead_of_two():
    """Count all 4 + 4 signs instead of using the formula."""
    signs = np.array(np.meshgrid(*[[-1, 1]] * 8)).reshape(2, 4, -1)
    return float(np.mean((signs < 0).all(axis=1).any(axis=0)))


def distance_of_standardised():
    """Standardise four codes and take the squared distance of the first and the last."""
    scaled = zscore([[0, 0], [2, 0], [0, 10], [2, 10]])
    return float(np.sum((scaled[0] - scaled[-1]) ** 2))


def parts_of_a_loss():
    x, y = np.array([0, 0, 3, 0]), np.array([1, 0, 2, 1])
    return float(np.mean((x - y) ** 2))


ENLARGED = np.pad(np.array([[0, 5, 0, 8], [2, 0, 0, 0], [0, 0, 3, 1]]), [(0, 2), (0, 1)])
TARGETS, ANSWERS = np.array([np.nan, 2, 5]), np.array([3, 4, 1])
WIDE = sp.coo_array(([1, 2, 3, 4, 5], ([0, 0, 1, 2, 2], [1, 3, 0, 2, 999_999])), (3, 1_000_000))

# Each number that is the right answer, computed.
COMPUTED = {
    "start_here.share": lambda: np.mean(ENLARGED == 0),
    "align_and_index.row-splits": lambda: (
        sp.csr_array(([1] * 4, [0, 0, 1, 2], np.cumsum([0, 1, 0, 3])), (3, 3)).indptr
    ),
    "align_and_index.coo-cost": lambda: WIDE.row.size + WIDE.col.size + WIDE.data.size,
    "align_and_index.indptr": lambda: sp.csr_array((4, 7)).indptr.size,
    "embed_categories.shared": lambda: np.zeros((10, 4)).size + np.zeros((4, 2)).size + 2,
    "look_up_sparse_embeddings.near-zero": lookup_of_near_zero,
    "look_up_sparse_embeddings.short": lambda: 32 - 1,
    "autoencode_sparse_rows.parts": parts_of_a_loss,
    "compare_svd_and_autoencoder.rank-one": lambda: factorization.rank_k_rmse(
        np.diag([3.0, 2.0]), 1
    ),
    "missing_is_not_zero.masked": lambda: np.nanmean((TARGETS - ANSWERS) ** 2),
    "autoencode_digits.parameters": autoencode_digits.predict_parameters.answer,
    "codes_in_two_dimensions.dead": one_dead_of_two,
    "map_digits_with_tsne.perplexity": map_digits_with_tsne.predict_perplexity.answer,
    "denoise_digits.psnr": lambda: -10 * np.log10(np.mean([0.2**2, 0])),
    "codes_as_features.distance": distance_of_standardised,
    "codes_as_features.labels": lambda: 100 + 1000,
    "draw_from_a_code.divergence": draw_from_a_code.predict_divergence.answer,
    "autoencode_interactions.density": autoencode_interactions.predict_density.answer,
    "choose_the_width.zeros": choose_the_width.predict_all_zeros.answer,
    "find_groups.inertia": find_groups.predict_inertia.answer,
    "find_groups.p-value": lambda: np.mean(np.array([6.0, 1, 2, 3, 4, 5]) >= 6),
    "find_similar_films.cosine": find_similar_films.predict_cosine.answer,
    "recommender_ladder.ndcg": recommender_ladder.predict_ndcg.answer,
    "recommend_unrated_films.bag": recommend_unrated_films.predict_bag.answer,
    "recommender_ladder.recall": lambda: len({1, 2, 3} & set(range(10))) / 10,
    "examine_the_exam.sampled": lambda: metrics.sampled_recall(8, 10, 1, 1),
    "examine_the_exam.people": lambda: 200 * 0.02**2 / 0.01**2,
    "scale_past_one_machine.means": lambda: np.mean([5.0, 2, 2, 2]),
    "scale_past_one_machine.shares": lambda: np.average([1.5, 6], weights=[2, 1]),
}


def number_in(text):
    return re.fullmatch(r"\[?[-−]?\d[\d., −]*\]?", text)


def test_every_numeric_answer_is_computed():
    numeric = {f"{q.topic}.{q.name}": q for q in QUESTIONS if number_in(q.right.text)}
    asked = set(numeric) - {"embed_categories.adam"}  # a list of rows, shown in the notebook
    assert asked == set(COMPUTED)
    for name in asked:
        said = np.array(re.findall(r"[\d.]+", numeric[name].right.text), dtype=float)
        computed = np.ravel(COMPUTED[name]())
        np.testing.assert_allclose(said, computed, rtol=6e-3, err_msg=name)
        for choice in numeric[name].wrong:
            if number_in(choice.text):
                other = np.array(re.findall(r"[\d.]+", choice.text), dtype=float)
                assert other.shape != computed.shape or not np.allclose(other, computed, rtol=6e-3)


# ---- how it is asked ----------------------------------------------------------------------------

FIRST = Question("a", "one", "c1", "1 + 1 = ?", Choice("2", "Yes."), (Choice("11", "No, text."),))
SECOND = Question("b", "two", "c2", "`x{}` ~ y?", Choice("b", "So."), (Choice("c", "Not so."),))


@pytest.fixture
def place(tmp_path):
    found = learners.folders(tmp_path)
    save(found.course / "00_a.ipynb", [cell("t", "# Add"), cell("c1", "## 1. Sum")])
    save(found.course / "01_b.ipynb", [cell("t", "# Braces"), cell("c2", "text")])
    work.start(found.work, course=found.course)
    return found


def test_wrong_ones_come_first_then_new_ones_then_the_oldest():
    asked = [Question("t", str(n), "", "?", Choice("", ""), ()) for n in range(6)]
    verdicts = [
        work.Verdict("recall:t.0", "right", "2026-01-02"),
        work.Verdict("recall:t.1", "right", "2026-01-01"),
        work.Verdict("recall:t.2", "wrong", "2026-01-03"),
        work.Verdict("recall:t.3", "wrong", "2026-01-03"),
        work.Verdict("recall:t.3", "right", "2026-01-04"),
    ]
    names = [question.name for question in recall.choose(asked, verdicts, 6)]
    assert (names[0], set(names[1:3]), names[3:]) == ("2", {"4", "5"}, ["1", "0", "3"])
    assert len(recall.choose(asked, verdicts, 2)) == 2


def test_choices_are_in_an_order_that_tells_nothing():
    first = [recall.shuffled(q).index(q.right) for q in QUESTIONS]
    assert {0, 1, 2} <= set(first)
    assert max(first.count(spot) for spot in set(first)) < 0.6 * len(first)
    assert recall.shuffled(FIRST, 3) == recall.shuffled(FIRST, 3)


def test_answers_are_judged_explained_and_remembered(place, capsys, monkeypatch):
    monkeypatch.delenv("COURSE_PROGRESS", raising=False)
    places = recall.places(place.course)
    letter = {}

    def read(prompt):
        said = capsys.readouterr().out
        for question, good in ((FIRST, True), (SECOND, False)):
            if question.ask in said:
                wanted = question.right.text if good else question.wrong[0].text
                letter["given"] = re.search(rf"^  (\w)  {wanted}$", said, re.M)[1]
        answers.append(said)
        return "z" if len(answers) == 1 else letter["given"].upper()

    answers = []
    assert recall.ask([FIRST, SECOND], places, place.work, read=read) == 1
    said = "".join(answers) + capsys.readouterr().out
    for part in ("✓ Yes.", "✗ Not so.", "So.", "→ 00 Add, 1. Sum", "→ 01 Braces"):
        assert part in said
    found = {entry.exercise: entry.verdict for entry in work.read_record(place.work)}
    assert found == {"recall:a.one": "right", "recall:b.two": "wrong"}
    assert recall.ask([FIRST, SECOND], places, place.work, read=lambda _: "") == 0


def test_topics_are_those_named_those_before_or_those_begun(place, monkeypatch):
    folders = (place.course, place.work)
    assert recall.topics(*folders) == ["a", "b"]
    assert recall.topics(*folders, ["01"]) == ["b"]
    assert recall.topics(*folders, [], "b") == ["a"]
    monkeypatch.delenv("COURSE_PROGRESS", raising=False)
    note(place.work, "b.exercise", "wrong")
    assert recall.topics(*folders) == ["b"]
    with pytest.raises(ValueError, match="no notebook called '07'; there are a, b"):
        recall.topics(*folders, ["07"])


class Page(HTMLParser):
    """Collect tags, links and texts."""

    def __init__(self):
        super().__init__()
        self.tags, self.links, self.text = [], [], ""

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data):
        self.text += data


def test_the_page_has_every_question_and_no_script():
    text = recall.as_page(QUESTIONS, PLACES)
    page = Page()
    page.feed(text)
    assert not {"script", "link", "img", "iframe"} & set(page.tags)
    assert "http" not in text.replace("https://www.w3.org", "")
    assert page.tags.count("h3") == len(QUESTIONS)
    assert page.tags.count("details") == sum(1 + len(q.wrong) for q in QUESTIONS)
    names = {path.name for path in work.course_folder().glob("*.ipynb")}
    assert all(link.partition("#cell-id=")[0] in names for link in page.links)
    for question in QUESTIONS:
        without_emphasis = re.sub(r"(?<![\s*])\*|\*(?![\s*])", "", question.ask)
        assert without_emphasis.replace("`", "") in page.text


def read_gift(text):
    """Read GIFT as its description says, independently of what writes it."""
    found = {}
    for block in text.split("\n\n"):
        if block.startswith("::"):
            head, body = re.fullmatch(r"(.*?)(?<!\\)\{\n(.*)\n\}\n?", block, re.S).groups()
            _, title, ask = re.split(r"(?<!\\)::", head)
            answers = [
                (line[0], *[re.sub(r"\\(.)", r"\1", p) for p in re.split(r"(?<!\\)#", line[1:])])
                for line in body.split("\n")
            ]
            found[title] = (
                re.sub(r"\\(.)", r"\1", ask.removeprefix("[markdown]")).strip(),
                answers,
            )
    return found


def test_moodle_reads_what_was_written():
    found = read_gift(recall.as_gift([*QUESTIONS, SECOND], PLACES))
    assert len(found) == len(QUESTIONS) + 1
    for question in [*QUESTIONS, SECOND]:
        ask, answers = found[f"{question.topic}.{question.name}"]
        assert ask == question.ask
        assert answers == [
            ("=" if choice is question.right else "~", choice.text, choice.because)
            for choice in [question.right, *question.wrong]
        ]


def test_the_command_line_writes_both_and_asks(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COURSE_WORK", str(tmp_path / "work"))
    page, gift = tmp_path / "page.html", tmp_path / "moodle.gift"
    assert program.main(["recall", "--page", str(page), "--gift", str(gift)]) == 0
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert gift.read_text(encoding="utf-8").startswith("$CATEGORY: ")
    monkeypatch.setattr("builtins.input", lambda _: "")
    assert program.main(["recall", "00", "--number", "1"]) == 0
    assert "1 of 1." in capsys.readouterr().out


def test_questions_for_a_cell_open_one_by_one_and_lead_to_headings():
    by_heading = recall.places(work.course_folder(), by_heading=True)
    text = recall.as_details(QUESTIONS[:3], by_heading)
    assert text.count("<details>") == sum(1 + len(q.wrong) for q in QUESTIONS[:3])
    assert text.count("<p>✓ ") == 3
    for question in QUESTIONS[:3]:
        address, where = by_heading[question.topic, question.cell]
        assert f"<b>{question.ask}</b> ([{where}]({address}))" in text
        assert not {" ", "`"} & set(address)
        assert "cell-id" not in address


# ---- one thing at a time ------------------------------------------------------------------------

WAYS = {("a", "c1"): ("00_a.ipynb#cell-id=c1", "00 Add, 1. Sum")}
THREE = Question(
    "a", "three", "c1", "Which?", Choice("r", "Right."), (Choice("w", "Wrong."), Choice("v", "No."))
)


def test_questions_are_those_of_the_files_in_their_order():
    folder = importlib.resources.files("course_utils.work.recall")
    for topic in ("align_and_index", "start_here"):
        text = (folder / f"{topic}.toml").read_bytes().decode("utf-8")
        expected = [
            Question(
                topic,
                entry["name"],
                entry["cell"],
                entry["ask"],
                Choice(*entry["right"]),
                tuple(Choice(text, because) for text, because in entry["wrong"]),
            )
            for entry in tomllib.loads(text)["question"]
        ]
        assert recall.questions([topic]) == expected
        assert [each for each in QUESTIONS if each.topic == topic] == expected
    both = recall.questions({"start_here", "align_and_index", "gone"})
    assert [each.topic for each in both] == ["align_and_index"] * 5 + ["start_here"] * 5
    topics = [each.topic for each in QUESTIONS]
    assert topics == sorted(topics)
    assert FIRST.key == "recall:a.one"


def test_the_order_of_choices_depends_on_the_question_and_the_seed():
    orders = {str(recall.shuffled(THREE, seed)) for seed in range(20)}
    assert len(orders) == 6
    assert recall.shuffled(THREE) == recall.shuffled(THREE, "")
    others = [dataclasses.replace(THREE, name=str(number)) for number in range(50)]
    assert len({str(recall.shuffled(each)) for each in others}) == 6


def test_a_place_is_a_cell_or_the_heading_above_it(place):
    save(place.course / "02_c.ipynb", [cell("t", "text"), cell("c", "## `x` of all\n# Code x")])
    assert recall.places(place.course, ["a", "c"]) == {
        ("a", "t"): ("00_a.ipynb#cell-id=t", "00 Add"),
        ("a", "c1"): ("00_a.ipynb#cell-id=c1", "00 Add, 1. Sum"),
        ("c", "t"): ("02_c.ipynb#cell-id=t", "02 Code x"),
        ("c", "c"): ("02_c.ipynb#cell-id=c", "02 Code x, `x` of all"),
    }
    assert recall.places(place.course, ["c"], by_heading=True) == {
        ("c", "t"): ("02_c.ipynb", "02 Code x"),
        ("c", "c"): ("02_c.ipynb#x-of-all", "02 Code x, `x` of all"),
    }
    assert set(recall.places(place.course)) == {
        *(("a", "t"), ("a", "c1"), ("b", "t"), ("b", "c2"), ("c", "t"), ("c", "c"))
    }


def test_what_comes_before_and_what_was_begun_and_what_is_not_there(place, monkeypatch):
    save(place.course / "02_c.ipynb", [cell("t", "# Code")])
    folders = (place.course, place.work)
    assert recall.topics(*folders, ["c", "00"]) == ["a", "c"]
    assert recall.topics(*folders, ["c"], "b") == ["c"]
    assert recall.topics(*folders, before="02") == recall.topics(*folders, before="c") == ["a", "b"]
    assert recall.topics(*folders, before="00") == []
    for arguments in (["d"], None), ([], "d"), (["a"], "d"):
        with pytest.raises(ValueError, match="no notebook") as error:
            recall.topics(*folders, *[each for each in arguments if each is not None])
        assert str(error.value) == "no notebook called 'd'; there are a, b, c"
    monkeypatch.delenv("COURSE_PROGRESS", raising=False)
    note(place.work, "recall:a.one", "right")
    assert recall.topics(*folders) == ["a", "b", "c"]  # an answer to a question begins nothing
    note(place.work, "c.x.y", "wrong")
    assert recall.topics(*folders) == ["c"]


def test_what_is_due_alike_is_mixed_by_the_seed():
    asked = [Question("t", str(n), "", "?", Choice("", ""), ()) for n in range(6)]
    given = list(asked)
    orders = {str([q.name for q in recall.choose(asked, [], 6, seed)]) for seed in range(9)}
    assert len(orders) > 6
    assert recall.choose(asked, [], 6) == recall.choose(asked, [], 6, 0)
    assert asked == given
    last = [work.Verdict("recall:t.0", "wrong", "2"), work.Verdict("recall:t.1", "wrong", "1")]
    assert [q.name for q in recall.choose(asked, last, 2)] == ["1", "0"]


@pytest.fixture
def typed(place, monkeypatch, capsys):
    """Ask on a day that stays the same, and return what was printed and counted."""
    monkeypatch.delenv("COURSE_PROGRESS", raising=False)
    day = datetime.date(2026, 1, 2)
    monkeypatch.setattr(
        _asking, "datetime", types.SimpleNamespace(date=types.SimpleNamespace(today=lambda: day))
    )

    def ask(questions, *answers, **options):
        left = iter(answers)

        def read(prompt):
            print(prompt, end="")
            answer = next(left)
            if isinstance(answer, type):
                raise answer
            return answer

        right = recall.ask(questions, WAYS, place.work, read=read, **options)
        return capsys.readouterr().out, right

    ask.day = day
    return ask


def test_all_that_is_said_of_one_question(typed, place):
    choices = recall.shuffled(THREE, typed.day)
    letters = dict(zip([choice.text for choice in choices], "abc", strict=True))
    question = "\n1 of 1. Which?\n\n" + "".join(
        f"  {letter}  {choice.text}\n" for letter, choice in zip("abc", choices, strict=True)
    )
    prompt = "\nYour answer (a–c, Enter to stop): "
    assert typed([THREE], f" {letters['r'].upper()} ") == (
        f"{question}{prompt}\n✓ Right.\n  → 00 Add, 1. Sum\n",
        1,
    )
    assert typed([THREE], "d", "ab", "abc", letters["v"]) == (
        f"{question}{prompt * 4}\n✗ No.\n  Right is {letters['r']}: Right.\n  → 00 Add, 1. Sum\n",
        0,
    )
    found = [(entry.exercise, entry.verdict) for entry in work.read_record(place.work)]
    assert found == [("recall:a.three", "right"), ("recall:a.three", "wrong")]


@pytest.mark.parametrize("end", ["", "  ", EOFError, KeyboardInterrupt])
def test_nothing_or_the_end_of_the_input_ends_it(typed, end):
    questions = [dataclasses.replace(THREE, name=str(number)) for number in range(3)]
    first = recall.choose(questions, [], 3, typed.day)[0]
    right = "abc"[recall.shuffled(first, typed.day).index(first.right)]
    said, count = typed(questions, right, end)
    assert count == 1
    assert "2 of 3" in said
    assert "3 of 3" not in said


def test_each_day_has_an_order_of_its_own(place, monkeypatch, capsys):
    questions = [dataclasses.replace(THREE, name=str(number), ask=str(number)) for number in "123"]
    for number in range(1, 9):
        day = datetime.date(2026, 1, number)
        today = types.SimpleNamespace(date=types.SimpleNamespace(today=lambda day=day: day))
        monkeypatch.setattr(_asking, "datetime", today)
        recall.ask(questions, WAYS, place.work, read=lambda _: "")
        first = recall.choose(questions, [], 3, day)[0]
        choices = "".join(
            f"  {letter}  {choice.text}\n"
            for letter, choice in zip("abc", recall.shuffled(first, day), strict=True)
        )
        assert capsys.readouterr().out == f"\n1 of 3. {first.ask}\n\n{choices}"


def test_five_are_asked_unless_told_otherwise(typed):
    questions = [dataclasses.replace(THREE, name=str(number)) for number in range(7)]
    assert "5 of 5. " in typed(questions, *"aaaaa")[0]
    assert "2 of 2. " in typed(questions, *"aa", number=2)[0]


def test_an_answer_is_read_from_the_terminal(place, monkeypatch, capsys):
    prompts = []
    monkeypatch.setattr("builtins.input", lambda prompt: prompts.append(prompt) or "")
    assert recall.ask([FIRST], {}, place.work) == 0
    assert prompts == ["\nYour answer (a–b, Enter to stop): "]


CODE = Question(
    "b", "code", "gone", '`a<b` & "c"?', Choice("`x`", "`y`."), (Choice("{z}", "a:b ~ #."),)
)
ADDRESSES = {("a", "c1"): ('01_a.ipynb#"x"', "01 A & B, 1. <Sum>"), ("b", "c2"): ("00_b", "00 B")}


def test_a_page_stands_in_the_order_of_the_course_and_means_what_was_written():
    answers = {}
    for question, right in ((SECOND, "✓ So."), (THREE, "✓ Right."), (CODE, "✓ <code>y</code>.")):
        answers[question.name] = "\n".join(
            f"<details><summary>{choice.text}</summary><p>✗ {choice.because}</p></details>"
            if choice is not question.right
            else f"<details><summary>{choice.text.replace('`x`', '<code>x</code>')}</summary>"
            f"<p>{right}</p></details>"
            for choice in recall.shuffled(question)
        )
    body = recall.as_page([THREE, SECOND, CODE], ADDRESSES).partition("why.</p>\n")[2]
    assert body == (
        "<h2>b</h2>\n"
        '<h3><code>a&lt;b</code> &amp; "c"?</h3>\n'
        f"{answers['code']}\n"
        '<p>Look it up: <a href="">b</a></p>\n'
        "<h2>00 B</h2>\n"
        "<h3><code>x{}</code> ~ y?</h3>\n"
        f"{answers['two']}\n"
        '<p>Look it up: <a href="00_b">00 B</a></p>\n'
        "<h2>01 A &amp; B</h2>\n"
        "<h3>Which?</h3>\n"
        f"{answers['three']}\n"
        '<p>Look it up: <a href="01_a.ipynb#&quot;x&quot;">01 A &amp; B, 1. &lt;Sum&gt;</a></p>\n'
        "</body>\n</html>\n"
    )


def test_emphasis_is_written_as_html_where_markdown_is_not_read():
    wrong = Choice("`2 * a * b`", "No *such thing*, and 2 * 3 is 6.")
    asked = dataclasses.replace(CODE, ask="What does `x ** 2` *not* say?", wrong=(wrong,))
    page = recall.as_page([asked], {})
    assert "<h3>What does <code>x ** 2</code> <em>not</em> say?</h3>" in page
    assert "<summary><code>2 * a * b</code></summary>" in page
    assert "<p>✗ No <em>such thing</em>, and 2 * 3 is 6.</p>" in page


def test_questions_of_one_notebook_share_a_heading_and_a_category():
    found = [THREE, dataclasses.replace(THREE, name="four", ask="And?")]
    assert recall.as_page(found, WAYS).count("<h2>") == 1
    gift = recall.as_gift([*found, CODE], WAYS)
    assert gift == (
        "$CATEGORY: From sparse matrices to latent codes/b\n\n"
        '::b.code::[markdown]`a<b` & "c"? {\n=`x`#`y`.\n~\\{z\\}#a\\:b \\~ \\#.\n}\n\n'
        "$CATEGORY: From sparse matrices to latent codes/00 Add\n\n"
        "::a.three::[markdown]Which? {\n=r#Right.\n~w#Wrong.\n~v#No.\n}\n\n"
        "::a.four::[markdown]And? {\n=r#Right.\n~w#Wrong.\n~v#No.\n}\n"
    )


def test_details_follow_each_other_as_paragraphs():
    def answers(question):
        return "\n".join(
            f"<details><summary>{choice.text}</summary><p>{mark} {choice.because}</p></details>"
            for choice in recall.shuffled(question)
            for mark in ["✓" if choice is question.right else "✗"]
        )

    assert recall.as_details([THREE, SECOND], WAYS) == (
        "<b>Which?</b> ([00 Add, 1. Sum](00_a.ipynb#cell-id=c1))\n\n"
        f"{answers(THREE)}\n\n"
        "<b>`x{}` ~ y?</b> ([b]())\n\n"
        f"{answers(SECOND)}"
    )


def test_a_topic_stands_for_a_cell_that_has_gone():
    lost = dataclasses.replace(THREE, topic="two_words")
    assert recall.as_details([lost], {}).startswith("<b>Which?</b> ([two words]())\n")
