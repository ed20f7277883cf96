"""French is complete, and what is compiled is what stands in the catalogue."""

import ast
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from django.conf import settings
from django.utils.translation.template import templatize

FOLDER = Path(settings.LOCALE_PATHS[0]) / "fr" / "LC_MESSAGES"
ROOT = Path(settings.BASE_DIR)
APPS = ("billing_seats", "invitations", "members", "workspace_admin")
CALLS = {"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy"}
IN_TEMPLATE = re.compile(r"""gettext\(u?('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""")
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")


@pytest.fixture(scope="module")
def french() -> Catalog:
    return read_po(BytesIO((FOLDER / "django.po").read_bytes()))


def _forms(text) -> tuple[str, ...]:
    return tuple(text) if isinstance(text, list | tuple) else (text,)


def _named(message: Message) -> str:
    return _forms(message.id)[0]


def test_every_text_is_translated(french):
    assert [_named(message) for message in french if message.id and not all(_forms(message.string))] == []


def test_no_translation_is_a_guess(french):
    assert [_named(message) for message in french if message.id and message.fuzzy] == []


def test_placeholders_are_those_of_the_original(french):
    """A placeholder that nobody fills raises while a page is made."""
    wrong = [
        _named(message)
        for message in french
        for form in _forms(message.string)
        if message.id and not _placeholders(form) <= _placeholders(*_forms(message.id))
    ]
    assert wrong == []


def test_the_compiled_catalogue_is_of_this_source(french):
    with (FOLDER / "django.mo").open("rb") as file:
        compiled = {_named(message): _forms(message.string) for message in read_mo(file) if message.id}
    assert compiled == {_named(message): _forms(message.string) for message in french if message.id}


def test_every_text_of_the_code_is_in_the_catalogue(french):
    known = {_named(message) for message in french}
    assert sorted({*_texts_of_python(), *_texts_of_templates()} - known) == []


def _texts_of_python() -> Iterator[str]:
    for path in (path for app in APPS for path in (ROOT / app).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS and node.args:
                text = node.args[0]
                if isinstance(text, ast.Constant) and isinstance(text.value, str):
                    yield text.value


def _texts_of_templates() -> Iterator[str]:
    for path in (*(ROOT / "templates").rglob("*.html"), *(ROOT / "templates").rglob("*.txt")):
        for text in IN_TEMPLATE.findall(templatize(path.read_text(), origin=str(path))):
            yield ast.literal_eval(text)


def _placeholders(*texts: str) -> set[str]:
    return {name for text in texts for name in PLACEHOLDER.findall(text)}
