"""The insight pages over many events: each path behind them, and the page itself in a browser.

One client, one query at a time. The window moves on by a minute before every query, as it does on a page that is left open:
no two ask the same. What is asked first, before anything was kept of it, is counted apart. --filled DIR keeps the store of
one run for the next, which then fills nothing."""
import http.client
import json
import subprocess
import sys
import time

from load import load
from row import Limit, Row
from servers import Troupe

HOURS = 24
EVENTS = 10_000_000
QUERIES = 20     # of each path in a round
OPENINGS = 3     # of each view in a round
PROBES = 100     # events whose way to the page is timed in a round
FILL_SECONDS = 3_600
FIRST_LOAD_BYTES = 400 * 1024
PATHS = {
    "tokens/summary": "", "tokens/by, agent": "dimension=agent&series=true", "tokens/by, model": "dimension=model",
    "tokens/by, session": "dimension=session", "tokens/by, one agent": "dimension=model&agent_id=agent-0007",
    "tokens/by, hour": "dimension=hour", "tokens/projection": None, "tokens/limits": None, "tokens/advice": "",
    "memory/tier-stats": "", "knowledge/items": "", "knowledge/heatmap": "", "knowledge/gaps": "", "knowledge/graph": "",
    "knowledge/hypotheses": "", "collaboration/graph": "", "collaboration/pairs": "", "teams": "", "patterns": "",
    "traces": "limit=50", "traces, costliest": "limit=50&order=costliest", "export/analytics": "format=json",
}


def fill(setup, server, kept):
    """Events of every kind all over the last hours. What was stored stands in 'kept', if it is there no more is done."""
    if kept.exists():
        return json.loads(kept.read_text())
    begin = time.monotonic()
    batches = ("--clients", 8, "--batch", 500, "--body", "mixed", "--spread-hours", HOURS)
    loaded = load(setup, "ingest", "--into", "troupe", *batches, "--events", setup.events or (EVENTS // 10 if setup.quick else EVENTS),
                  "--warm", 0, "--seconds", FILL_SECONDS, *server.client())
    filled = {"events": loaded["events"], "until_ms": int(time.time() * 1000), "seconds": time.monotonic() - begin}
    print(f"  filled: {json.dumps(filled)}", file=sys.stderr, flush=True)
    kept.write_text(json.dumps(filled))
    return filled


def ask(connection, key, path, until_ms):
    """The time of one answer in milliseconds."""
    query = PATHS[path]
    window = f"from={until_ms - HOURS * 3_600_000}&to={until_ms}"
    parts = [part for part in (query, window) if part] if query is not None else []
    begin = time.perf_counter()
    connection.request("GET", f"/api/v2/{path.split(',')[0]}?{'&'.join(parts)}", headers={"Authorization": f"Bearer {key}"})
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{path}: {answer.status} {body[:300]}")
    return (time.perf_counter() - begin) * 1e3


def queries(setup, server, filled):
    """Times of each path: of the first query of all, and of the others round by round."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    begin_ms = filled["until_ms"] - 60_000 * setup.rounds * QUERIES
    first = {path: ask(connection, server.key, path, begin_ms) for path in PATHS}
    times = {path: [] for path in PATHS}
    for number in range(setup.rounds):
        for path in PATHS:
            moved = [begin_ms + 60_000 * (number * QUERIES + i + 1) for i in range(QUERIES)]
            times[path].append(sorted(ask(connection, server.key, path, until) for until in moved))
    return first, times


def query_rows(setup, first, times, note):
    everything = [sorted(t for path in PATHS for t in times[path][i]) for i in range(setup.rounds)]
    how = {"higher_is_better": False}
    rows = [
        Row("analytic queries, all paths, p99", "ms", {"troupe": [at(one, 0.99) for one in everything]}, **how,
            floor=(Limit(100),), note=note),
        Row("the same, p50", "ms", {"troupe": [at(one, 0.5) for one in everything]}, **how),
        Row("each path's first query after the start, slowest", "ms", {"troupe": [max(first.values())]}, **how,
            note=f"{max(first, key=first.get)}; half of the paths {at(sorted(first.values()), 0.5):.1f} ms or less"),
    ]
    for path in PATHS:
        p99 = at(sorted(sum(times[path], [])), 0.99)
        rows.append(Row(f"{path}, p50", "ms", {"troupe": [at(one, 0.5) for one in times[path]]}, **how,
                        note=f"p99 {p99:.1f} ms, first {first[path]:.1f} ms"))
    return rows


def page_rows(setup, server, note):
    """What a browser sees."""
    command = ["node", str(setup.source / "page_time.mjs"), f"http://127.0.0.1:{server.port}", server.key, str(OPENINGS), str(PROBES)]
    rounds = []
    for _ in range(setup.rounds):
        run = subprocess.run(command, capture_output=True, text=True)
        if run.returncode != 0:
            raise RuntimeError(f"page_time.mjs: {run.stderr.strip()[-2000:]}")
        rounds.append({name: sorted(values) for name, values in json.loads(run.stdout).items()})
    def of(name, share):
        return {"troupe": [at(one[name], share) for one in rounds]}
    how = {"higher_is_better": False}
    return [
        Row("overview, from opening to usable, median", "ms", of("hour_ms", 0.5), **how, floor=(Limit(1_000),), goal=(Limit(500),),
            note=f"Chromium, nothing cached; {note}"),
        Row("the same over 24 h", "ms", of("day_ms", 0.5), **how, floor=(Limit(1_000),), goal=(Limit(500),)),
        Row("first load: files, as they come over the network", "B", {"troupe": [one["files_bytes"][-1] for one in rounds]}, **how,
            floor=(Limit(FIRST_LOAD_BYTES),), note="headers included"),
        Row("the same: answers of the API, compressed", "B", {"troupe": [one["answers_bytes"][-1] for one in rounds]}, **how),
        Row("event acknowledged to shown on the page, p99", "ms", of("shown_ms", 0.99), **how, floor=(Limit(100),),
            note="each when the one before was shown, so right after a drawing"),
        Row("the same, p50", "ms", of("shown_ms", 0.5), **how),
        Row("event acknowledged to message in the browser's socket, p99", "ms", of("socket_ms", 0.99), **how, goal=(Limit(20),),
            note="as the page's own thread sees it; a message before the acknowledgement counts as 0"),
        Row("the same, p50", "ms", of("socket_ms", 0.5), **how),
    ]


def insight(setup):
    """The insight pages over 10 million events of a day: their queries, and the page."""
    folder = setup.filled
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    with Troupe(setup, folder, TROUPE_WEB_ROOT=str(setup.web)) as server:
        filled = fill(setup, server, server.folder / "filled.json")
        note = f"{filled['events'] / 1e6:.1f} million events of {HOURS} h, 100 agents, filled in {filled['seconds']:.0f} s"
        return query_rows(setup, *queries(setup, server, filled), note) + page_rows(setup, server, note)


def at(ordered, share):
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
