"""Records the demo as an animated SVG: `python -m sandbox.demo.recording`, behind `make recording`.

The stories are really played. What the live table shows is taken twice a second of the half minute that the demo takes
on a terminal, without waiting for it; what subscribers were told stands below it as it comes, and not at the end only.
The frames lie one below the other on a strip that jumps past a window. A line that is in many frames is drawn once. At
rest the window shows the last frame, for whoever sees no animation.
"""

from html import escape
from itertools import chain
from pathlib import Path

from rich.color import blend_rgb
from rich.console import Console, Group, RenderableType
from rich.segment import Segment
from rich.style import Style
from rich.terminal_theme import SVG_EXPORT_THEME as THEME

from sandbox.aws import VirtualClock
from sandbox.demo.board import Board
from sandbox.demo.pace import life_at, shown_at
from sandbox.demo.play import play
from sandbox.demo.screen import table, told_lines, verdict
from sandbox.demo.stories import STORIES

RECORDING = Path(__file__).parents[2] / "docs" / "images" / "demo.svg"
START = 1_800_000_000.0
FRAME_SECONDS = 0.5
REST_SECONDS = 12.0
"""How long the last frame stands, which there is most to read in."""

COLUMNS = 126
CHARACTER, LINE, SIZE = 8.4, 19, 14
"""In pixels: the width of a character, the height of a line, and the font's. Most monospace fonts are 0.6 as wide."""

MARGIN, BAR = 16, 40
Frame = list[str]
"""The texts of its lines, in SVG."""


def record() -> list[Frame]:
    """The frames of the demo."""
    clock = VirtualClock(START)
    board = Board(STORIES, clock.now())
    frames: list[Frame] = []

    def before_jump(seconds: float) -> None:
        end = clock.now() + seconds - board.begin
        while (shown := len(frames) * FRAME_SECONDS) < shown_at(end):
            frames.append(drawn(Group(table(board, life_at(shown)), told_lines(board))))

    play(board, clock, before_jump)
    last = table(board, clock.now() - board.begin)
    return [*frames, drawn(Group(last, told_lines(board), verdict(board)))]


def drawn(what: RenderableType) -> Frame:
    """The lines that a terminal shows which cuts long lines off."""
    console = Console(width=COLUMNS, color_system="truecolor", force_terminal=True)
    options = console.options.update(no_wrap=True, overflow="ellipsis")
    return [marked_up(line) for line in console.render_lines(what, options, pad=False)]


def animation(frames: list[Frame]) -> str:
    """The frames as an SVG."""
    number = {line: at for at, line in enumerate(dict.fromkeys(chain.from_iterable(frames)))}
    height = LINE * max(map(len, frames)) + MARGIN
    width = round(CHARACTER * COLUMNS) + 2 * MARGIN
    last = len(frames) - 1
    played = last * FRAME_SECONDS / (last * FRAME_SECONDS + REST_SECONDS)
    uses = "\n".join(
        f'<g transform="translate(0 {(at - last) * height})">'
        + "".join(
            f'<use href="#l{number[line]}" y="{LINE * (row + 1)}"/>' for row, line in enumerate(frame) if line
        )
        + "</g>"
        for at, frame in enumerate(frames)
    )
    defined = "\n".join(f'<text id="l{at}">{line}</text>' for line, at in number.items() if line)
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {BAR + height}" role="img">
<title>make demo: {len(STORIES)} watches, each until it has ended</title>
<style>
text {{ font: {SIZE}px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace }}
text {{ white-space: pre; fill: {THEME.foreground_color.hex} }}
.strip {{ animation: play {last * FRAME_SECONDS + REST_SECONDS:g}s infinite }}
@keyframes play {{
  0% {{ transform: translateY({last * height}px); animation-timing-function: steps({last}) }}
  {played:.2%}, 100% {{ transform: none }}
}}
@media (prefers-reduced-motion: reduce) {{ .strip {{ animation: none }} }}
</style>
<defs>
{defined}
</defs>
<rect width="100%" height="100%" rx="8" fill="{THEME.background_color.hex}"/>
<text x="{MARGIN}" y="26">$ make demo</text>
<svg x="{MARGIN}" y="{BAR}" width="{width - MARGIN}" height="{height}">
<g class="strip">
{uses}
</g>
</svg>
</svg>
"""


def marked_up(line: list[Segment]) -> str:
    """A line's text in SVG: each piece of it begins at its column, whatever the font."""
    pieces, column = [], 0
    for text, style, _ in line:
        if text.strip():
            indent = len(text) - len(text.lstrip())
            x = round(CHARACTER * (column + indent), 1)
            pieces.append(f'<tspan x="{x:g}"{look(style or Style.null())}>{escape(text.strip())}</tspan>')
        column += len(text)
    return "".join(pieces)


def look(style: Style) -> str:
    """A style as attributes."""
    colour = style.color.get_truecolor(THEME) if style.color else THEME.foreground_color
    if style.dim:
        colour = blend_rgb(colour, THEME.background_color, 0.4)
    fill = "" if colour == THEME.foreground_color else f' fill="{colour.hex}"'
    return fill + (' font-weight="bold"' if style.bold else "")


if __name__ == "__main__":
    RECORDING.write_text(animation(record()), "utf-8")
