"""A trainer's work on the command line: making a lesson, judging it, giving it to a room."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from grantlab import lesson_files, skeletons
from grantlab.cli import commands
from grantlab.exercises import Exercise, exercises_for, exercises_of
from grantlab.lesson_files import bundled, lessons_in, without_solution_texts
from grantlab.notebook_rules import written
from grantlab.views.exercise import exercise_panel


def grantlab(*arguments: object) -> Result:
    return CliRunner().invoke(commands, [str(each) for each in arguments])


@pytest.fixture
def lesson(tmp_path: Path) -> Path:
    """A trainer's lesson with two exercises, in a folder outside of the project."""
    made = grantlab("new", "lesson", "Tokens of ours", "--folder", tmp_path / "mine")
    assert made.exit_code == 0, made.output
    (file,) = lessons_in(tmp_path / "mine")
    added = grantlab("new", "exercise", "Second try", "--lesson", file)
    assert added.exit_code == 0, added.output
    return file


def module(lesson: Path) -> Path:
    return lesson.with_name(f"lesson_{lesson.name[:2]}.py")


def rewrite(file: Path, before: str, after: str) -> None:
    source = file.read_text()
    assert before in source
    file.write_text(source.replace(before, after, 1))


def cells(lesson: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(lesson.read_text())["cells"]
    return found


def rewrite_cell(lesson: Path, cell: str, source: str) -> None:
    notebook = json.loads(lesson.read_text())
    next(each for each in notebook["cells"] if each["id"] == cell)["source"] = [source]
    lesson.write_text(written(notebook))


# Making


def test_a_new_lesson_with_a_second_exercise_is_sound_and_runs(lesson: Path) -> None:
    judged = grantlab("check", lesson, "--run")

    assert judged.exit_code == 0, judged.output
    assert judged.output.endswith("1 lesson is sound, and every solution passes.\n")
    assert lesson.name == "30_tokens_of_ours.ipynb"
    assert list(exercises_for(lesson)) == ["tokens-of-ours-status", "second-try"]
    assert [path.name for path in lesson.parent.iterdir() if path.suffix == ".json"] == []


def test_the_next_lesson_gets_the_next_number_and_a_number_may_be_chosen(lesson: Path) -> None:
    grantlab("new", "lesson", "Another", "--folder", lesson.parent)
    grantlab("new", "lesson", "50 Chosen", "--folder", lesson.parent)

    names = [file.name for file in lessons_in(lesson.parent)]
    assert names == ["30_tokens_of_ours.ipynb", "31_another.ipynb", "50_chosen.ipynb"]
    assert grantlab("check", lesson.parent).exit_code == 0


def test_nothing_is_written_over(lesson: Path) -> None:
    before = lesson.read_bytes(), module(lesson).read_bytes()

    for arguments in (
        ("lesson", "30 Other", "--folder", lesson.parent),
        ("lesson", "?!", "--folder", lesson.parent),
        ("exercise", "second-try", "--lesson", lesson),
        ("exercise", "?", "--lesson", lesson),
    ):
        assert grantlab("new", *arguments).exit_code == 1

    assert (lesson.read_bytes(), module(lesson).read_bytes()) == before


def test_an_exercise_stands_before_what_to_remember_and_finds_its_imports(lesson: Path) -> None:
    module(lesson).unlink()

    made = grantlab("new", "exercise", "third", "--lesson", lesson)

    assert made.exit_code == 0, made.output
    ids = [cell["id"] for cell in cells(lesson)]
    assert ids[ids.index("remember") - 2 : ids.index("remember")] == ["ask-third", "try-third"]
    module(lesson).write_text('"""Nothing yet."""\n')
    grantlab("new", "exercise", "fourth", "--lesson", lesson)
    assert list(exercises_for(lesson)) == ["fourth"]


def test_the_kits_own_module_is_not_written_for_a_copy_of_its_lesson(tmp_path: Path) -> None:
    original = lessons_in(bundled())[0]
    copy = tmp_path / original.name
    copy.write_bytes(original.read_bytes())

    refused = grantlab("new", "exercise", "mine", "--lesson", copy)

    assert refused.exit_code == 1
    assert "make a lesson of yours" in refused.output
    assert copy.read_bytes() == original.read_bytes()


def test_in_a_checkout_the_exercises_of_a_kit_lesson_go_where_the_others_are(
    lesson: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module(lesson).unlink()
    (tmp_path / "kit" / "lessons").mkdir(parents=True)
    monkeypatch.setattr(skeletons, "checkout", lambda: lesson.parent)
    monkeypatch.setattr(skeletons, "HERE", tmp_path / "kit")

    made = grantlab("new", "exercise", "mine", "--lesson", lesson)

    assert made.exit_code == 0, made.output
    assert "mine = Exercise(" in (tmp_path / "kit" / "lessons" / "lesson_30.py").read_text()
    assert "from grantlab.lessons.lesson_30 import mine" in lesson.read_text()


# Judging: a lesson broken in five ways, and what a trainer reads


def test_a_wrong_answer_that_the_check_lets_pass_is_told_with_its_cure(lesson: Path) -> None:
    rewrite(module(lesson), "elif answer == 403:", "elif answer == 999:")

    judged = grantlab("check", lesson)

    assert judged.exit_code == 1
    assert (
        f"{lesson}: exercise tokens-of-ours-status: wrong answer 1 (403) gets another reason than "
        "its own: “The API doesn't answer 403.”.\n"
        "    Make the check yield “403 would mean that the API knows who you are.” for it.\n"
    ) in judged.output


def test_a_short_cut_that_passes_is_told_with_its_cure(lesson: Path) -> None:
    rewrite(module(lesson), "if not isinstance(answer, int) or", "if answer == [401, 403]:\n        return\n    if not isinstance(answer, int) or")  # fmt: skip # noqa: E501

    judged = grantlab("check", lesson)

    assert "a short cut (every likely status at once): passed.\n    Make the check see" in (
        judged.output
    )


def test_a_missing_hint_and_a_lost_tag_are_told_with_their_cures(lesson: Path) -> None:
    rewrite(module(lesson), '        "Look at the first answer in the recording.",\n', "")
    rewrite(lesson, '"second-try"\n', '"second-tri"\n')

    judged = grantlab("check", lesson)

    assert "exercise tokens-of-ours-status: 2 different hints, not 3.\n    Write three" in (
        judged.output
    )
    assert "the tag second-tri, and no exercise is called that" in judged.output
    assert "Tag the one cell in which people answer with second-try." in judged.output
    assert "Error: 3 findings." in judged.output


def test_what_only_a_run_can_tell_is_told_when_it_runs(lesson: Path) -> None:
    rewrite(module(lesson), "answer = 401\n", "answer = 418\n")
    rewrite_cell(lesson, "try-second-try", "answer = 401\nshow(second_try.check(answer))")

    static, run = grantlab("check", lesson), grantlab("check", lesson, "--run")

    assert static.exit_code == 0
    assert "exercise tokens-of-ours-status: its solution doesn't pass: " in run.output
    assert "The API doesn't answer 418." in run.output
    assert "exercise second-try: as given it is not “not attempted”: " in run.output
    assert "As it is given, the cell must leave the answer open" in run.output


def test_a_cell_that_stops_the_lesson_is_told_with_what_it_said(lesson: Path) -> None:
    rewrite_cell(lesson, "show-reasons", "show(lab.reasons(recording[17]))")

    run = grantlab("check", lesson, "--run")

    assert "(show-reasons): it stops with IndexError" in run.output
    assert "Mend the cell: run from its beginning, a lesson never stops." in run.output


def test_a_lesson_is_run_only_when_all_else_is_sound(lesson: Path) -> None:
    rewrite_cell(lesson, "for-trainers", "The end.")

    judged = grantlab("check", lesson, "--run")

    assert "no trainer's notes at the end" in judged.output
    assert "Error: 1 finding. Mend these first; then --run." in judged.output


def test_cleaning_comes_before_judging(lesson: Path) -> None:
    notebook = json.loads(lesson.read_text())
    notebook["cells"][2] |= {"execution_count": 3, "metadata": {"trusted": True}}
    lesson.write_text(json.dumps(notebook))

    before, fixed = grantlab("check", lesson), grantlab("check", lesson, "--fix")

    assert "an execution count.\n    Run `grantlab check --fix`" in before.output
    assert "metadata other than tags: trusted" in before.output
    assert fixed.exit_code == 0


def test_what_is_no_lesson_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "30_x.ipynb").write_text("{")

    assert "can't be read as a notebook" in grantlab("check", tmp_path / "30_x.ipynb").output
    (tmp_path / "30_x.ipynb").unlink()
    assert "has no lessons" in grantlab("check", tmp_path).output


# A room


@pytest.fixture
def in_the_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a room without solutions, as the working folder."""
    room = tmp_path / "room"
    copied = grantlab("lessons", room, "--without-solutions")
    assert "They come without solutions." in copied.output
    monkeypatch.chdir(room)
    return room


def every_hint(exercise: Exercise) -> str:
    return "\n".join(exercise.hint().text for _ in range(4))


def test_in_a_room_no_exercise_shows_its_solution(in_the_room: Path) -> None:
    for one in exercises_of("00").values():
        shown = one.show_solution(), exercise_panel(one).html, every_hint(one)

        assert "Your trainer has the solution." in repr(shown[0])
        assert "Your trainer has the solution." in shown[1]
        assert one.solution not in "".join(map(str, shown))
        assert "show_solution" not in shown[2]


def test_no_file_of_a_room_holds_a_solution(in_the_room: Path) -> None:
    files = "\n".join(path.read_text() for path in in_the_room.iterdir())

    for lesson in lessons_in(bundled()):
        assert [one.name for one in exercises_for(lesson).values() if one.solution in files] == []


def test_a_room_stays_one_until_it_is_said_otherwise(in_the_room: Path) -> None:
    grantlab("lessons", in_the_room)
    after_a_copy = lesson_files.solutions_kept(in_the_room)
    grantlab("lessons", in_the_room, "--with-solutions")

    assert after_a_copy
    assert not lesson_files.solutions_kept(in_the_room)
    assert exercises_of("00")["first-answer"].show_solution().is_code


def test_a_trainers_own_lesson_goes_into_the_room_without_its_solutions(
    lesson: Path, in_the_room: Path
) -> None:
    copied = grantlab("lessons", in_the_room, "--from", lesson.parent)

    assert copied.exit_code == 0, copied.output
    text = module(in_the_room / lesson.name).read_text()
    assert "answer = 401" not in text
    assert text.count('    "",\n') == 2
    for one in exercises_for(in_the_room / lesson.name).values():
        assert one.judge(401).passed
        assert "Your trainer has the solution." in repr(one.show_solution())
    assert "answer = 401" in module(lesson).read_text()


def test_with_solutions_a_trainers_own_lesson_is_copied_as_it_is(
    lesson: Path, tmp_path: Path
) -> None:
    grantlab("lessons", tmp_path / "theirs", "--from", lesson.parent)

    names = {path.name for path in (tmp_path / "theirs").iterdir()}
    assert names == {lesson.name, module(lesson).name, lesson_files.MANIFEST}
    assert module(tmp_path / "theirs" / lesson.name).read_bytes() == module(lesson).read_bytes()


@pytest.mark.parametrize(
    ("arguments", "left"),
    [
        ('"a", "ü?", f, [], """\nx = 1\n""", typed=True', '"a", "ü?", f, [], "", typed=True'),
        ('"a", "?", f, solution=f"{1}", hints=[]', '"a", "?", f, solution="", hints=[]'),
        ('"a", "?", f, [], ONE + TWO', '"a", "?", f, [], ""'),
        ('"a", "?"', '"a", "?"'),
    ],
)
def test_only_the_text_of_the_solution_is_taken_out(arguments: str, left: str) -> None:
    source = f"x, y = Exercise({arguments}), Exercise({arguments})\nz = Wrong({arguments})"

    shown = without_solution_texts(source)

    assert shown == f"x, y = Exercise({left}), Exercise({left})\nz = Wrong({arguments})"
