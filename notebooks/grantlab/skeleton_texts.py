"""What a new lesson and a new exercise begin with; `<name>` stands for what is filled in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cell:
    """One cell of a lesson; the tag is the name of the exercise that is answered there."""

    kind: str
    id: str
    source: str
    tag: str = ""


MODULE = '''
"""Exercises of lesson <number>: <about>."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from grantlab.exercises import Exercise, ShortCut, WrongAnswer
'''

PART = '''
# <name>


def judge_<variable>(answer: Any) -> Iterator[str]:
    """Say everything that isn't right yet, in the learner's words, and never the answer itself."""
    if not isinstance(answer, int) or isinstance(answer, bool):
        yield "A status is a whole number."
    elif answer == 403:
        yield "403 would mean that the API knows who you are."
    elif answer == 200:
        yield "200 would mean that it let you in."
    elif answer == 404:
        yield "404 would mean that there is nothing at this address."
    elif answer != 401:
        yield f"The API doesn't answer {answer}."


<variable> = Exercise(
    "<name>",
    "An API doesn't know who you are. Which status does it answer? A number.",
    judge_<variable>,
    [
        "Look at the first answer in the recording.",
        "It isn't about what you may do: the API asks who you are.",
        "Its name is Unauthorized, and it is the first one above 400.",
    ],
    """
answer = 401
show(<variable>.check(answer))
""",
    wrong_answers=[
        WrongAnswer(403, "403 would mean that the API knows who you are."),
        WrongAnswer(200, "200 would mean that it let you in."),
        WrongAnswer(404, "404 would mean that there is nothing at this address."),
    ],
    short_cuts=[
        ShortCut([401, 403], "every likely status at once"),
    ],
)
'''

CELLS = (
    Cell(
        "markdown",
        "title",
        """
# <number> · <title>

**When you are through**, you can say what an API answers to somebody \
it doesn't know, and to a token that somebody has changed. **10 minutes.** \
You need lesson 00 before it.
""",
    ),
    Cell("markdown", "start-the-lab", "## Start the lab"),
    Cell(
        "code",
        "setup",
        """
from grantlab import Lab, Recording, predict, show

lab = Lab.start()
recording = Recording()
""",
    ),
    Cell(
        "markdown",
        "who-talks-to-whom",
        """
## Who talks to whom

```mermaid
sequenceDiagram
    accTitle: Who talks to whom in this lesson
    accDescr: Your app asks the authorization server for a token and shows it to \
the Sync API, which lets it in or refuses it.
    participant App as Your app
    participant AS as Authorization server
    participant API as Sync API
    App->>AS: My id and my secret
    AS-->>App: An access token
    App->>API: The token
    API-->>App: The data, or a refusal
```
""",
    ),
    Cell("markdown", "do-it", "## Do it\n\nFirst without any token."),
    Cell(
        "code",
        "call-without-a-token",
        """
api = lab.api("sync", recording)
app = recording.client("Your app")

app.get(api.url)
show(recording, lab=lab)
""",
    ),
    Cell("markdown", "look", "## Look at it\n\nWhy did it say no? And then with a token:"),
    Cell("code", "show-reasons", "show(lab.reasons(recording[-1]))"),
    Cell(
        "code",
        "call-with-a-token",
        """
server, job = lab.server("Sync"), lab.app("Nightly Job")
answer = app.post(
    f"{server.issuer}/v1/token",
    auth=(job.client_id, job.client_secret),
    data={"grant_type": "client_credentials", "scope": "sync:read"},
)
token = answer.json()["access_token"]

app.get(api.url, headers={"Authorization": f"Bearer {token}"}).status_code
""",
    ),
    Cell(
        "markdown",
        "predict",
        "## Predict first\n\nWe write another subject into the token, and keep its signature.",
    ),
    Cell(
        "code",
        "my-guess",
        """
guess = predict(
    "What does the API answer to the changed token?",
    {"200": "It reads the token, and all it needs is there.", "401": "It doesn't believe it."},
)
show(guess)
""",
    ),
    Cell(
        "code",
        "change-the-token",
        """
from grantlab.tokens import tamper

changed = tamper(token, sub="somebody-else").token
bearer = {"Authorization": f"Bearer {changed}"}
answer = app.get(api.url, headers=bearer)

why = "The signature was made over the old text, so it doesn't fit the new one."
show(guess.answer(str(answer.status_code), why))
""",
    ),
    Cell(
        "markdown",
        "break-it",
        "## Break it\n\nSuppose that somebody forgot to check the signature. The attack works:",
    ),
    Cell(
        "code",
        "attack",
        """
api.checks.signature = False

assert app.get(api.url, headers=bearer).status_code == 200
""",
    ),
    Cell("markdown", "the-fix", "The fix is the check, and the same attack is refused:"),
    Cell(
        "code",
        "attack-refused",
        """
api.checks.signature = True

assert app.get(api.url, headers=bearer).status_code == 401
show(recording, lab=lab)
""",
    ),
    Cell(
        "markdown",
        "remember",
        """
## Remember

- No token, or one that isn't believed: **401**, with a challenge that says how to come back.
- A token is a text that anybody can write. Its **signature** tells who did.

**Written where**: the challenge, [RFC 6750 §3](https://www.rfc-editor.org/rfc/rfc6750#section-3).
""",
    ),
    Cell(
        "markdown",
        "for-trainers",
        """
<details><summary>For trainers</summary>

**Two questions for the room**: Which of your APIs checks signatures, and how do you \
know? Who would notice if it stopped?

**The usual stumbling stone**: 401 and 403 are mixed up. 401 asks who you are.

**When late**: skip *Look at it*; keep *Predict first*.

</details>
""",
    ),
)
