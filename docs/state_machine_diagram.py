"""Draws the state machine into docs/explanation/how-it-works.md, as a Mermaid flowchart between two markers.

`python docs/state_machine_diagram.py` rewrites the page.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
DEFINITION = ROOT / "statemachine" / "export_watch.asl.json"
PAGE = ROOT / "docs" / "explanation" / "how-it-works.md"
BEGIN = "<!-- state machine: drawn by `make diagram` -->"
END = "<!-- end of state machine -->"

SHAPES = {"Wait": ("(", ")"), "Task": ("[", "]"), "Choice": ("{", "}"), "Pass": ("[/", "/]")}
"""How each type of state is drawn: rounded, a box, a diamond, a slanted box."""


def diagram(machine: dict[str, Any]) -> str:
    """The Mermaid text of a state machine: a line for each state, then a line for each way out of one."""
    lines = ["flowchart TD", f'    Start(("start")) --> {node(machine["StartAt"])}']
    for name, state in machine["States"].items():
        begin, end = SHAPES[state["Type"]]
        lines.append(f'    {node(name)}{begin}"{label(name, state)}"{end}')
    lines.append('    End(("end"))')
    for name, state in machine["States"].items():
        for text, after in ways_out(state):
            arrow = f'-->|"{text}"|' if text else "-->"
            lines.append(f"    {node(name)} {arrow} {node(after)}")
    return "\n".join(lines)


def node(name: str) -> str:
    """An identifier for Mermaid: begins with a capital, so it is none of its words (`end`, `default`)."""
    return "".join(word.capitalize() for word in re.findall(r"[A-Za-z0-9]+", name))


def label(name: str, state: dict[str, Any]) -> str:
    """What stands in a state's shape: its name, and how long it waits if that is constant."""
    return f"{name}<br/>{state['Seconds']} s" if "Seconds" in state else name


def ways_out(state: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The states that may follow, each with what leads there.

    A failure that leads where success does shares its way.
    """
    for choice in state.get("Choices", []):
        yield choice.get("StringEquals", ""), choice["Next"]
    if "Default" in state:
        yield "", state["Default"]
    caught = {catch["Next"] for catch in state.get("Catch", [])}
    tries = 1 + sum(retry["MaxAttempts"] for retry in state.get("Retry", []))
    if after := state.get("Next", "end" if state.get("End") else None):
        also = f"also after {tries} failed attempts" if tries > 1 else "also if it fails"
        yield also if after in caught else "", after
    for failed in sorted(caught - {after}):
        yield f"{tries} failed attempts", failed


def redrawn(page: str, drawing: str) -> str:
    """The page's text with the drawing between its markers."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{PAGE.name} lacks the markers {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n```mermaid\n{drawing}\n```\n\n{END}{after}"


if __name__ == "__main__":
    drawing = diagram(json.loads(DEFINITION.read_text("utf-8")))
    PAGE.write_text(redrawn(PAGE.read_text("utf-8"), drawing), "utf-8")
