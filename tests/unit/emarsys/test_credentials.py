"""An account's credentials: each kind of secret, and each way in which one may be missing or malformed."""

import json
from typing import Any

import pytest

from export_watch.emarsys.credentials import CredentialsStore, OAuthCredentials, WsseCredentials
from export_watch.errors import CredentialsMissingError
from tests.unit.emarsys.fakes import (
    HOST,
    NO_ANSWER,
    OAUTH,
    TOKEN_URL,
    WSSE,
    FakeClock,
    FakeSecretsManager,
    aws_error,
)

USE_OAUTH = OAuthCredentials("my-id", "my-client-secret", HOST, TOKEN_URL)
USE_WSSE = WsseCredentials("customer001", "my-secret", HOST)
LOCAL = {"host": "http://127.0.0.1:80"}
OWN = {"host": "https://suite12.example.MX//", "token_url": "https://sso.example.com:8443/a/token"}
PUT = "Store the account's credentials as JSON: aws secretsmanager put-secret-value --secret-id emarsys/default."
KEY = "Allow the role of CheckExportFunction to use the secret's key: the parameter SecretsKeyArn."


def store(manager: FakeSecretsManager, clock: FakeClock | None = None) -> CredentialsStore:
    return CredentialsStore(manager, "emarsys", HOST, TOKEN_URL, clock or FakeClock())


@pytest.mark.parametrize(
    ("secret", "expected"),
    [
        (OAUTH, USE_OAUTH),
        (WSSE, USE_WSSE),
        (OAUTH | WSSE, USE_OAUTH),
        (WSSE | {"client_id": "my-id"}, USE_WSSE),
        (WSSE | {"client_id": "", "client_secret": ""}, USE_WSSE),
        (OAUTH | {"username": "half", "more": [1]}, USE_OAUTH),
        (WSSE | {"secret": 'pässwörd " 😀'}, WsseCredentials("customer001", 'pässwörd " 😀', HOST)),
        (OAUTH | {"host": None, "token_url": ""}, USE_OAUTH),
        ("\ufeff \n" + json.dumps(WSSE), USE_WSSE),
        (OAUTH | OWN, OAuthCredentials("my-id", "my-client-secret", OWN["host"][:-2], OWN["token_url"])),
        (WSSE | LOCAL, WsseCredentials("customer001", "my-secret", LOCAL["host"])),
    ],
)
def test_what_a_secret_holds_chooses_the_way_of_authentication(secret, expected):
    assert store(FakeSecretsManager(default=secret)).get("default") == expected


NO_HOSTS = [
    *("h", "ftp://my-secret", "https://u:my-secret@h", 5, "http://h", "http://127.0.0.1.h"),
    *(f"https://h{more}" for more in ("/path", "?q", "\n", " ", ":123456")),
]
MALFORMED: dict[str, list[Any]] = {
    "has no value": ["", "\ufeff \n"],
    "is binary, not text": [b"my-secret"],
    "is no JSON object": [
        *("my-secret", '{"secret": "my-secret"', "null", '["my-secret"]', '"my-secret"', "[" * 100_000)
    ],
    "holds neither client_id and client_secret (OAuth) nor username and secret (WSSE) as texts of printable "
    "characters": [
        {},
        {"client_id": "my-id", "secret": "my-secret"},
        {"username": "customer001", "client_secret": "my-client-secret"},
        *(OAUTH | {"client_secret": odd} for odd in ("", None, 5, ["my-x"], "my-x\n", "my-x\ud800")),
        *(OAUTH | {"client_id": odd} for odd in ("", 5, "my-id\udfff")),
        *(WSSE | {"secret": odd} for odd in ("", "my-secret\x00", "my-secret\x7f")),
        *(WSSE | {"username": odd} for odd in ("", 'customer"1', "customer\r\n1", "käufer")),
    ],
    f"has a host that is no URL like {HOST}": [OAUTH | {"host": host} for host in NO_HOSTS],
    f"has a token_url that is no URL like {TOKEN_URL}": [
        OAUTH | {"token_url": url}
        for url in ("h/token", "http://h/token", "https://u:my-secret@h/t", "https://h/t?q=my-secret")
    ],
}


