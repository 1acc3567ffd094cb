"""A signature is the one that botocore, AWS's own library, makes of the same request."""

from datetime import UTC, datetime
from unittest.mock import patch

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from export_watch.aws.signature import AwsCredentials, signed

NOW = 1_795_452_601.9
TEXT = st.text(st.characters(codec="ascii", exclude_categories=["C"]), max_size=30)
HEADERS = st.dictionaries(st.sampled_from(["X-Amz-Target", "Content-Type", "X-Amz-Meta"]), TEXT)


def botocores(
    headers: dict[str, str], body: bytes, credentials: AwsCredentials, scope: tuple[str, str]
) -> dict[str, str]:
    request = AWSRequest("POST", f"https://{headers['Host']}/", headers, body)
    owner = Credentials(
        credentials.access_key_id, credentials.secret_access_key, credentials.session_token or None
    )
    with patch("botocore.auth.get_current_datetime", lambda **_: datetime.fromtimestamp(NOW, UTC)):
        botocore.auth.SigV4Auth(owner, scope[1], scope[0]).add_auth(request)
    return dict(request.headers.items())


@given(HEADERS, st.binary(max_size=200), TEXT.filter(bool), TEXT.filter(bool), st.none() | TEXT.filter(bool))
def test_a_signed_request_is_that_of_botocore(headers, body, key_id, secret, token):
    headers = {"Host": "dynamodb.eu-central-1.amazonaws.com", **headers}
    credentials = AwsCredentials(key_id, secret, token)
    scope = ("eu-central-1", "dynamodb")
    assert signed(headers, body, credentials, scope, NOW) == botocores(headers, body, credentials, scope)


def test_a_known_request_has_its_known_signature():
    """The request `post-vanilla` of AWS's own test suite for Signature Version 4."""
    credentials = AwsCredentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
    at = datetime(2015, 8, 30, 12, 36, tzinfo=UTC).timestamp()
    headers = signed({"Host": "example.amazonaws.com"}, b"", credentials, ("us-east-1", "service"), at)
    assert headers["Authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        "SignedHeaders=host;x-amz-date, "
        "Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"
    )


def test_credentials_come_from_the_environment_and_show_no_secret():
    environment = {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "planted-key"}
    assert AwsCredentials.from_environment(environment) == AwsCredentials("id", "planted-key", None)
    credentials = AwsCredentials.from_environment({**environment, "AWS_SESSION_TOKEN": "planted-token"})
    assert credentials.session_token == "planted-token"
    assert "planted" not in repr(credentials)
    with pytest.raises(KeyError, match="AWS_SECRET_ACCESS_KEY"):
        AwsCredentials.from_environment({"AWS_ACCESS_KEY_ID": "id"})
