"""A Lambda function that copies local exports into S3, page by page, from a queue like FinishedExports.

It is deployed by download.yaml, and needs the permission `export.download` in Emarsys.
"""

import json
import os
from collections.abc import Iterator
from typing import Any

import boto3

from emarsys import Emarsys

ROWS = 100_000
PART_BYTES = 8 * 1024 * 1024  # S3 wants 5 MiB in every part but the last

s3: Any = boto3.client("s3")
emarsys = Emarsys(os.environ["SECRET_ID"])


class NotThereError(Exception):
    """The file cannot be had now; where `final`, it never can."""

    def __init__(self, text: str, *, final: bool) -> None:
        super().__init__(text)
        self.final = final


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ARG001
    """What failed for now is delivered again, and at last lies in the queue's dead-letter queue."""
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
    """One export into S3. A repeated notification writes the same file to the same key again: no harm."""
    data = notification["data"]
    if data["file"] is None or data["file"]["distribution_method"] != "local":
        return
    target = {"Bucket": os.environ["BUCKET"], "Key": f"{data['account']}/{data['export_id']}.csv"}
    upload = s3.create_multipart_upload(**target)["UploadId"]
    parts = []
    try:
        for number, part in enumerate(in_parts(pages(data["export_id"])), 1):
            sent = s3.upload_part(**target, UploadId=upload, PartNumber=number, Body=part)
            parts.append({"PartNumber": number, "ETag": sent["ETag"]})
        s3.complete_multipart_upload(**target, UploadId=upload, MultipartUpload={"Parts": parts})
    except BaseException:
        s3.abort_multipart_upload(**target, UploadId=upload)
        raise


def pages(export_id: int) -> Iterator[bytes]:
    """The chunks of the file. The first page begins with the header; the page after the last has no row."""
    header, offset = b"", 0
    while True:
        page = emarsys.call("GET", f"export/{export_id}/data/offset={offset}&limit={ROWS}")
        try:
            if page.status != 200:
                raise refusal(export_id, page.status, page.read(10_000))
            first = page.readline()
            if offset == 0:
                header = first
                yield header
            chunk = page.read(PART_BYTES) if first == header else first
            if not chunk:
                return
            while chunk:
                yield chunk
                chunk = page.read(PART_BYTES)
        finally:
            page.release_conn()
        offset += ROWS


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


def in_parts(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes in parts that are large enough for S3; one empty part where there are none."""
    part = b""
    for chunk in chunks:
        part += chunk
        if len(part) >= PART_BYTES:
            yield part
            part = b""
    yield part