@pytest.mark.parametrize("what", MALFORMED)
def test_a_malformed_secret_is_a_clear_error_that_quotes_nothing_of_it(what):
    for secret in MALFORMED[what]:
        with pytest.raises(CredentialsMissingError) as error:
            store(FakeSecretsManager(default=secret)).get("default")
        assert str(error.value) == f"the secret emarsys/default {what}", secret
        assert (error.value.remedy, error.value.aws_unavailable) == (PUT, False)
        assert error.value.__cause__ is None
        assert error.value.__context__ is None


NOT_FOUND, INVALID, DENIED = "ResourceNotFoundException", "InvalidRequestException", "AccessDeniedException"
CREATE = "Create it in this region: aws secretsmanager create-secret --name emarsys/default."
RESTORE = "Restore it: aws secretsmanager restore-secret --secret-id emarsys/default."
NAME = "the secret emarsys/default"
UNREAD = f"{NAME} cannot be read: "


@pytest.mark.parametrize(
    ("failure", "text", "remedy", "passing"),
    [
        (aws_error(NOT_FOUND, "can't find the secret."), "there is no secret emarsys/default", CREATE, False),
        (aws_error(NOT_FOUND, "value for staging label: AWSCURRENT"), f"{NAME} has no value", PUT, False),
        (aws_error(INVALID, "marked for deletion."), f"{NAME} is marked for deletion", RESTORE, False),
        (aws_error(INVALID, "KMS"), UNREAD + INVALID, "", False),
        (aws_error("DecryptionFailure"), UNREAD + "DecryptionFailure", KEY, False),
        (aws_error(DENIED, "KMS is not allowed"), UNREAD + DENIED, KEY, False),
        (aws_error(DENIED), UNREAD + DENIED, "", False),
        (aws_error("ThrottlingException"), UNREAD + "ThrottlingException", "", True),
        (aws_error("InternalServiceError", status=500), UNREAD + "InternalServiceError", "", True),
        (aws_error("Slow", status=429), UNREAD + "Slow", "", True),
        (aws_error("Fast", status=499), UNREAD + "Fast", "", False),
        (NO_ANSWER, UNREAD + "ReadTimeoutError", "", True),
    ],
    ids=str,
)
def test_what_aws_does_not_hand_out_is_an_error_with_the_command_that_helps(failure, text, remedy, passing):
    """And what was read before goes on to serve, unless the secret is known to be gone."""
    manager, clock = FakeSecretsManager(default=OAUTH), FakeClock()
    known = store(manager, clock)
    known.get("default")
    clock.advance(600)
    manager.failure = failure
    with pytest.raises(CredentialsMissingError) as error:
        store(manager).get("default")
    assert (str(error.value), error.value.remedy, error.value.aws_unavailable) == (text, remedy, passing)
    assert error.value.__suppress_context__
    if "cannot be read" in text:
        assert known.get("default") == known.get("default", anew=True) == USE_OAUTH
    else:
        with pytest.raises(CredentialsMissingError):
            known.get("default")


def test_a_secret_is_read_once_in_ten_minutes_or_where_it_is_asked_for_anew():
    manager, clock = FakeSecretsManager(default=WSSE, shop=WSSE | {"username": "shop"}), FakeClock()
    secrets = store(manager, clock)
    assert secrets.get("default") == USE_WSSE
    assert secrets.get("shop") == WsseCredentials("shop", "my-secret", HOST)
    manager.secrets["emarsys/default"] = OAUTH
    clock.advance(599)
    assert secrets.get("default") == USE_WSSE
    clock.advance(1)
    assert secrets.get("default") == USE_OAUTH
    manager.secrets["emarsys/default"] = WSSE
    assert secrets.get("default") == USE_OAUTH
    assert secrets.get("default", anew=True) == secrets.get("default") == USE_WSSE


def test_credentials_know_when_they_were_stored_and_do_not_show_their_secret():
    manager = FakeSecretsManager(default=OAUTH)
    read = store(manager).get("default")
    assert isinstance(read, OAuthCredentials)
    assert read.made_at == manager.stored_at.timestamp()
    assert "my-client-secret" not in f"{read} {read!r}"
    assert "my-secret" not in f"{USE_WSSE} {USE_WSSE!r}"
