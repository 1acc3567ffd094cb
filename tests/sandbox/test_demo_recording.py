"""docs/images/demo.svg shows the demo of today, to everyone."""

import re
from xml.etree import ElementTree

import pytest

from sandbox.demo.recording import COLUMNS, LINE, RECORDING, THEME, animation, record
from sandbox.demo.stories import STORIES

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def committed() -> str:
    return RECORDING.read_text("utf-8")


def lines(picture: str) -> list[str]:
    """The texts from the top of the strip to its end; the sandbox's Emarsys has another port each time."""
    [strip] = [
        group for group in ElementTree.fromstring(picture).iter(f"{SVG}g") if group.get("class") == "strip"
    ]
    rows: dict[float, str] = {}
    for text in strip.iter(f"{SVG}text"):
        y = float(text.get("y", ""))
        rows[y] = rows.get(y, "") + (text.text or "").replace("\xa0", " ").rstrip("\n")
    return [re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1", row) for _, row in sorted(rows.items())]


def luminance(colour: str) -> float:
    """The relative luminance of WCAG 2."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_the_recording_is_of_the_demo_as_it_is(committed):
    assert lines(animation(record())) == lines(committed), "run `make recording`"


def test_its_last_frame_shows_every_story_and_how_it_ended(committed):
    every = lines(committed)
    last = every[len(every) - every[::-1].index("Notifications") :]
    for story in STORIES:
        [row] = [line for line in last if line.startswith(f"{story.export_id} ")]
        assert ", ".join(story.outcomes) in row
        assert story.title in row
    assert f"All {len(STORIES)} watches ended as they should." in last


def test_without_an_animation_the_last_frame_is_seen(committed):
    [shift] = re.findall(r'<g transform="translate\(0 -([\d.]+)\)">', committed)
    [start] = re.findall(r"0% { transform: translateY\(([\d.]+)px\)", committed)
    assert shift == start
    top = max(float(y) for y in re.findall(r'y="([\d.]+)"[^>]*>Notifications<', committed))
    assert 0 < top - float(shift) < LINE


def test_every_colour_is_distinct_from_the_background(committed):
    background = luminance(THEME.background_color.hex)
    colours = set(re.findall(r"fill: (#[0-9a-f]{6})", committed))
    assert len(colours) >= 5
    for colour in colours:
        assert (luminance(colour) + 0.05) / (background + 0.05) >= 4.5, colour


def test_it_can_be_read_on_a_telephone_and_is_small_enough_to_be_loaded_at_once():
    assert COLUMNS <= 80
    assert RECORDING.stat().st_size < 150_000
