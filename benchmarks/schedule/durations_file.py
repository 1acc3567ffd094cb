"""Anyone's own durations: a CSV file with one column of seconds, with or without a header."""

import csv
import math
import re
from pathlib import Path

import numpy as np

from benchmarks.schedule.workloads import LONGEST_SECONDS, Seconds

MOST_DURATIONS = 1_000_000
"""They take a gigabyte of memory and ten seconds; more would show no more."""


class DurationsFileError(Exception):
    """The file is not what it should be; the text says where and why."""


def read_durations(path: Path) -> Seconds:
    """The durations in a file, in ascending order. Empty lines are skipped; raises DurationsFileError."""
    durations: list[float] = []
    begun = False
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            for row in reader:
                if not any(cell.strip() for cell in row):
                    continue
                if len(row) > 1:
                    raise DurationsFileError(
                        f"line {reader.line_num}: {len(row)} columns, but one is expected"
                    )
                is_header = not begun and _is_header(row[0])
                begun = True
                if not is_header:
                    durations.append(_seconds(row[0], reader.line_num))
                if len(durations) > MOST_DURATIONS:
                    raise DurationsFileError(
                        f"holds more than {MOST_DURATIONS:,} durations: take a sample of them"
                    )
    except OSError as error:
        raise DurationsFileError(f"cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise DurationsFileError(f"is no CSV file in UTF-8: {error}") from None
    if not durations:
        raise DurationsFileError("holds no durations")
    return np.sort(np.array(durations))


def _is_header(cell: str) -> bool:
    """Words, that is: what has a digit is a number, if a wrong one."""
    return re.search(r"\d|^\s*[-+]?(nan|inf)", cell, re.IGNORECASE) is None


def _seconds(cell: str, line: int) -> float:
    try:
        seconds = float(cell.replace("_", "x"))  # Python alone takes 1_000 for a number
    except ValueError:
        raise DurationsFileError(f"line {line}: {cell.strip()!r} is not a number of seconds") from None
    if not math.isfinite(seconds) or seconds < 0:
        raise DurationsFileError(f"line {line}: {cell.strip()!r} is not a duration")
    if seconds > LONGEST_SECONDS:
        raise DurationsFileError(
            f"line {line}: {cell.strip()} s is longer than {LONGEST_SECONDS} s, the longest watch"
        )
    return seconds
