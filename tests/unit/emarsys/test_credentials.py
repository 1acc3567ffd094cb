"""An account's credentials: each kind of secret, and each way in which one may be missing or malformed."""

import json
from typing import Any

import pytest

from export_watch.emarsys.credentials import (
    CACHE_SECONDS,
    Credentials,
    CredentialsStore,
    OAuthCredentials,
    WsseCredentials,
)
from export_watch.errors import CredentialsMissingError
from tests.unit.emarsys.fakes import (
    HOST,
    NO_ANSWER,
    TOKEN_URL,
    FakeClock,
    FakeSecretsManager,
    aws_error,
)

OAUTH: dict[str, Any] = {"client_id": "my-id", "client_secret": "my-client-secret"}
WSSE = {"username": "customer001", "secret": "my-secret"}


def store(manager: FakeSecretsManager, clock: FakeClock | None = None) -> CredentialsStore:
    return CredentialsStore(manager, "emarsys", HOST, TOKEN_URL, clock or FakeClock())


def credentials(secret: Any) -> Credentials:
    return store(FakeSecretsManager(default=secret)).get("default")


@pytest.mark.parametrize(
    ("secret", "expected"),
    [
        (OAUTH, OAuthCredentials("my-id", "my-client-secret", HOST, TOKEN_URL)),
        (WSSE, WsseCredentials("customer001", "my-secret", HOST)),
        (OAUTH | WSSE, OAuthCredentials("my-id", "my-client-secret", HOST, TOKEN_URL)),
        (WSSE | {"client_id": "my-id"}, WsseCredentials("customer001", "my-secret", HOST)),
        (WSSE | {"client_id": "", "client_secret": ""}, WsseCredentials("customer001", "my-secret", HOST)),
        (OAUTH | {"username": "half"}, OAuthCredentials("my-id", "my-client-secret", HOST, TOKEN_URL)),
        (WSSE | {"secret": 'pässwörd " 😀'}, WsseCredentials("customer001", 'pässwörd " 😀', HOST)),
        (OAUTH | {"more": [1]}, OAuthCredentials("my-id", "my-client-secret", HOST, TOKEN_URL)),
        (
            OAUTH | {"host": None, "token_url": None},
            OAuthCredentials("my-id", "my-client-secret", HOST, TOKEN_URL),
        ),
        (
            OAUTH | {"host": "", "token_url": ""},
            OAuthCredentials("my-id", "my-client-secret", HOST, TOKEN_URL),
        ),
        ("\ufeff" + json.dumps(WSSE), WsseCredentials("customer001", "my-secret", HOST)),
        (
            OAUTH
            | {"host": "https://suite12.emarsys.net/", "token_url": "https://sso.example.com:8443/a/token"},
            OAuthCredentials(
                "my-id",
                "my-client-secret",
                "https://suite12.emarsys.net",
                "https://sso.example.com:8443/a/token",
            ),
        ),
        (
            WSSE | {"host": "http://127.0.0.1:8080"},
            WsseCredentials("customer001", "my-secret", "http://127.0.0.1:8080"),
        ),
    ],
    ids=repr,
)
def test_what_a_secret_holds_chooses_the_way_of_authentication(secret: Any, expected: Credentials) -> None:
    assert credentials(secret) == expected


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "my-secret",
        '{"username": "customer001", "secret": "my-secret"',
        b"my-secret",
        "null",
        "[]",
        '["my-secret"]',
        '"my-secret"',
        "{}",
        "[" * 100_000,
        {"client_id": "my-id"},
        {"client_secret": "my-client-secret"},
        {"username": "customer001"},
        {"secret": "my-secret"},
        {"client_id": "my-id", "secret": "my-secret"},
        {"username": "customer001", "client_secret": "my-client-secret"},
        OAUTH | {"client_secret": ""},
        OAUTH | {"client_secret": None},
        OAUTH | {"client_id": 5},
        OAUTH | {"client_secret": ["my-client-secret"]},
        OAUTH | {"client_secret": "my-client-secret\n"},
        OAUTH | {"client_secret": "my-client-secret\ud800"},
        OAUTH | {"client_id": "my-id\udfff"},
        WSSE | {"secret": "my-secret\x00"},
        WSSE | {"secret": "my-secret\ud83d"},
        WSSE | {"username": 'customer"001'},
        WSSE | {"username": "customer\r\n001"},
        WSSE | {"username": "käufer"},
        *(
            OAUTH | {"host": host}
            for host in ("api.emarsys.net", "ftp://my-secret", "https://u:my-secret@h", 5)
        ),
        *(
            OAUTH | {"host": host}
            for host in (
                "http://h",
                "http://127.0.0.1.h",
                "https://h/path",
                "https://h?q",
                "https://h\n",
                "https://h ",
            )
        ),
        *(
            OAUTH | {"token_url": url}
            for url in ("h/token", "http://h/token", "https://u:my-secret@h/t", "https://h/t?q=my-secret")
        ),
    ],
    ids=lambda secret: ascii(secret)[:60],
)
def test_a_malformed_secret_is_a_clear_error_that_quotes_nothing_of_it(secret: Any) -> None:
    with pytest.raises(CredentialsMissingError) as error:
        credentials(secret)
    message = str(error.value)
    assert "emarsys/default" in message
    assert not any(value in repr(error.value) for value in ("my-", "customer", "käufer", "u:"))
    assert message.isprintable()
    assert error.value.__cause__ is None
    assert error.value.__suppress_context__ or error.value.__context__ is None


