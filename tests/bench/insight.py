"""The time of analytic queries over a day of events: each path of the insight pages, one client, one query at a time."""
import http.client
import statistics
import time

from load import load
from row import Limit, Row
from servers import Troupe

HOURS = 24
LOAD_SECONDS = 15  # of loading for each second of a measurement
QUERIES = 25       # of each path in a round
PATHS = {
    "tokens/summary": "", "tokens/by": "dimension=agent&series=true", "tokens/by, model": "dimension=model",
    "tokens/by, session": "dimension=session", "tokens/by, one agent": "dimension=model&agent_id=agent-0007",
    "tokens/projection": None, "memory/tier-stats": "", "knowledge/items": "", "collaboration/graph": "", "teams": "",
    "patterns": "", "traces": "limit=50", "traces, costliest": "limit=50&order=costliest",
}


def ask(connection, key, path, window):
    """The time of one answer in microseconds."""
    query = PATHS[path]
    parts = [part for part in (query, window) if part] if query is not None else []
    begin = time.perf_counter()
    connection.request("GET", f"/api/v2/{path.split(',')[0]}?{'&'.join(parts)}", headers={"Authorization": f"Bearer {key}"})
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{path}: {answer.status} {body[:300]}")
    return (time.perf_counter() - begin) * 1e6


def insight(setup):
    """Analytic queries over a day of events."""
    times, stored = {path: [] for path in PATHS}, []
    with Troupe(setup) as s:
        client = ("ingest", "--into", "troupe", "--clients", 8, "--batch", 500, "--spread-hours", HOURS)
        loaded = load(setup, *client, "--warm", 0, "--seconds", setup.seconds * LOAD_SECONDS, *s.client())
        stored.append(loaded["events"])
        connection = http.client.HTTPConnection("127.0.0.1", s.port)
        for _ in range(setup.rounds):
            now = int(time.time() * 1000)
            window = f"from={now - HOURS * 3_600_000}&to={now}"
            for path in PATHS:
                ask(connection, s.key, path, window)
                times[path].append(sorted(ask(connection, s.key, path, window) for _ in range(QUERIES)))
    note = f"{sum(stored) / 1e6:.1f} million events of {HOURS} h, 100 agents"
    everything = [sorted(t for path in PATHS for t in times[path][i]) for i in range(setup.rounds)]
    rows = [Row("analytic queries, all paths, p99", "us", {"troupe": [at(one, 0.99) for one in everything]},
                higher_is_better=False, floor=(Limit(100_000),), note=note)]
    for path in PATHS:
        p99 = statistics.median(at(one, 0.99) for one in times[path])
        rows.append(Row(f"{path}, p50", "us", {"troupe": [at(one, 0.5) for one in times[path]]},
                        higher_is_better=False, note=f"p99 {p99 / 1000:.1f} ms"))
    return rows


def at(ordered, share):
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
