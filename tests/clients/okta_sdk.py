"""Okta's management SDK, unmodified, and each of its calls waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from okta.client import Client
from okta.pagination import paginate_all


class Failed(Exception):
    """A call's error, as the SDK tells it; `challenge` of the response beside it."""

    def __init__(self, error: Any, response: Any) -> None:
        super().__init__(str(error))
        self.status: int = error.status
        self.code: str = error.error_code
        self.challenge: str | None = response and response.headers.get("WWW-Authenticate")


class Sdk:
    """The SDK for one org. Its methods are the SDK's own; each gives the models of its answer.

    A method raises `Failed` for a refusal, and when the SDK took an answer for a success without
    data although one was due (`nothing`: the call whose success has none).
    """

    def __init__(self, org_url: str, **options: Any) -> None:
        self.runner = asyncio.Runner()
        self.client = Client({"orgUrl": org_url} | options)

    def close(self) -> None:
        """The event loop has ended."""
        self.runner.close()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **named: Any) -> Any:
            found = self.answer(name, *args, **named)[0]
            assert found is not None, f"{name} gave nothing"
            return found

        return call

    def answer(self, name: str, *args: Any, **named: Any) -> tuple[Any, Any]:
        """What a method of the SDK gives: the models, and the response around them."""
        data, response, error = self.runner.run(getattr(self.client, name)(*args, **named))
        if error is not None:
            raise Failed(error, response)
        return data, response

    def nothing(self, name: str, *args: Any, **named: Any) -> None:
        """A method of the SDK has succeeded, and there is nothing to give."""
        data, response = self.answer(name, *args, **named)
        assert (data, response.status_code) == (None, 204)

    def every(self, name: str, limit: int, **named: Any) -> list[Any]:
        """All that a list holds, through its pages, by the SDK's own way of following them."""

        async def collect() -> list[Any]:
            return [each async for each in paginate_all(getattr(self.client, name), limit, **named)]

        return self.runner.run(collect())
