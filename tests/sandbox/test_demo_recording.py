"""docs/images/demo.svg shows the demo of today: what its lines say, not where they stand."""

import re
from xml.etree import ElementTree

import pytest

from sandbox.demo.recording import RECORDING, animation, record
from sandbox.demo.stories import STORIES

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def committed() -> ElementTree.Element:
    return ElementTree.fromstring(RECORDING.read_text("utf-8"))


def lines(picture: ElementTree.Element) -> dict[str, str]:
    """The texts of the lines by their ids; the sandbox's Emarsys has another port each time."""
    found = {line.get("id", ""): " ".join(line.itertext()) for line in picture.iter(f"{SVG}text")}
    return {id_: re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1", text) for id_, text in found.items()}


def frames(picture: ElementTree.Element) -> list[list[str]]:
    text = lines(picture)
    [strip] = [group for group in picture.iter(f"{SVG}g") if group.get("class") == "strip"]
    return [[text[use.get("href", "").removeprefix("#")] for use in frame] for frame in strip]


def test_the_recording_is_of_the_demo_as_it_is(committed):
    assert frames(ElementTree.fromstring(animation(record()))) == frames(committed), "run `make recording`"


def test_its_last_frame_shows_every_story_and_how_it_ended(committed):
    *_, last = frames(committed)
    for story in STORIES:
        [row] = [line for line in last if line.startswith(f"{story.export_id} ")]
        assert story.title in row
        assert re.findall("done|error|stuck|rejected|expired|lost", row.partition(story.title)[2]) == [
            *story.outcomes
        ]
    assert last[-1] == f"All {len(STORIES)} watches ended as they should."


def test_without_an_animation_the_last_frame_is_seen(committed):
    [strip] = [group for group in committed.iter(f"{SVG}g") if group.get("class") == "strip"]
    shifts = [frame.get("transform", "") for frame in strip]
    assert shifts[-1] == "translate(0 0)"
    assert len(shifts) == len(set(shifts)) > 50


def test_it_is_small_enough_to_be_looked_at_at_once():
    assert RECORDING.stat().st_size < 150_000
