"""Records the demo as an animated SVG: `python -m sandbox.demo.recording`, behind `make recording`.

The stories are really played, and what a terminal shows is drawn by rich, every few seconds of the half minute that the
demo takes, without waiting for it. The frames lie one below the other on a strip that jumps past a window. At rest the
window shows the last frame, for whoever sees no animation.
"""

import io
import re
from pathlib import Path

from rich.console import Console, Group
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from sandbox.aws import VirtualClock
from sandbox.demo import screen
from sandbox.demo.board import Board
from sandbox.demo.command import life_seconds_at

RECORDING = Path(__file__).parents[2] / "docs" / "images" / "demo.svg"
START = 1_800_000_000.0
FRAME_SECONDS, REST_SECONDS = 2.5, 12.0
"""How long a frame stands; and the last one, which there is most to read in."""

COLUMNS = 72
"""Few enough to be read on a telephone."""

LINE = 24.4
"""The height of a line in rich's pictures, whose characters are 12.2 wide."""

THEME = TerminalTheme(
    (13, 17, 23),
    (230, 237, 243),
    [(13, 17, 23), (255, 123, 114), (86, 211, 100), (227, 179, 65)] + [(230, 237, 243)] * 4,
)


def record() -> list[Group]:
    """The frames of the demo."""
    frames: list[Group] = []

    class RecordedClock(VirtualClock):
        def advance(self, when: float) -> None:
            while (life := life_seconds_at(len(frames) * FRAME_SECONDS)) < when - board.begin:
                frames.append(frame(life))
            super().advance(when)

    def frame(life_seconds: float) -> Group:
        lines = [screen.line(published) for published in board.published]
        return Group(screen.heading(), *lines, screen.table(board, life_seconds, COLUMNS))

    clock = RecordedClock(START)
    board = Board(clock)
    board.play()
    return [*frames, Group(frame(clock.now() - START), screen.verdict(board))]


def animation(frames: list[Group]) -> str:
    """The frames as an SVG."""
    console = Console(
        width=COLUMNS, record=True, file=io.StringIO(), force_terminal=True, color_system="standard"
    )
    lines = [len(console.render_lines(frame)) for frame in frames]
    for frame, count in zip(frames, lines, strict=True):
        console.print(Group(frame, *[Text()] * (max(lines) - count)))
    drawn = console.export_svg(theme=THEME, unique_id="d", code_format="{styles}\0{matrix}")
    styles, matrix = re.sub(r' clip-path="[^"]*"', "", drawn).split("\0")
    height, last = LINE * max(lines), len(frames) - 1
    seconds = last * FRAME_SECONDS
    width = 12.2 * COLUMNS + 32
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height + 72:g}" role="img">
<title>make demo: ten watches, each until it has ended</title>
<style>
text {{ font: 20px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; white-space: pre }}
{styles}
.strip {{ animation: play {seconds + REST_SECONDS:g}s infinite }}
@keyframes play {{
  0% {{ transform: translateY({last * height:g}px); animation-timing-function: steps({last}) }}
  {seconds / (seconds + REST_SECONDS):.2%}, 100% {{ transform: none }}
}}
@media (prefers-reduced-motion: reduce) {{ .strip {{ animation: none }} }}
</style>
<rect width="100%" height="100%" rx="8" fill="{THEME.background_color.hex}"/>
<text x="16" y="34" fill="{THEME.foreground_color.hex}">$ make demo</text>
<svg x="16" y="56" width="{width - 16:g}" height="{height:g}">
<g class="strip"><g transform="translate(0 {-last * height:g})">
{matrix.strip()}
</g></g>
</svg>
</svg>
"""


if __name__ == "__main__":
    RECORDING.write_text(animation(record()), "utf-8")
