"""The developer's mailbox."""

import resource
from pathlib import Path

import pytest
from django.core.mail import EmailMultiAlternatives
from django.test import Client
from django.urls import include, path

from workspace_admin import urls
from workspace_admin.devserver.mailbox import EmailBackend

urlpatterns = [*urls.urlpatterns, path("dev/mailbox/", include("workspace_admin.devserver.mailbox"))]
pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]

_LINK = "http://localhost:8000/join/abc/"


@pytest.fixture
def name(settings, tmp_path: Path) -> str:
    """Return the name of the one message in the mailbox."""
    settings.DATA_DIR = tmp_path
    settings.DEBUG = True
    mail = EmailMultiAlternatives("Join <Acme>", f"Open {_LINK} to join.", "no-reply@localhost", ["zoe@new.example"])
    mail.attach_alternative(f'<html><head></head><body><a href="{_LINK}">Join</a></body></html>', "text/html")
    assert EmailBackend(folder=str(tmp_path / "mailbox")).send_messages([mail]) == 1
    (file,) = (tmp_path / "mailbox").iterdir()
    assert file.suffix == ".eml"
    return file.stem


def test_a_disk_without_room_keeps_no_piece_of_a_message(tmp_path: Path) -> None:
    backend = EmailBackend(folder=str(tmp_path))
    mail = EmailMultiAlternatives("Long", "x" * 100_000, "no-reply@localhost", ["zoe@new.example"])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(OSError, match="too large"):
            backend.send_messages([mail])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []
    assert backend.send_messages([mail]) == 1
    assert [path.suffix for path in tmp_path.iterdir()] == [".eml"]


def test_the_list_leads_to_the_message(client: Client, name: str) -> None:
    page = client.get("/dev/mailbox/")
    assert "Join &lt;Acme&gt;" in page.text
    assert f"/dev/mailbox/{name}/" in page.text


def test_an_empty_mailbox_says_so(client: Client, settings, tmp_path: Path) -> None:
    settings.DEBUG, settings.DATA_DIR = True, tmp_path
    assert "No mail yet" in client.get("/dev/mailbox/").text


def test_links_of_the_text_part_can_be_clicked(client: Client, name: str) -> None:
    assert f'href="{_LINK}"' in client.get(f"/dev/mailbox/{name}/").text


def test_the_html_part_is_framed_without_scripts(client: Client, name: str) -> None:
    answer = client.get(f"/dev/mailbox/{name}/body/")
    assert '<base target="_top">' in answer.text
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert "sandbox" in answer["Content-Security-Policy"]
    assert answer["X-Frame-Options"] == "SAMEORIGIN"


@pytest.mark.parametrize("place", ["", "{name}/", "{name}/body/"])
def test_nobody_elsewhere_and_nothing_but_debug_sees_it(client: Client, name: str, place: str, settings) -> None:
    address = "/dev/mailbox/" + place.format(name=name)
    assert client.get(address).status_code == 200
    assert client.get(address, REMOTE_ADDR="192.0.2.7").status_code == 404
    settings.DEBUG = False
    assert client.get(address).status_code == 404


def test_no_name_leads_out_of_the_folder(client: Client, name: str) -> None:
    assert client.get("/dev/mailbox/..%2F..%2Fsecret/").status_code == 404
