"""AWS by HTTP, for a function that calls it without botocore: the JSON protocol, in front of moto.

What such a call may get wrong is refused as AWS refuses it: its signature is held to the one that botocore makes of it.
"""

import contextlib
import json
from base64 import b64encode
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError, ParamValidationError
from werkzeug.wrappers import Request, Response

from sandbox.aws.client import client
from sandbox.http_server import HttpServer

_SERVICES = ("secretsmanager", "dynamodb")
_LONGEST_SKEW = timedelta(minutes=5)


class _RefusedError(Exception):
    """A call that AWS would not take: its name of the error, and why."""


@contextlib.contextmanager
def serving(credentials: Credentials) -> Iterator[str]:
    """The URL of the endpoint, which takes calls in the name of these credentials for the time of a `with` block."""
    # Made here: in the environment of a function the clients' own calls would come back to this endpoint.
    services = {own.meta.service_model.metadata["targetPrefix"]: own for own in map(client, _SERVICES)}

    @Request.application
    def app(request: Request) -> Response:
        try:
            content: Any = _answer(request, services, credentials)
            status = 200
        except ClientError as error:
            content = _error(error.response["Error"]["Code"], error.response["Error"].get("Message", ""))
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        except _RefusedError as error:
            content, status = _error(*error.args), 400
        text = json.dumps(content, default=_as_json)
        return Response(text, status, content_type=request.content_type)

    server = HttpServer(app, "127.0.0.1", 0)
    server.start()
    try:
        yield server.url
    finally:
        server.stop()


def _as_json(value: datetime | bytes) -> float | str:
    """Moments and bytes, as the protocol writes them."""
    return b64encode(value).decode() if isinstance(value, bytes) else value.timestamp()


def _error(name: str, message: str) -> dict[str, str]:
    return {"__type": f"com.amazonaws.sandbox#{name}", "message": message}


def _answer(request: Request, services: Mapping[str, Any], credentials: Credentials) -> Any:
    """What moto answers. `services` are their clients, by the targets that AWS's own descriptions give them."""
    target, _, operation = request.headers.get("X-Amz-Target", "").rpartition(".")
    if (request.method, request.path) != ("POST", "/") or target not in services:
        raise _RefusedError("UnknownOperationException", f"no operation {operation} of {target}")
    service = services[target]
    protocol = service.meta.service_model.metadata["jsonVersion"]
    if request.content_type != f"application/x-amz-json-{protocol}":
        raise _RefusedError("SerializationException", f"{request.content_type} is not that of {target}")
    _verify(request, service.meta, credentials)
    try:
        answer = service._make_api_call(operation, json.loads(request.get_data()))
    except (ParamValidationError, ValueError) as error:
        raise _RefusedError("ValidationException", str(error)) from None
    del answer["ResponseMetadata"]
    return answer


def _verify(request: Request, service: Any, credentials: Credentials) -> None:
    """Raises _RefusedError unless the request carries the signature that botocore would make of it."""
    given = request.headers.get("Authorization", "")
    names = given.partition("SignedHeaders=")[2].partition(",")[0].split(";")
    moment = request.headers.get("X-Amz-Date", "")
    signed = AWSRequest(
        "POST",
        request.url,
        {name: request.headers.get(name, "") for name in names},
        request.get_data(),
    )
    signed.context["timestamp"] = moment
    signer = SigV4Auth(credentials, service.service_model.signing_name, service.region_name)
    text = signer.string_to_sign(signed, signer.canonical_request(signed))
    expected = (
        f"AWS4-HMAC-SHA256 Credential={signer.scope(signed)}, "
        f"SignedHeaders={';'.join(names)}, Signature={signer.signature(text, signed)}"
    )
    if given != expected or not {"host", "x-amz-date", "x-amz-target"} <= set(names):
        raise _RefusedError("InvalidSignatureException", "the signature does not match the request")
    if request.headers.get("X-Amz-Security-Token") != credentials.token:
        raise _RefusedError("UnrecognizedClientException", "the security token is invalid")
    sent_at = datetime.strptime(moment, SIGV4_TIMESTAMP).replace(tzinfo=UTC)
    if abs(datetime.now(UTC) - sent_at) > _LONGEST_SKEW:
        raise _RefusedError("InvalidSignatureException", "the signature has expired")
