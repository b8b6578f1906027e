"""The figures: for each, who takes part, what is measured of them in a round, and the rows that come of it.

A figure's function gets the setup and returns Rows. What is about memory and start-up is in resources.py, what is about
three nodes in quorum.py.
"""
import graph
import insight
import quorum
import resources
from load import column, load, rounds, timed
from row import Limit, Row
from servers import Nats, Postgres, Redis, SocketIo, Troupe, Ws


# Durable events.

def ingest(setup, server, into, *more):
    with server(setup) as s:
        return load(setup, "ingest", "--into", into, *more, *timed(setup), *s.client())


def refusals(results):
    """What a row must say when batches were refused (and sent again at once): a share in percent."""
    refused, taken = sum(column(results, "failures")), sum(column(results, "batch_count"))
    return f"; {100 * refused / (refused + taken):.0f} % of requests refused" if refused else ""


def durable(setup):
    """Durable events a second."""
    batch = ("--clients", 8, "--batch")
    found = rounds(setup, {
        "troupe": lambda: ingest(setup, Troupe, "troupe", *batch, 500),
        "PostgreSQL": lambda: ingest(setup, Postgres, "postgres", *batch, 100),
        "Redis": lambda: ingest(setup, Redis, "redis", *batch, 500),
        "troupe 100": lambda: ingest(setup, Troupe, "troupe", *batch, 100),
        "troupe no ids": lambda: ingest(setup, Troupe, "troupe", *batch, 500, "--body", "ndjson-no-ids"),
    })
    rate = {name: column(results, "events_per_second") for name, results in found.items()}
    peers = {name: rate[name] for name in ("PostgreSQL", "Redis")}
    limits = {"floor": (Limit(1, "PostgreSQL"),), "goal": (Limit(1.25, "Redis"),)}
    return [
        Row("durable events, 8 clients x 500 a request", "events/s", {"troupe": rate["troupe"], **peers}, **limits,
            note="PostgreSQL 8 x 100-row inserts, Redis 8 x 500 XADD pipelined" + refusals(found["troupe"])),
        Row("the same, 100 a request", "events/s", {"troupe": rate["troupe 100"], **peers},
            note=refusals(found["troupe 100"])[2:]),
        Row("the same, 500 a request, ids given by the server", "events/s", {"troupe": rate["troupe no ids"], **peers},
            note=refusals(found["troupe no ids"])[2:]),
    ]


def one_event(setup):
    """The time of one acknowledged event, one client."""
    one = ("--clients", 1, "--batch", 1)
    found = rounds(setup, {
        "troupe": lambda: ingest(setup, Troupe, "troupe", *one),
        "PostgreSQL": lambda: ingest(setup, Postgres, "postgres", *one),
    })
    limits = {"floor": (Limit(2, "PostgreSQL"),), "goal": (Limit(1, "PostgreSQL"),)}
    return [Row(f"one acknowledged event, {p}", "us", {name: column(results, f"batch_{p}_us")
                                                        for name, results in found.items()},
                higher_is_better=False, **limits) for p in ("p50", "p99")]


def otlp(setup):
    """OTLP spans a second and core of the server, acknowledged, beside NDJSON events."""
    size = ("--clients", 8, "--batch", 500)
    found = rounds(setup, {
        "troupe": lambda: ingest(setup, Troupe, "troupe", *size, "--body", "otlp"),
        "own NDJSON": lambda: ingest(setup, Troupe, "troupe", *size, "--body", "ndjson-no-ids"),
    })
    per_core = {name: [r["events"] / r["server_cpu_seconds"] for r in results] for name, results in found.items()}
    return [Row("OTLP protobuf spans per CPU second of the server", "spans/s", per_core, floor=(Limit(100_000),),
                goal=(Limit(200_000),), note="8 clients x 500 spans a request" + refusals(found["troupe"])),
            Row("the same, whole machine", "spans/s", {n: column(r, "events_per_second") for n, r in found.items()})]


# Fan-out.

LIVE = {"troupe": (Troupe, "troupe"), "NATS": (Nats, "nats"), "ws": (Ws, "ws"), "socket.io": (SocketIo, "socket.io")}


def fan(setup, who, *more):
    server, name = LIVE[who]
    with server(setup) as s:
        result = load(setup, "fanout", "--server", name, *more, *timed(setup), *s.client())
    if result["missing"] or result["closed"]:
        raise RuntimeError(f"{who}: {result['missing']} deliveries missing, {result['closed']} sockets closed")
    return result


def unpublished(results):
    """What a row must say when publishes were refused (429 or 503)."""
    refused, published = sum(column(results, "refused")), sum(column(results, "published"))
    return f"{100 * refused / published:.1g} % of events refused" if refused else ""


