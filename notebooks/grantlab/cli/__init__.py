"""The command `grantlab`: the lab, the server alone, the lessons, and their care."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from grantlab import lesson_files
from grantlab.cli import authors
from grantlab.cli.options import OneLine, option
from labserver import state


@click.group(invoke_without_command=True, context_settings={"max_content_width": 90})
@click.version_option(package_name="grantlab")
@option("--port", "Port of the lab server; 0 takes any free one.", default=0, type=int)
@option("--jupyter-port", "Port of JupyterLab; 0 takes any free one.", default=0, type=int)
@option(
    "--lessons",
    "Folder to work in. From a source checkout it is the checkout's own; otherwise the lessons "
    "are copied there, and files that you changed stay as they are.",
    type=click.Path(file_okay=False, path_type=Path),
)
@option("--browser/--no-browser", "Open the lessons in a browser.", default=True)
@click.pass_context
def commands(
    context: click.Context, port: int, jupyter_port: int, lessons: Path | None, browser: bool
) -> None:
    """Learn how OAuth really works, on your own machine.

    Without a command, starts the whole lab: an authorization server, and JupyterLab with the
    lessons. It prints the address of both, and Ctrl+C ends both. Nothing leaves this machine.

    Every option can be set in the environment too; the name stands beside it. GRANTLAB_HOME is
    the folder for state (the default database, the admin token), GRANTLAB_ADMIN_TOKEN the super
    admin's API token.
    """
    if context.invoked_subcommand is None:
        from grantlab.cli.launch import LaunchFailed, launch

        try:
            launch(_working_folder(lessons), port, jupyter_port, open_browser=browser)
        except LaunchFailed as fault:
            raise OneLine(str(fault)) from fault


def _working_folder(chosen: Path | None) -> Path:
    checkout = lesson_files.checkout()
    if checkout and chosen is None:
        return checkout
    if chosen is None:
        chosen = Path("grantlab-lessons")
        if sys.stdin.isatty() and not chosen.exists():
            chosen = click.prompt("Folder for the lessons", default=chosen, type=Path)
    authors.copy(chosen)
    return chosen.absolute()


@commands.command()
@option("--host", "Name or address to listen at.", default="127.0.0.1", show_default=True)
@option(
    "--port",
    "Port to listen at; 0 takes any free one.",
    default=8080,
    show_default=True,
    type=click.IntRange(0, 65535),
)
@option(
    "--database",
    "SQLAlchemy URL, such as sqlite:///lab.db. Made if it isn't there.  "
    "[default: lab.db in the state folder]",
)
@option(
    "--world",
    "World file that new orgs are filled from.  [default: the bank of the lessons]",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@option("--base-url", "Root of every issuer.  [default: made from host, port and prefix]")
@option("--url-prefix", "Path under which everything is served, such as /user/x/grantlab.")
@option(
    "--workers",
    "Processes that answer.  [default: 2, on Windows 1]",
    type=click.IntRange(min=1),
)
@option(
    "--tls",
    "Speak https as localhost, with a certificate of the state folder's own CA (ca.pem).",
    is_flag=True,
)
@option(
    "--behind-proxy",
    "Believe the X-Forwarded headers of a proxy in front.",
    is_flag=True,
)
@option(
    "--movable-clock", "Let super admins move their org's clock (POST /lab/clock).", is_flag=True
)
@option(
    "--rate-limits",
    "Enforce the product's rate limits, or only show them.",
    default="off",
    type=click.Choice(["off", "okta"]),
)
@option("--lifetime-code", "Seconds a code lives.", default=300, type=click.IntRange(1, 300))
@option(
    "--lifetime-session", "Seconds an idle session lives.", default=7200, type=click.IntRange(1)
)
@option(
    "--lifetime-session-token",
    "Seconds a session token lives.",
    default=300,
    type=click.IntRange(1),
)
@click.option("--unlisted", is_flag=True, hidden=True)
@click.option("--until-stdin-ends", is_flag=True, hidden=True)
def serve(**options: Any) -> None:
    """Start the server alone.

    Prints one line with the address when it is ready. SIGTERM or Ctrl+C ends it.

    \b
    Examples:
      grantlab serve
      grantlab serve --port 0 --movable-clock
      grantlab serve --host 0.0.0.0 --base-url https://login.example --behind-proxy
    """
    from grantlab.cli.serve import Options, ServeFailed, serve_with

    try:
        serve_with(Options(**options))
    except ServeFailed as fault:
        raise OneLine(str(fault)) from fault


_DATABASE = option(
    "--database", "SQLAlchemy URL of the lab's database.  [default: lab.db in the state folder]"
)
_ORG = option("--org", "Subdomain of the org.  [default: the root org]", default="")


@contextmanager
def _in_one_line() -> Iterator[None]:
    from grantlab.cli.orgs import OrgsFailed

    try:
        yield
    except (OrgsFailed, state.StateUnusable) as fault:
        raise OneLine(str(fault)) from fault


@commands.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@_DATABASE
@_ORG
def snapshot(file: Path, database: str | None, org: str) -> None:
    """Write an org to FILE, whole: all but its log.

    FILE holds secrets and signing keys, so only its owner can read it. The server may run
    meanwhile. In a lesson, `lab.snapshot("FILE")` does the same.
    """
    from grantlab.cli import orgs

    with _in_one_line():
        orgs.snapshot(file, database, org)
    click.echo(f"The org is in {file}; it holds secrets.")


@commands.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@_DATABASE
@option(
    "--org",
    "Subdomain of the org; may be given again for more.  [default: the root org]",
    multiple=True,
)
def restore(file: Path, database: str | None, org: tuple[str, ...]) -> None:
    """Make an org what FILE says, all or nothing.

    FILE is checked as a whole before anything is replaced. The server may run meanwhile, and
    follows at its next request. What was issued since the snapshot is over. Another org than the
    one that FILE was taken of gets its content: apps, people, servers, but no tokens and no keys.

    \b
    Examples:
      grantlab restore monday.json
      grantlab restore master.json --org ada --org bob
    """
    from grantlab.cli import orgs

    with _in_one_line():
        orgs.restore(file, database, org or ("",))
    click.echo(f"Restored: {', '.join(org) or 'the root org'}.")


@commands.command()
@_DATABASE
@_ORG
@option(
    "--world",
    "World file that the org is filled from.  [default: the bank of the lessons]",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
def reset(database: str | None, org: str, world: Path | None) -> None:
    """Make an org what it was when it was made; its address and its own API token stay.

    Everything else in it is lost: take a snapshot before.
    """
    from grantlab.cli import orgs

    with _in_one_line():
        orgs.reset(database, org, world)
    click.echo(f"Reset: {org or 'the root org'}.")


@commands.group()
def new() -> None:
    """Make something new."""


new.add_command(authors.new_lesson)
new.add_command(authors.new_exercise)
commands.add_command(authors.lessons)
commands.add_command(authors.check)


@new.command("org")
@click.argument("name")
def new_org(name: str) -> None:
    """Make an org called NAME on the running lab, which stays until it is deleted.

    Prints its address and, this once, the API token of its super admin.
    """
    from grantlab.finding import LabError, lasting_org

    try:
        made = lasting_org(name)
    except LabError as fault:
        raise OneLine(str(fault)) from fault
    click.echo(made.url)
    click.echo(f"API token, shown this once: {made.token}")


@commands.command()
def doctor() -> None:
    """Say in plain words what works on this machine and what to mend."""
    from grantlab.cli.doctor import diagnose

    findings = diagnose()
    for finding in findings:
        click.echo(f"{'ok ' if finding.cure is None else 'NOT'}  {finding.said}")
        if finding.cure:
            click.echo(f"     {finding.cure}")
    if any(finding.cure for finding in findings):
        raise OneLine("something needs mending; the lines marked NOT say what.")


def main() -> None:
    """Run the command; a fault of the input is one line on stderr and a status other than 0."""
    try:
        status = commands.main(prog_name="grantlab", standalone_mode=False)
    except click.UsageError as fault:
        where = fault.ctx.command_path if fault.ctx else "grantlab"
        _end(f"{fault.format_message()} (see `{where} --help`)", fault.exit_code)
    except click.ClickException as fault:
        _end(fault.format_message(), fault.exit_code)
    except click.Abort:
        _end("stopped.", 130)
    sys.exit(status or 0)


def _end(message: str, status: int) -> None:
    click.echo(f"grantlab: {' '.join(message.split())}", err=True)
    sys.exit(status)
