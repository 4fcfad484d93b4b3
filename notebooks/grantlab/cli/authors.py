"""Commands for people who give, check and make lessons."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from grantlab import lesson_files
from grantlab.cli.options import OneLine, option
from grantlab.findings import Finding


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--from",
    "source",
    help="Copy your own lessons, with their exercises' modules, from this folder.",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
)
@click.option(
    "--without-solutions/--with-solutions",
    default=None,
    help="For a room: FOLDER shows no solutions, or shows them again. Said once, it stays so.",
)
def lessons(folder: Path, source: Path | None, without_solutions: bool | None) -> None:
    """Copy the lessons to FOLDER; files that you changed stay as they are.

    Without solutions, the last hint ends with “Your trainer has the solution”, and no file in
    FOLDER holds one. That keeps them from people who look around, not from people who search:
    the solutions of Grantlab's own lessons are part of Grantlab, and whoever can read its Python
    files finds them. The checks, too, know what is right. So it serves a class, not an exam.

    \b
    Examples:
      grantlab lessons monday
      grantlab lessons monday --without-solutions
      grantlab lessons monday --from my-lessons --without-solutions
    """
    copy(folder, source, without_solutions)


def copy(folder: Path, source: Path | None = None, without_solutions: bool | None = None) -> None:
    """The lessons are in the folder, and what was done is said. Raises OneLine."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if without_solutions is not None:
            lesson_files.keep_solutions(folder, without_solutions)
        copied = lesson_files.copy_lessons(folder, source)
    except OSError as fault:
        raise OneLine(
            f"The lessons can't be copied to {folder} ({fault.strerror}); choose another folder."
        ) from fault
    except SyntaxError as fault:
        raise OneLine(f"A module in {source} isn't Python: {fault}.") from fault
    click.echo(f"{len(copied.written)} lessons copied to {folder}, {len(copied.same)} were there.")
    for name in copied.kept:
        click.echo(f"Left as you changed it: {folder / name}")
    if lesson_files.solutions_kept(folder):
        click.echo("They come without solutions.")


@click.command()
@click.argument("files", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--fix", is_flag=True, help="Clean what a program can clean, before.")
@click.option(
    "--run",
    is_flag=True,
    help="Also run each lesson, some seconds each: no cell stops, no exercise is attempted as "
    "given, and every solution passes.",
)
@option(
    "--world",
    "With --run: the world file that the lessons' orgs are filled from.",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
def check(files: tuple[Path, ...], fix: bool, run: bool, world: Path | None) -> None:
    """Judge lessons, their exercises, hints and short cuts, and say how to mend each finding.

    FILES are lessons, or folders of lessons; without any, all of Grantlab's own. What is judged is
    what the project's own tests judge: clean files, the frame of a lesson, and of each exercise one
    cell with its name as a tag, three hints, wrong answers that the check answers with a reason of
    their own, short cuts that don't pass.

    \b
    Examples:
      grantlab check my-lessons/30_tokens.ipynb
      grantlab check my-lessons --run
    """
    from grantlab.notebook_rules import NotANotebook

    try:
        judged = _lessons_of(files)
        found = _judged(judged, fix)
        found += _run(judged, world) if run and not found else []
    except NotANotebook as fault:
        raise OneLine(str(fault)) from fault
    for finding in found:
        click.echo(str(finding))
    if found:
        rest = " Mend these first; then --run." if run else ""
        raise OneLine(f"{len(found)} {'finding' if len(found) == 1 else 'findings'}.{rest}")
    sound = f"{len(judged)} lessons are sound" if len(judged) != 1 else "1 lesson is sound"
    click.echo(f"{sound}, and every solution passes." if run else f"{sound}.")


def _lessons_of(files: Iterable[Path]) -> list[Path]:
    found: list[Path] = []
    for file in files or (lesson_files.bundled(),):
        inside = lesson_files.lessons_in(file) if file.is_dir() else [file]
        if not inside:
            raise OneLine(f"{file} has no lessons; their names begin with two digits and `_`.")
        found += inside
    return found


def _judged(files: list[Path], fix: bool) -> list[Finding]:
    from grantlab import judging, notebook_rules

    found: list[Finding] = []
    for file in files:
        if fix:
            notebook_rules.fix(file)
        found += judging.judge_lesson(file)
    return found + judging.judge_names(files)


def _run(files: list[Path], world: Path | None) -> list[Finding]:
    from grantlab.running import a_server, run_lesson

    found: list[Finding] = []
    try:
        with a_server(world) as server:
            for file in files:
                click.echo(f"Running {file} …", err=True)
                found += run_lesson(file, server)
    except RuntimeError as fault:
        raise OneLine(str(fault)) from fault
    return found


@click.command("lesson")
@click.argument("name")
@click.option(
    "--folder",
    default=Path(),
    help="Where to make it.  [default: here]",
    type=click.Path(file_okay=False, path_type=Path),
)
def new_lesson(name: str, folder: Path) -> None:
    """Make a lesson called NAME, with one exercise: complete, sound, and yours to write over.

    It gets the next free number from 30, unless NAME begins with one. The exercise is in a module
    beside it, which a notebook in the same folder finds by itself.

    \b
    Example:
      grantlab new lesson "Tokens of ours" --folder my-lessons
    """
    from grantlab.skeletons import SkeletonRefused, new_lesson

    try:
        made = new_lesson(name, folder)
    except (SkeletonRefused, OSError) as fault:
        raise OneLine(str(fault)) from fault
    click.echo(f"The lesson: {made.lesson}")
    click.echo(f"Its exercises: {made.module}")
    click.echo(f"Then: grantlab check {made.lesson} --run")


@click.command("exercise")
@click.argument("name")
@click.option(
    "--lesson",
    required=True,
    help="The lesson's file.",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
def new_exercise(name: str, lesson: Path) -> None:
    """Add an exercise called NAME to a lesson: sound, and yours to write over.

    It comes into the module of the lesson's exercises, and into two cells before *Remember*.

    \b
    Example:
      grantlab new exercise which-scope --lesson my-lessons/30_tokens_of_ours.ipynb
    """
    from grantlab.notebook_rules import NotANotebook
    from grantlab.skeletons import SkeletonRefused, new_exercise

    try:
        made = new_exercise(name, lesson)
    except (SkeletonRefused, NotANotebook, OSError) as fault:
        raise OneLine(str(fault)) from fault
    except Exception as fault:  # whatever the lesson's own code raises
        raise OneLine(f"The exercises of {lesson} can't be read: {fault}.") from fault
    click.echo(f"The exercise: {made.module}")
    click.echo(f"Its cells, before Remember: {made.lesson}")
    click.echo(f"Then: grantlab check {made.lesson} --run")
