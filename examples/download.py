"""A Lambda function that copies local exports into S3, as a stream, from a queue like FinishedExports.

It is deployed by download.yaml, and needs the permission `export.download` in Emarsys.
"""

import json
import os
import time
from collections.abc import Iterator
from typing import Any

import boto3
import urllib3

from emarsys import Emarsys

PART_BYTES = 8 * 1024 * 1024  # S3 wants 5 MiB in every part but the last, and takes 10,000 of them
LONGEST_SECONDS = 840  # of the 900 that download.yaml gives the function

s3: Any = boto3.client("s3")
emarsys = Emarsys(os.environ["SECRET_ID"])


class NotThereError(Exception):
    """The file cannot be had now; where `final`, it never can."""

    def __init__(self, text: str, *, final: bool) -> None:
        super().__init__(text)
        self.final = final


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ARG001
    """What failed for now is delivered again, and is moved to the queue's dead-letter queue in the end."""
    failed = []
    for record in event["Records"]:
        try:
            copy(json.loads(record["body"]))
        except NotThereError as error:
            print(json.dumps({"level": "ERROR", "message": str(error)}))
            if not error.final:
                failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}


def copy(notification: dict[str, Any]) -> None:
    """One export into S3, whole or not at all. A repeated notification writes the same file again: no harm."""
    data = notification["data"]
    if data["file"] is None or data["file"]["distribution_method"] != "local":
        return
    target = {"Bucket": os.environ["BUCKET"], "Key": f"{data['account']}/{data['export_id']}.csv"}
    upload = s3.create_multipart_upload(**target)["UploadId"]
    parts = []
    try:
        for number, part in enumerate(file_parts(data["export_id"]), 1):
            sent = s3.upload_part(**target, UploadId=upload, PartNumber=number, Body=part)
            parts.append({"PartNumber": number, "ETag": sent["ETag"]})
        s3.complete_multipart_upload(**target, UploadId=upload, MultipartUpload={"Parts": parts})
    except BaseException:
        s3.abort_multipart_upload(**target, UploadId=upload)
        raise


def file_parts(export_id: int) -> Iterator[bytes]:
    """The file in parts that are large enough for S3. Raises NotThereError, also where it breaks off.

    It is asked for without `offset` and `limit`: the references of Emarsys disagree about them.
    """
    until = time.monotonic() + LONGEST_SECONDS
    try:
        reply = emarsys.call("GET", f"export/{export_id}/data")
        try:
            if reply.status != 200:
                raise refusal(export_id, reply.status, reply.read(10_000))
            chunks = reply.stream(65_536, decode_content=True)
            part = next(chunks, b"")
            refuse_other_than_csv(export_id, reply.headers.get("Content-Type", ""), part)
            for chunk in chunks:
                if time.monotonic() > until:
                    raise NotThereError(f"{export_id} took longer than {LONGEST_SECONDS} s", final=False)
                part += chunk
                if len(part) >= PART_BYTES:
                    yield part
                    part = b""
            yield part
        finally:
            reply.close()
    except urllib3.exceptions.HTTPError as error:
        raise NotThereError(f"{export_id} broke off: {type(error).__name__}", final=False) from error


def refuse_other_than_csv(export_id: int, content_type: str, begin: bytes) -> None:
    """Raises NotThereError where the reply is a page of JSON or HTML, whatever it is declared to be."""
    kind = content_type.partition(";")[0].strip().lower()
    first = begin.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    # A header cannot begin like this; and Emarsys has sent JSON as text/html, so that the type alone is not enough.
    if first in (b"{", b"[", b"<") or kind in ("application/json", "text/html"):
        raise NotThereError(f"{export_id}: the reply is no CSV but {kind or 'of no type'}", final=False)


def refusal(export_id: int, status: int, body: bytes) -> NotThereError:
    """What Emarsys means by a status that is not 200."""
    try:
        code = json.loads(body).get("replyCode")
    except (ValueError, AttributeError):
        code = None
    match status, code:
        case 410, _:
            return NotThereError(f"{export_id} is no longer stored: create it again", final=True)
        case 404, 4005:
            return NotThereError(f"{export_id} is not finished yet", final=False)
        case 404, _:
            return NotThereError(f"{export_id} has no file to download ({code})", final=True)
        case _:
            return NotThereError(f"{export_id}: HTTP {status}, replyCode {code}", final=False)