def fanout(setup):
    """Fan-out of 200 bytes to 100 and to 1,000 sockets, saturated."""
    rows = []
    for sockets, goal in ((100, 1.25), (1000, 2.4)):
        size = ("--sockets", sockets, "--window", 256, "--in-flight", 64)
        contenders = {who: lambda who=who: fan(setup, who, *size) for who in ("troupe", "NATS", "ws")}
        contenders["troupe 16"] = lambda: fan(setup, "troupe", *size, "--batch", 16)
        found = rounds(setup, contenders)
        rate = {name: column(results, "deliveries_per_second") for name, results in found.items()}
        peers = {name: rate[name] for name in ("NATS", "ws")}
        limits = {"floor": (Limit(5, "ws"),), "goal": (Limit(goal, "NATS"),)}
        rows.append(Row(f"fan-out to {sockets} sockets, one event a request", "deliveries/s",
                        {"troupe": rate["troupe"], **peers}, **limits, note=unpublished(found["troupe"])))
        rows.append(Row(f"the same to {sockets}, 16 events a request", "deliveries/s",
                        {"troupe": rate["troupe 16"], **peers}, **limits, note=unpublished(found["troupe 16"])))
    return rows


def paced(setup):
    """One publisher to 1,000 sockets, 50 messages a second: how late they are."""
    found = rounds(setup, {who: lambda who=who: fan(setup, who, "--sockets", 1000, "--rate", 50) for who in LIVE})
    late = {name: column(results, "late_p99_us") for name, results in found.items()}
    best = min((name for name in late if name != "troupe"), key=lambda name: sorted(late[name])[len(late[name]) // 2])
    limits = {"floor": (Limit(1, best),), "goal": (Limit(0.65, best),)}
    return [Row("1 to 1,000 sockets, 50/s, p99", "us", late, higher_is_better=False, **limits,
                note=f"from the intended send; best peer: {best}"),
            Row("the same, p50", "us", {name: column(results, "late_p50_us") for name, results in found.items()},
                higher_is_better=False)]


def acknowledged(setup):
    """From an event's acknowledgement to its frame in 100 sockets."""
    found = rounds(setup, {who: lambda who=who: fan(setup, who, "--sockets", 100, "--rate", 100)
                           for who in ("troupe", "NATS")})
    late = {name: column(results, "late_p99_us") for name, results in found.items()}
    after = column(found["troupe"], "after_ack_p99_us")
    return [Row("event acknowledged to frame in 100 sockets, p99", "us", {"troupe": after, "NATS": late["NATS"]},
                higher_is_better=False, floor=(Limit(2, "NATS"),), goal=(Limit(1, "NATS"), Limit(5000)),
                note="NATS acknowledges nothing: from its send; a frame before the acknowledgement counts as 0"),
            Row("the same from the intended send, p99", "us", late, higher_is_better=False,
                note="Troupe's includes the sync to disk")]


def overload(setup):
    """Three times what it can do: what is refused, and the time of what is taken."""
    size = ("--batch", 100)
    def measure():
        with Troupe(setup) as s:
            here = ("--port", s.port, "--key", s.key)
            most = load(setup, "ingest", "--clients", 64, "--body", "ndjson-no-ids", *size, *timed(setup), *s.client())
            rate = most["events_per_second"] / 100
            calm = load(setup, "overload", *size, *timed(setup), *here, "--rate", rate / 10)
            return load(setup, "overload", *size, *timed(setup), *here, "--rate", rate * 3) | {
                "capacity": most["events_per_second"], "calm_p99_us": calm["accepted_p99_us"],
                "calm_p50_us": calm["accepted_p50_us"]}
    found = rounds(setup, {"troupe": measure})["troupe"]
    times = {"troupe": column(found, "accepted_p99_us"), "unloaded": column(found, "calm_p99_us")}
    badly = [100 * r["refused_badly"] / max(1, r["sent"]) for r in found]
    return [
        Row("offered 3x capacity: p99 of accepted requests", "us", times, higher_is_better=False,
            floor=(Limit(3, "unloaded"),), goal=(Limit(2, "unloaded"),),
            note="100 events a request, from the intended send; unloaded: a tenth of capacity"),
        Row("the same: answers that are neither 200 nor 429 or 503 with Retry-After", "%", {"troupe": badly},
            higher_is_better=False, floor=(Limit(0, text="none"),), goal=(Limit(0, text="none"),)),
        Row("the same: refused", "%", {"troupe": [100 * r["refused"] / max(1, r["sent"]) for r in found]},
            higher_is_better=False),
        Row("the same: events accepted", "events/s", {"troupe": column(found, "accepted_events_per_second"),
                                                      "at capacity": column(found, "capacity")}),
    ]


FIGURES = {
    "durable": durable, "one_event": one_event, "otlp": otlp, "fanout": fanout, "paced": paced,
    "acknowledged": acknowledged, "overload": overload, "sockets": resources.sockets, "many": resources.many,
    "start": resources.start, "memory": resources.memory, "cluster": quorum.cluster,
    "insight": insight.insight, "graph": graph.graph,
}
