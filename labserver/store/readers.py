"""Reading outside transactions: kept connections, each lent to one reader at a time."""

from __future__ import annotations

from collections import deque

from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session


class Readers:
    """Connections that begin no transaction; a pool's own checks would double a read's time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._resting: deque[Connection] = deque()

    def take(self) -> Connection:
        """A connection that nobody else has until it is given back."""
        try:
            return self._resting.pop()
        except IndexError:
            return self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")

    def give_back(self, reader: Connection) -> None:
        """The connection may be taken again; all that it found has been read."""
        self._resting.append(reader)

    def close(self) -> None:
        """No connection is open any more."""
        while self._resting:
            self._resting.pop().close()


class ReadingSession(Session):
    """A session that can read without a transaction, until it has begun one."""

    _reader: Connection | None = None

    def reader(self) -> Connection:
        """Where to read: the session's own connection once it has a transaction, else a kept one.

        So what the session has written is seen, and who only reads begins nothing.
        """
        if self.in_transaction():
            return self.connection()
        if self._reader is None:
            self._reader = self.info["database"].readers.take()
        return self._reader

    def close(self) -> None:
        """As any session; what was lent to it is given back."""
        super().close()
        if self._reader is not None:
            self.info["database"].readers.give_back(self._reader)
            self._reader = None
