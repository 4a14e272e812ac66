"""Messages leave by real servers on loopback: SMTP, with and without TLS, an HTTP gateway, Apprise."""

from __future__ import annotations

import contextlib
import ssl
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from flask_cancellations import ConfigError
from flask_cancellations.delivery import sms
from flask_cancellations.delivery.channels import mail_channel, sms_channel
from flask_cancellations.delivery.letter import Letter
from flask_cancellations.delivery.mail import Sender
from flask_cancellations.errors import DeliveryFailed

from .loopback import Gateway, write_certificate
from .servers import CaughtMail, SmtpCatcher, _AnyPortController, free_port

SENDER = Sender("Слънчева клиника", "desk@clinic.example")
LETTER = Letter(
    uid="5f0c7a3e-7a39-4a0c-9d52-0f4a4b9a1c11",
    address="maria@example.com",
    language="bg",
    subject="Вашият час на сряда, 2 декември 2026 г., 15:05 е отменен",
    text="Здравейте, Мария,\n\nтаксата е 20,00 EUR.\n",
    html="<!doctype html>\n<p>Здравейте, Мария &amp; Иван</p>\n",
    at_us=1_796_198_700_000_000,  # 2026-12-02 08:05 UTC
)
SMS = replace(LETTER, address="+359888123412", subject="", html="", text="Вашият час е отменен.")


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway().serving() as serving:
        yield serving


# -- e-mail --------------------------------------------------------------------------------------------------------


def sent(catcher: SmtpCatcher, letter: Letter, sender: Sender = SENDER) -> CaughtMail:
    mail_channel(catcher.url, sender).send(letter)
    return catcher.mails[-1]


def unix(part: Any) -> str:
    return str(part.get_content()).replace("\r\n", "\n")


def test_an_email_has_both_parts_and_says_who_writes(smtp_catcher: SmtpCatcher) -> None:
    mail = sent(smtp_catcher, LETTER)
    message = mail.message

    assert (mail.sender, mail.recipients) == ("desk@clinic.example", ["maria@example.com"])
    assert message["Subject"] == LETTER.subject
    assert message["From"].addresses[0].display_name == "Слънчева клиника"
    assert [a.addr_spec for a in message["From"].addresses] == ["desk@clinic.example"]
    assert [a.addr_spec for a in message["Reply-To"].addresses] == ["desk@clinic.example"]
    assert [a.addr_spec for a in message["To"].addresses] == ["maria@example.com"]
    assert message["Message-ID"] == f"<{LETTER.uid}@clinic.example>"
    assert message["Date"].datetime.isoformat() == "2026-12-02T08:05:00+00:00"
    assert (message["Auto-Submitted"], message["Content-Language"]) == ("auto-generated", "bg")
    assert message.get_content_type() == "multipart/alternative"
    plain, html = message.iter_parts()
    assert (plain.get_content_type(), unix(plain)) == ("text/plain", LETTER.text)
    assert (html.get_content_type(), unix(html)) == ("text/html", LETTER.html)


def test_what_goes_over_the_wire_is_ascii(smtp_catcher: SmtpCatcher) -> None:
    assert sent(smtp_catcher, LETTER).message.as_bytes().isascii()


@pytest.mark.parametrize("newline", ["\r\n", "\n", "\r", "\u2028", "\x0b", "\x85"])
def test_a_line_break_in_a_name_or_subject_starts_no_header(smtp_catcher: SmtpCatcher, newline: str) -> None:
    mail = sent(
        smtp_catcher,
        replace(LETTER, subject=f"Час{newline}Bcc: all@example.com"),
        Sender(f"Clinic{newline}Bcc: spy@example.com", "desk@clinic.example"),
    )

    assert mail.recipients == ["maria@example.com"]
    assert mail.message["Bcc"] is None
    assert mail.message["Subject"] == "Час Bcc: all@example.com"
    assert mail.message["From"].addresses[0].display_name == "Clinic Bcc: spy@example.com"
    assert len(mail.message["From"].addresses) == 1
    assert sorted(mail.message.keys()) == sorted(sent(smtp_catcher, LETTER).message.keys())


@pytest.mark.parametrize(
    "address",
    [
        "maria@example.com\r\nBcc: spy@example.com",
        "maria@example.com\nspy@example.com",
        "maria@example.com, spy@example.com",
        "maria@example.com;spy@example.com",
        "Maria <maria@example.com>",
        "spy@example.com@example.com",
        "maria@exam\x00ple.com",
        "maria@example.com\u2028",
        "maria",
        "",
    ],
)
def test_only_one_plain_address_is_written_to(smtp_catcher: SmtpCatcher, address: str) -> None:
    with pytest.raises(DeliveryFailed, match="exactly one"):
        sent(smtp_catcher, replace(LETTER, address=address))
    assert smtp_catcher.mails == []