def test_a_secret_that_is_not_there_is_a_clear_error() -> None:
    with pytest.raises(CredentialsMissingError, match="no secret emarsys/shop-2"):
        store(FakeSecretsManager(default=OAUTH)).get("shop-2")


@pytest.mark.parametrize(
    "failure",
    [
        aws_error("AccessDeniedException"),
        aws_error("ThrottlingException"),
        aws_error("DecryptionFailure"),
        NO_ANSWER,
    ],
    ids=str,
)
def test_a_secret_that_aws_does_not_hand_out_is_an_error_until_it_was_read_once(failure: Exception) -> None:
    manager, clock = FakeSecretsManager(default=OAUTH), FakeClock()
    secrets = store(manager, clock)
    manager.failure = failure
    with pytest.raises(CredentialsMissingError, match="cannot be read"):
        secrets.get("default")
    manager.failure = None
    read = secrets.get("default")
    manager.failure = failure
    clock.advance(CACHE_SECONDS + 1)
    assert secrets.get("default") == read
    assert secrets.get("default", anew=True) == read


@pytest.mark.parametrize(
    ("secret", "failure", "text", "remedy"),
    [
        (b"{}", None, "is binary", "put-secret-value"),
        (None, None, "there is no secret", "create-secret --name emarsys/default"),
        (
            None,
            aws_error(
                "ResourceNotFoundException",
                "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
            ),
            "has no value",
            "put-secret-value",
        ),
        (
            None,
            aws_error(
                "InvalidRequestException",
                "You can't perform this operation on the secret because it was marked for deletion.",
            ),
            "is marked for deletion",
            "restore-secret --secret-id emarsys/default",
        ),
        (None, aws_error("DecryptionFailure"), "DecryptionFailure", "SecretsKeyArn"),
        (None, aws_error("AccessDeniedException", "Access to KMS is not allowed"), "Denied", "SecretsKeyArn"),
        ("", None, "has no value", "put-secret-value"),
        ("\ufeff \n", None, "has no value", "put-secret-value"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_wrong_with_a_secret_is_called_what_it_is_with_the_command_that_helps(
    secret: Any, failure: Exception | None, text: str, remedy: str
) -> None:
    manager = FakeSecretsManager(**({} if secret is None else {"default": secret}))
    manager.failure = failure
    with pytest.raises(CredentialsMissingError, match=text) as error:
        store(manager).get("default")
    assert remedy in error.value.remedy
    assert not error.value.aws_unavailable


@pytest.mark.parametrize("kind", [OAUTH, WSSE])
def test_the_repr_of_credentials_holds_no_secret(kind: dict[str, str]) -> None:
    read = credentials(kind)
    assert "my-client-secret" not in repr(read)
    assert "my-secret" not in f"{read} {read!r}"


def test_a_secret_is_read_once_in_ten_minutes() -> None:
    manager, clock = FakeSecretsManager(default=WSSE), FakeClock()
    secrets = store(manager, clock)
    for _ in range(10):
        secrets.get("default")
        clock.advance(59)
    assert manager.reads == 1
    clock.advance(10)
    manager.secrets["emarsys/default"] = WSSE | OAUTH
    assert isinstance(secrets.get("default"), OAuthCredentials)
    assert manager.reads == 2


def test_a_secret_is_read_anew_where_asked_for() -> None:
    manager = FakeSecretsManager(default=WSSE)
    secrets = store(manager)
    secrets.get("default")
    manager.secrets["emarsys/default"] = WSSE | {"secret": "rotated"}
    assert secrets.get("default") == WsseCredentials("customer001", "my-secret", HOST)
    assert secrets.get("default", anew=True) == WsseCredentials("customer001", "rotated", HOST)
    assert secrets.get("default") == WsseCredentials("customer001", "rotated", HOST)


def test_each_account_has_its_own() -> None:
    secrets = store(FakeSecretsManager(default=WSSE, shop=WSSE | {"username": "shop"}))
    assert secrets.get("default") != secrets.get("shop")


def test_a_secret_that_was_deleted_is_missing_once_it_is_read_anew() -> None:
    manager = FakeSecretsManager(default=WSSE)
    secrets = store(manager)
    secrets.get("default")
    manager.secrets.clear()
    with pytest.raises(CredentialsMissingError, match="there is no secret"):
        secrets.get("default", anew=True)
