"""The state folder: the default database, the admin token, and which server runs."""

from __future__ import annotations

import json
import os
import secrets
import string
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

TOKEN_LETTERS = string.ascii_letters + string.digits + "-_"


class StateUnusable(Exception):
    """The state folder or something in it can't be used; the message is one line with the cure."""


@dataclass(frozen=True)
class RunningServer:
    """What `server.json` says: the address, the process id, and the CA file if it speaks TLS."""

    address: str
    pid: int
    ca: str | None = None


def home(environ: Mapping[str, str] = os.environ) -> Path:
    """The state folder, made if need be, readable by its owner only.

    Raises StateUnusable when it can't be made or written.
    """
    folder = _place(environ)
    try:
        if not folder.is_dir():
            folder.mkdir(parents=True, mode=0o700)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(13, "Permission denied")
    except OSError as fault:
        raise StateUnusable(
            f"The state folder {folder} can't be used ({fault.strerror}); "
            "set GRANTLAB_HOME to a folder you may write."
        ) from fault
    return folder


def _place(environ: Mapping[str, str]) -> Path:
    if chosen := environ.get("GRANTLAB_HOME"):
        return Path(chosen).expanduser().absolute()
    import platformdirs

    return platformdirs.user_state_path("grantlab", appauthor=False)


def certificate_authority(environ: Mapping[str, str] = os.environ) -> Path | None:
    """The CA that vouches for this machine's labs; None before the first `--tls`."""
    file = _place(environ) / "ca.pem"
    return file if file.is_file() and os.access(file, os.R_OK) else None


def default_database() -> str:
    """The SQLAlchemy URL of the database in the state folder."""
    return f"sqlite:///{(home() / 'lab.db').as_posix()}"


def admin_token(environ: Mapping[str, str] = os.environ) -> str:
    """The super admin's API token: `GRANTLAB_ADMIN_TOKEN`, else the state folder's, made once.

    Raises StateUnusable when it is empty or can't travel in a header.
    """
    token = environ.get("GRANTLAB_ADMIN_TOKEN")
    if token is not None:
        return _sound(token, "GRANTLAB_ADMIN_TOKEN", "set it to text of visible ASCII characters")
    file = home(environ) / "admin-token"
    try:
        if not file.exists():
            _make_once(file, "00" + "".join(secrets.choice(TOKEN_LETTERS) for _ in range(40)))
        token = file.read_text("ascii", errors="replace").strip()
    except OSError as fault:
        raise StateUnusable(
            f"The admin token in {file} can't be read ({fault.strerror}); "
            "mend its permissions or set GRANTLAB_ADMIN_TOKEN."
        ) from fault
    return _sound(token, f"The admin token in {file}", "remove the file to get a new one")


def _sound(token: str, name: str, cure: str) -> str:
    if not token or any(not "!" <= letter <= "~" for letter in token):
        raise StateUnusable(f"{name} is empty or has characters a header can't carry; {cure}.")
    return token


def write_private(file: Path, text: str) -> None:
    """The file holds the text and only its owner can read it; readers never see half of it."""
    draft = file.with_name(f".{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with open(
        os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
    ) as opened:
        opened.write(text)
    os.replace(draft, file)


def _make_once(file: Path, text: str) -> None:
    draft = file.with_name(f".{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
    write_private(draft, text)
    try:
        # Of two servers that start at once, one link succeeds and both read the same token.
        os.link(draft, file)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def running_server() -> RunningServer | None:
    """The server that `server.json` names, whether or not it still answers."""
    try:
        return RunningServer(**json.loads((home() / "server.json").read_text()))
    except (OSError, ValueError, TypeError):
        return None


def announce(server: RunningServer) -> None:
    """From now on `running_server()` finds this one."""
    write_private(home() / "server.json", json.dumps(asdict(server)) + "\n")


def withdraw(server: RunningServer) -> None:
    """`server.json` no longer names this server; another one's entry stays."""
    if running_server() == server:
        (home() / "server.json").unlink(missing_ok=True)