def test_domains_in_other_scripts_are_written_in_ascii(smtp_catcher: SmtpCatcher) -> None:
    mail = sent(smtp_catcher, replace(LETTER, address="maria@пример.бг"), Sender("К", "desk@клиника.бг"))

    assert mail.recipients == ["maria@xn--e1afmkfd.xn--90ae"]
    assert mail.message["Message-ID"].endswith("@xn--80apagcdp.xn--90ae>")


def test_a_refusal_carries_the_servers_words(smtp_catcher: SmtpCatcher) -> None:
    smtp_catcher.replies.append("451 4.7.1 try again later")
    with pytest.raises(DeliveryFailed, match=r"^SMTP 451: 4\.7\.1 try again later$"):
        sent(smtp_catcher, LETTER)


def test_a_server_that_is_down_is_a_failed_delivery() -> None:
    channel = mail_channel(f"smtp://127.0.0.1:{free_port()}", SENDER)
    with pytest.raises(DeliveryFailed, match="ConnectionRefusedError"):
        channel.send(LETTER)


class _RudeCatcher(SmtpCatcher):
    async def handle_QUIT(self, server: SMTP, *_: Any) -> str:  # noqa: N802 - aiosmtpd's name
        transport: Any = server.transport
        transport.abort()
        return "221 never heard"


def test_a_mail_that_was_taken_is_not_sent_again_for_want_of_a_goodbye() -> None:
    with _RudeCatcher().serving() as catcher:
        sent(catcher, LETTER)
        assert len(catcher.mails) == 1


smtps_login = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")


