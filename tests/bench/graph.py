"""The live graph in a browser: how often it is drawn while 300 agents report a thousand events a second to a real node.

The peer is the same browser in the same run with a page on which nothing happens: what this machine can draw at all."""
import json
import subprocess

from row import Limit, Row
from servers import Troupe

SECONDS = 20   # a round; a page in use for a shorter time is still settling


def measure(setup):
    with Troupe(setup, TROUPE_WEB_ROOT=str(setup.web)) as server:
        seconds = 5 if setup.quick else SECONDS
        command = ["node", str(setup.source / "page_frames.mjs"), f"http://127.0.0.1:{server.port}", server.key, str(seconds)]
        run = subprocess.run(command, capture_output=True, text=True)
        if run.returncode != 0:
            raise RuntimeError(f"page_frames.mjs: {run.stderr.strip()[-2000:]}")
        return json.loads(run.stdout)


def graph(setup):
    """Frames of the live collaboration graph, 300 agents at 1,000 events/s."""
    found = [measure(setup) for _ in range(setup.rounds)]

    def of(figure):
        return {"troupe": [figure(one["live"]) for one in found], "idle page": [figure(one["idle"]) for one in found]}

    def frame(share):
        return lambda one: sorted(one["frames_ms"])[int(share * (len(one["frames_ms"]) - 1))]
    how = {"higher_is_better": False}
    taken = min(one["acknowledged"] for one in found)
    edges = max(one["edges"] for one in found)
    return [
        Row("live graph: frames drawn", "frames/s", of(lambda one: 1e3 * len(one["frames_ms"]) / sum(one["frames_ms"])), floor=(Limit(30),),
            note=f"300 agents, up to {edges} edges, at least {taken:.0f} events/s acknowledged; headless Chromium without a GPU"),
        Row("the same: a frame, p50", "ms", of(frame(0.5)), **how),
        Row("the same: a frame, p95", "ms", of(frame(0.95)), **how),
        Row("the same: share of the time in long tasks", "%", of(lambda one: 100 * sum(one["long_ms"]) / sum(one["frames_ms"])), **how),
        Row("the same: longest task", "ms", of(lambda one: max(one["long_ms"], default=0)), **how),
    ]
