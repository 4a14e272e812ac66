"""Text messages: by an HTTP gateway, or by one of the services that Apprise knows."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import urllib3

from flask_cancellations.delivery.letter import Letter, one_line
from flask_cancellations.errors import ConfigError, DeliveryFailed, Fault

CONNECT_SECONDS, READ_SECONDS = 5.0, 20.0
_MAX_ANSWER = 300
_SAMPLE_NUMBER = "+15555550100"  # reserved for examples; only to see that a URL can be read


class GatewayChannel:
    """Posts ``{"id", "to", "text"}`` as JSON to an ``http(s)://`` address, with the id as ``Idempotency-Key``.

    Any 2xx is success. User and password in the URL become basic authentication. Nothing is repeated or redirected
    here: the outbox repeats.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._headers = {"Content-Type": "application/json"}
        if parts.username is not None:
            login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self._headers.update(urllib3.make_headers(basic_auth=login))
        self._url = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment=""))
        self._pool = urllib3.PoolManager(
            retries=False, timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS)
        )

    def send(self, letter: Letter) -> None:
        """Post one text message. Raises DeliveryFailed with the status and the start of the answer."""
        body = json.dumps({"id": letter.uid, "to": letter.address, "text": letter.text}, ensure_ascii=False)
        try:
            response = self._pool.request(
                "POST",
                self._url,
                body=body.encode(),
                headers={**self._headers, "Idempotency-Key": letter.uid},
                preload_content=False,
            )
            try:
                answer = response.read(_MAX_ANSWER)
            finally:
                response.close()
        except urllib3.exceptions.HTTPError as error:
            raise DeliveryFailed(one_line(f"{type(error).__name__}: {error}")) from error
        if not 200 <= response.status < 300:
            text = one_line(answer.decode("utf-8", "replace"))
            raise DeliveryFailed(f"HTTP {response.status} {response.reason or ''}: {text}")


class AppriseChannel:
    """Sends by an Apprise URL. The recipient stands where the URL says ``{to}``, or else at the end of its path.

    Needs the extra ``sms``. Raises ConfigError if Apprise is not installed or does not know the URL. Apprise hands no
    idempotency key on.
    """

    def __init__(self, url: str) -> None:
        try:
            import apprise
        except ImportError as error:
            expected = "the extra sms (pip install 'flask-cancellations[sms]'), console: or an https: gateway"
            raise ConfigError(
                [Fault("CANCELLATIONS_SMS_URL", "an Apprise URL, but Apprise is not installed", expected)]
            ) from error
        self._apprise: Any = apprise
        self._url = url
        if self._service(_SAMPLE_NUMBER) is None:
            found = "a URL that Apprise cannot read (not shown, it may hold a password)"
            raise ConfigError([Fault("CANCELLATIONS_SMS_URL", found, "the URL of a service that Apprise knows")])

    def send(self, letter: Letter) -> None:
        """Send one text message. Raises DeliveryFailed if the service did not take it; Apprise's log says why."""
        service = self._service(letter.address)
        if service is None:
            raise DeliveryFailed("Apprise cannot send to this number by this URL")
        if not service.notify(body=letter.text, title="", body_format="text"):
            raise DeliveryFailed("the service did not take the message; the log of Apprise says why")

    def _service(self, number: str) -> Any:
        return self._apprise.Apprise.instantiate(addressed(self._url, number))


def addressed(url: str, number: str) -> str:
    """The Apprise URL for one recipient (E.164)."""
    target = quote(number, safe="")
    if "{to}" in url:
        return url.replace("{to}", target)
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{target}"))