@contextlib.contextmanager
def secure_server(folder: Path, scheme: str) -> Iterator[tuple[SmtpCatcher, str]]:
    """A server that wants TLS and a login; the URL that fits it, with an odd password."""
    catcher = SmtpCatcher()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*write_certificate(folder))

    def login(_server: SMTP, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        known = (data.login, data.password) == (b"desk@clinic.example", b"p@ss/w:rd%")
        return AuthResult(success=known, handled=False)

    secured: dict[str, Any] = {"ssl_context": context} if scheme == "smtps" else {"tls_context": context}
    controller: Controller = _AnyPortController(
        catcher,
        hostname="127.0.0.1",
        port=0,
        authenticator=login,
        auth_required=True,
        # aiosmtpd takes only a later STARTTLS for TLS, and warns of what it does not see (see `smtps_login`).
        auth_require_tls=scheme == "smtp",
        **secured,
    )
    controller.start()
    try:
        query = "?starttls=1" if scheme == "smtp" else ""
        user = "desk%40clinic.example:p%40ss%2Fw%3Ard%25"
        yield catcher, f"{scheme}://{user}@localhost:{controller.port}{query}"
    finally:
        controller.stop()


@smtps_login
@pytest.mark.parametrize("scheme", ["smtps", "smtp"])
def test_mail_leaves_by_tls_with_a_login(scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with secure_server(tmp_path, scheme) as (catcher, url):
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
        mail_channel(url, SENDER).send(LETTER)
        assert len(catcher.mails) == 1


@smtps_login
@pytest.mark.parametrize("scheme", ["smtps", "smtp"])
def test_an_unknown_certificate_gets_no_mail(scheme: str, tmp_path: Path) -> None:
    with secure_server(tmp_path, scheme) as (catcher, url):
        with pytest.raises(DeliveryFailed, match="CERTIFICATE_VERIFY_FAILED"):
            mail_channel(url, SENDER).send(LETTER)
        assert catcher.mails == []


@smtps_login
def test_a_wrong_password_is_not_told_to_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with secure_server(tmp_path, "smtps") as (catcher, url):
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
        with pytest.raises(DeliveryFailed, match="SMTP 535") as failed:
            mail_channel(url.replace("p%40ss", "secret"), SENDER).send(LETTER)
        assert "secret" not in str(failed.value)
        assert catcher.mails == []


def test_without_the_tls_that_was_asked_for_nothing_is_sent(smtp_catcher: SmtpCatcher) -> None:
    channel = mail_channel(f"{smtp_catcher.url}?starttls=1", SENDER)
    with pytest.raises(DeliveryFailed, match="STARTTLS"):
        channel.send(LETTER)
    assert smtp_catcher.mails == []


def test_mail_without_a_sender_stops_the_worker_at_its_start() -> None:
    with pytest.raises(ConfigError, match="CANCELLATIONS_CLINIC_EMAIL"):
        mail_channel("smtp://mail.example", Sender("Clinic", ""))


# -- text messages -------------------------------------------------------------------------------------------------


def test_the_gateway_gets_json_and_the_idempotency_key(gateway: Gateway) -> None:
    sms_channel(gateway.url).send(SMS)

    (posted,) = gateway.posted
    assert posted.path == "/sms"
    assert posted.body == {"id": SMS.uid, "to": "+359888123412", "text": "Вашият час е отменен."}
    assert posted.headers["idempotency-key"] == SMS.uid
    assert posted.headers["content-type"] == "application/json"


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_2xx_is_success(gateway: Gateway, status: int) -> None:
    gateway.answers.append((status, ""))
    sms_channel(gateway.url).send(SMS)
    assert len(gateway.posted) == 1


@pytest.mark.parametrize("status", [301, 400, 429, 500])
def test_any_other_answer_is_a_failure_and_nothing_is_repeated(gateway: Gateway, status: int) -> None:
    gateway.answers.append((status, "no\ncredit left"))
    with pytest.raises(DeliveryFailed, match=f"^HTTP {status} .*no credit left$"):
        sms_channel(gateway.url).send(SMS)
    assert len(gateway.posted) == 1


def test_a_redirect_does_not_carry_the_number_elsewhere(gateway: Gateway) -> None:
    with Gateway().serving() as elsewhere:
        gateway.location = elsewhere.url
        gateway.answers.append((307, ""))
        with pytest.raises(DeliveryFailed, match="HTTP 307"):
            sms_channel(gateway.url).send(SMS)
        assert elsewhere.posted == []


def test_user_and_password_of_the_url_become_a_login(gateway: Gateway) -> None:
    sms_channel(gateway.url.replace("127", "clinic:p%40ss@127")).send(SMS)

    (posted,) = gateway.posted
    assert posted.headers["authorization"] == "Basic Y2xpbmljOnBAc3M="  # clinic:p@ss
    assert posted.path == "/sms"


def test_a_gateway_that_is_down_is_a_failed_delivery_and_no_secret_is_told() -> None:
    url = f"http://clinic:hush@127.0.0.1:{free_port()}/sms?token=hush"
    with pytest.raises(DeliveryFailed) as failed:
        sms_channel(url).send(SMS)
    assert "refused" in str(failed.value)
    assert "hush" not in str(failed.value)


def test_a_gateway_that_never_answers_is_given_up(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sms, "READ_SECONDS", 0.2)
    gateway.silent = True
    with pytest.raises(DeliveryFailed, match="timed out"):
        sms_channel(gateway.url).send(SMS)


def test_two_threads_share_a_channel(gateway: Gateway) -> None:
    channel = sms_channel(gateway.url)
    threads = [threading.Thread(target=channel.send, args=(replace(SMS, uid=str(n)),)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(posted.body["id"] for posted in gateway.posted) == [str(n) for n in range(8)]


# Apprise 2 imports a module that Python 3.13 drops, and says so.
quiet_apprise = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")


@quiet_apprise
@pytest.mark.parametrize("path", ["/send", "/send/{to}", "/{to}/now"])
def test_apprise_sends_to_the_number_in_its_url(gateway: Gateway, path: str) -> None:
    sms_channel(f"json://127.0.0.1:{gateway.port}{path}").send(SMS)

    (posted,) = gateway.posted
    assert posted.body["message"] == SMS.text
    addressed = path if "{to}" in path else f"{path}/{{to}}"
    assert posted.path.rstrip("/") == addressed.replace("{to}", "+359888123412")


@quiet_apprise
def test_apprise_that_is_refused_is_a_failed_delivery(gateway: Gateway) -> None:
    gateway.answers.append((500, "no"))
    with pytest.raises(DeliveryFailed, match="Apprise"):
        sms_channel(f"json://127.0.0.1:{gateway.port}/").send(SMS)


@quiet_apprise
@pytest.mark.parametrize("url", ["pigeon://user:hush@post", "smtp://user:hush@mail.example"])
def test_a_url_that_apprise_does_not_know_stops_the_worker_at_its_start(url: str) -> None:
    with pytest.raises(ConfigError, match="CANCELLATIONS_SMS_URL") as refused:
        sms_channel(url)
    assert "hush" not in str(refused.value)


def test_an_apprise_url_without_apprise_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(ConfigError, match=r"flask-cancellations\[sms\]"):
        sms_channel("vonage://key:secret@clinic")


# -- the console ---------------------------------------------------------------------------------------------------


def test_the_console_shows_the_words(capsys: pytest.CaptureFixture[str]) -> None:
    mail_channel("console:", Sender("", "")).send(LETTER)
    sms_channel("console:").send(SMS)

    shown = capsys.readouterr().out
    assert "maria@example.com" in shown
    assert LETTER.subject in shown
    assert "таксата е 20,00 EUR" in shown
    assert "<p>" not in shown
    assert "+359888123412" in shown
