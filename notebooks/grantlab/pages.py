"""A web page as a person meets it: its title, words, links and forms."""

from __future__ import annotations

from dataclasses import dataclass
from html.parser import HTMLParser

from grantlab.reading import join_url

_UNSEEN = {"script", "style", "template", "title"}
_VOID = {"br", "hr", "img", "input", "link", "meta", "source", "wbr"}
_INSIDE_A_LINE = {"a", "b", "code", "em", "i", "kbd", "small", "span", "strong"}


@dataclass(frozen=True)
class Link:
    """Words that lead somewhere."""

    text: str
    url: str


@dataclass(frozen=True)
class Button:
    """A button of a form; pressing it adds its own name and value, and may send elsewhere."""

    text: str
    name: str
    value: str
    action: str | None


@dataclass(frozen=True)
class Form:
    """What a form would send, as it stands on the page, and where to.

    `hidden` are the fields that nobody sees, `passwords` those that show dots.
    """

    action: str
    method: str
    fields: dict[str, str]
    hidden: tuple[str, ...]
    buttons: tuple[Button, ...]
    passwords: tuple[str, ...] = ()


@dataclass(frozen=True)
class Page:
    """A page taken apart; addresses are absolute.

    `text` is what its main part says (everything, when none is marked), `alert` what it
    announces as a problem, `facts` its list of terms (`dt`) and what it says of each (`dd`).
    What is drawn only, and hidden from screen readers, is no part of any of them.
    """

    title: str
    text: str
    alert: str
    facts: dict[str, str]
    forms: tuple[Form, ...]
    links: tuple[Link, ...]

    def form_with(self, *names: str) -> Form | None:
        """The first form that has all of these inputs."""
        return next((form for form in self.forms if set(names) <= form.fields.keys()), None)

    def sign_in_form(self) -> tuple[Form, str, str] | None:
        """The first form with a name and a password to fill in, and what it calls the two."""
        for form in self.forms:
            seen = [name for name in form.fields if name not in form.hidden]
            names = [name for name in seen if name not in form.passwords]
            if names and form.passwords:
                return form, names[0], form.passwords[0]
        return None

    def button(self, text: str) -> tuple[Form, Button] | None:
        """The button with these words, and its form; the two kinds of apostrophe are one."""
        wanted = _plain(text)
        found = ((form, button) for form in self.forms for button in form.buttons)
        return next((pair for pair in found if _plain(pair[1].text) == wanted), None)


def read_page(url: str, html: str) -> Page:
    """Take the HTML of this address apart; broken HTML gives what can be read of it."""
    reader = _Reader(url)
    reader.feed(html)
    reader.close()
    return Page(
        title=_joined(reader.title),
        text=_joined(reader.main or reader.text),
        alert=_joined(reader.alert),
        facts={_joined(term): _joined(words) for term, words in reader.facts},
        forms=tuple(form.finished() for form in reader.forms),
        links=tuple(Link(_joined(words), address) for words, address in reader.links),
    )


@dataclass
class _OpenButton:
    words: list[str]
    name: str
    value: str
    action: str | None


class _OpenForm:
    def __init__(self, action: str, method: str) -> None:
        self.action, self.method = action, method
        self.fields: dict[str, str] = {}
        self.hidden: list[str] = []
        self.passwords: list[str] = []
        self.buttons: list[_OpenButton] = []

    def finished(self) -> Form:
        buttons = (
            Button(_joined(button.words), button.name, button.value, button.action)
            for button in self.buttons
        )
        return Form(
            self.action,
            self.method,
            self.fields,
            tuple(self.hidden),
            tuple(buttons),
            tuple(self.passwords),
        )


class _Reader(HTMLParser):
    def __init__(self, url: str) -> None:
        super().__init__(convert_charrefs=True)
        self.url = url
        self.title: list[str] = []
        self.text: list[str] = []
        self.main: list[str] = []
        self.alert: list[str] = []
        self.facts: list[tuple[list[str], list[str]]] = []
        self.forms: list[_OpenForm] = []
        self.links: list[tuple[list[str], str]] = []
        self._form: _OpenForm | None = None
        self._button: _OpenButton | None = None
        self._link: list[str] | None = None
        self._fact: list[str] | None = None
        self._inside: list[str] = []
        self._in_main = False
        # The open elements from an alert, or from what is drawn only, down to here.
        self._in_alert: list[str] = []
        self._in_hidden: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._break_line(tag)
        if tag not in _VOID and (self._in_alert or given.get("role") == "alert"):
            self._in_alert.append(tag)
        if tag not in _VOID and (self._in_hidden or given.get("aria-hidden") == "true"):
            self._in_hidden.append(tag)
        if tag in _UNSEEN:
            self._inside.append(tag)
        elif tag == "main":
            self._in_main = True
        elif tag == "dt":
            self.facts.append(([], []))
            self._fact = self.facts[-1][0]
        elif tag == "dd" and self.facts:
            self._fact = self.facts[-1][1]
        elif tag == "form":
            action = join_url(self.url, given.get("action", ""))
            self._form = _OpenForm(action, given.get("method", "get").upper())
            self.forms.append(self._form)
        elif tag == "a" and "href" in given:
            self._link = []
            self.links.append((self._link, join_url(self.url, given["href"])))
        elif tag in ("input", "button") and self._form is not None:
            self._control(tag, given, self._form)

    def handle_endtag(self, tag: str) -> None:
        self._break_line(tag)
        for inside in (self._in_alert, self._in_hidden):
            if tag in inside:
                while inside.pop() != tag:
                    pass
        if tag in _UNSEEN and tag in self._inside:
            self._inside.remove(tag)
        elif tag == "main":
            self._in_main = False
        elif tag in ("dt", "dd"):
            self._fact = None
        elif tag == "form":
            self._form = None
        elif tag == "button":
            self._button = None
        elif tag == "a":
            self._link = None

    def handle_data(self, data: str) -> None:
        if self._in_hidden:
            return
        if "title" in self._inside:
            self.title.append(data)
        elif not self._inside:
            self._say(data)
            if self._button is not None:
                self._button.words.append(data)
            if self._link is not None:
                self._link.append(data)

    def _break_line(self, tag: str) -> None:
        if tag not in _INSIDE_A_LINE:
            self._say(" ")

    def _say(self, words: str) -> None:
        self.text.append(words)
        if self._in_main:
            self.main.append(words)
        if self._in_alert:
            self.alert.append(words)
        if self._fact is not None:
            self._fact.append(words)

    def _control(self, tag: str, given: dict[str, str], form: _OpenForm) -> None:
        kind = given.get("type", "submit" if tag == "button" else "text").lower()
        name, value = given.get("name", ""), given.get("value", "")
        if kind == "submit":
            target = given.get("formaction")
            action = None if target is None else join_url(self.url, target)
            button = _OpenButton([] if tag == "button" else [value], name, value, action)
            form.buttons.append(button)
            self._button = button if tag == "button" else None
        elif kind in ("checkbox", "radio"):
            if name and "checked" in given:
                form.fields[name] = value or "on"
        elif name and tag == "input" and kind not in ("button", "reset", "image", "file"):
            form.fields[name] = value
            if kind == "hidden":
                form.hidden.append(name)
            elif kind == "password":
                form.passwords.append(name)


def _joined(words: list[str]) -> str:
    return " ".join("".join(words).split())


def _plain(text: str) -> str:
    return text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").casefold()
