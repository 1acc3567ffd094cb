"""The benchmark of the sandbox: the demo to its first notification, a day in virtual time, and the test suite."""

import re
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from benchmarks.benchmark import Benchmark, Measured, Ratio
from benchmarks.document import table
from sandbox.aws import VirtualClock, deploy
from sandbox.emarsys import EmarsysServer, parse

SEED = 0
"""Nothing is drawn: the clock is virtual, and starts at one moment."""

ROOT = Path(__file__).parents[2]
START = 1_800_000_000
DAY_SECONDS = 86_400
FEW, MANY = 4, 20
ROUNDS = 3
CREDENTIALS = {"client_id": "benchmark-client", "client_secret": "benchmark-secret"}
NOTIFICATION = re.compile(rb"\d:\d\d:\d\d +\w+_\d+ ")
"""How a line of the demo begins that tells a notification."""


def run(quick: bool) -> Measured:
    """Everything, and nothing where it shall be quick: see `ratios`."""
    if quick:
        return {}
    _watch(1)  # the first deployment of a process reads the descriptions of AWS's services
    rounds = [{at_once: _watch(at_once) for at_once in (1, FEW)} for _ in range(ROUNDS)]
    at_once = {number: _medians([each[number] for each in rounds]) for number in rounds[0]}
    return {
        "rounds": len(rounds),
        "at_once": {str(number): of for number, of in {**at_once, MANY: _watch(MANY)}.items()},
        "demo": _medians([_demo() for _ in rounds]),
        "suite": _suite(),
    }


def _medians(rounds: list[dict[str, float]]) -> dict[str, float]:
    return {figure: median(each[figure] for each in rounds) for figure in rounds[0]}


def _watch(exports: int) -> dict[str, float]:
    """Real seconds of a deployment, and of a day in which so many exports do not end."""
    lives = {number: {"timeline": [{"at": 0, "status": "in progress"}]} for number in range(1, exports + 1)}
    clock = VirtualClock(START)
    scenario = parse(
        {
            "credentials": {"oauth": {CREDENTIALS["client_id"]: CREDENTIALS["client_secret"]}},
            "exports": lives,
        }
    )
    with EmarsysServer(scenario, clock=clock.now) as emarsys:
        begin = time.perf_counter()
        with deploy(emarsys.parameters, secrets={"default": CREDENTIALS}, clock=clock) as deployment:
            deployed = time.perf_counter()
            for number in lives:
                deployment.announce({"export_id": number})
            assert deployment.run()
            ended = time.perf_counter()
            outcomes = [told.attributes["outcome"] for told in deployment.notifications]
            assert outcomes == ["expired"] * exports
            checks = sum(told.message["data"]["watch"]["checks"] for told in deployment.notifications)
    return {"deploy": deployed - begin, "run": ended - deployed, "checks": checks}


def _demo() -> dict[str, float]:
    """Real seconds of `python -m sandbox demo`, where nobody looks on, so that its waits take no time."""
    begin = time.perf_counter()
    first = None
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "sandbox", "demo"], cwd=ROOT, stdout=subprocess.PIPE
    ) as demo:
        assert demo.stdout is not None
        for line in demo.stdout:
            if first is None and NOTIFICATION.match(line):
                first = time.perf_counter() - begin
    assert demo.returncode == 0
    assert first is not None
    return {"first": first, "end": time.perf_counter() - begin}


def _suite() -> dict[str, float]:
    """Real seconds of `make test` once everything is installed, and how many tests it is."""
    begin = time.perf_counter()
    command = [sys.executable, "-m", "pytest", "--quiet", "--numprocesses", "auto", "--dist", "worksteal"]
    what = ["tests", "--ignore", "tests/stack/faults"]
    done = subprocess.run([*command, *what], cwd=ROOT, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - begin
    passed = re.search(r"(\d+) passed", done.stdout)
    assert done.returncode == 0, done.stdout[-2000:]
    assert passed
    return {"seconds": seconds, "tests": int(passed[1])}


def tables(measured: Measured) -> dict[str, str]:
    """The Markdown of each table, by the name of its marker."""
    demo, suite = measured["demo"], measured["suite"]
    rows = [
        ["the demo, to the first notification, waits left out", f"{demo['first']:.1f} s", "", ""],
        ["the demo, to its end, waits left out", f"{demo['end']:.1f} s", "", ""],
        ["a further deployment of the template", f"{measured['at_once']['1']['deploy']:.2f} s", "", ""],
        *(_day(of, number) for number, of in measured["at_once"].items()),
        [f"the test suite, {suite['tests']:,} tests", f"{suite['seconds']:.0f} s", "", ""],
    ]
    return {"sandbox": table(["on the sandbox", "real time", "checks", "faster than life"], rows)}


def _day(of: dict[str, float], number: str) -> list[str]:
    return [
        f"24 hours, {'one watch' if number == '1' else f'{number} watches at once'}",
        f"{of['run']:.1f} s",
        f"{of['checks']:,.0f}",
        f"{DAY_SECONDS / of['run']:,.0f} times",
    ]


def ratios(_: Measured) -> dict[str, Ratio]:
    """None: the real time of many threads varies by a fifth from one run to the next, and would hide a rise by less."""
    return {}


def pictures(_: Measured) -> dict[str, str]:
    """None: a table says it."""
    return {}


SANDBOX = Benchmark("sandbox", SEED, run, tables, pictures, ratios)
