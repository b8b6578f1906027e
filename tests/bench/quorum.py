"""The figures of three nodes: what is acknowledged is with a majority of them.

Each contender is started once a round and takes its loads one after the other, the lightest first.
"""
import os
import pathlib
import time

from clusters import EtcdCluster, JetStream, PostgresQuorum, TroupeCluster
from load import load, rounds, timed
from row import Limit, Row
from servers import until

MIB = 2**20
IN_FLIGHT = 128  # puts or messages of each client, where an event is one
IDLE_SECONDS = 10
IDLE_SHARDS = 64


def status(node, key):
    """Bytes from /proc/PID/status."""
    lines = pathlib.Path(f"/proc/{node.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(key + ":"))


def take(setup, cluster_class, into, loads):
    """{load: what the client found}, and the largest resident set any node has had."""
    with cluster_class(setup) as cluster:
        found = {}
        for name, (clients, batch) in loads.items():
            found[name] = load(setup, "ingest", "--into", into, "--clients", clients, "--batch", batch, *timed(setup),
                               *cluster.client())
            if not found[name]["events"]:
                raise RuntimeError(f"{into}: nothing was acknowledged: {cluster.nodes[0].log()[-2000:]}")
        return found | {"peak_mib": max(status(node, "VmHWM") for node in cluster.nodes) / MIB}


def busy_seconds(node):
    """CPU time of a process so far, its own threads'."""
    fields = pathlib.Path(f"/proc/{node.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def idle(setup, cluster_class, **more):
    """Percent of a core that the busiest node takes when nobody asks it for anything."""
    with cluster_class(setup, **more) as cluster:
        def pause(seconds):
            end = time.monotonic() + seconds
            until("time to pass", lambda: time.monotonic() > end, seconds + 5, 0.25)
        pause(3)  # for what a start leaves to do
        before, began = [busy_seconds(node) for node in cluster.nodes], time.monotonic()
        pause(IDLE_SECONDS)
        took = time.monotonic() - began
        each = [100 * (busy_seconds(node) - b) / took for node, b in zip(cluster.nodes, before)]
        return {"percent": max(each), "each": each, "resident_mib": max(status(n, "VmRSS") for n in cluster.nodes) / MIB}


def refusals(results, name):
    """What a row must say when requests were refused (and made again at once)."""
    refused = sum(result[name]["failures"] for result in results)
    taken = sum(result[name]["batch_count"] for result in results)
    return f"; {100 * refused / (refused + taken):.1g} % of requests refused" if refused else ""


def cluster(setup):
    """Three nodes beside PostgreSQL's quorum, etcd and JetStream: writes, memory, idle processor time."""
    one, singles = (1, 1), {"one": (1, 1), "many": (8, IN_FLIGHT)}
    found = rounds(setup, {
        "troupe": lambda: take(setup, TroupeCluster, "troupe", {"one": one, "100": (8, 100), "500": (8, 500)}),
        "PostgreSQL": lambda: take(setup, PostgresQuorum, "postgres", {"one": one, "many": (8, 100)}),
        "etcd": lambda: take(setup, EtcdCluster, "etcd", singles),
        "JetStream": lambda: take(setup, JetStream, "jetstream", singles),
    })
    # Once is enough: it hardly differs, and a cluster of so many shards takes long to found.
    at_rest = {"troupe": [idle(setup, TroupeCluster, TROUPE_SHARDS=str(IDLE_SHARDS))], "etcd": [idle(setup, EtcdCluster)]}
    return [*many_events(found), *single_event(found), *resources(found, at_rest)]


def many_events(found):
    def each(mine, figure, peers):
        return {name: [figure(r[mine if name == "troupe" else "many"]) for r in found[name]] for name in ("troupe", *peers)}

    def rate(result):
        return result["events_per_second"]

    def per_cpu(result):
        return result["events"] / result["server_cpu_seconds"]
    limits = {"floor": (Limit(1, "PostgreSQL"),), "goal": (Limit(2, "PostgreSQL"),)}
    return [
        Row("three nodes, durable on two: 8 clients x 500 a request", "events/s", each("500", rate, ["PostgreSQL"]), **limits,
            note="to all three nodes; PostgreSQL with a quorum of standbys, 8 x 100-row inserts" + refusals(found["troupe"], "500")),
        Row("the same, 100 a request", "events/s", each("100", rate, ["PostgreSQL"]), **limits,
            note=refusals(found["troupe"], "100")[2:]),
        Row("the same, 500 a request, beside puts", "events/s", each("500", rate, ["etcd", "JetStream"]),
            floor=(Limit(12, "etcd"),),
            note=f"etcd and JetStream 8 x {IN_FLIGHT} in flight, each one event; NATS 2.9 answers before it syncs"),
        Row("the same, 500 a request, per CPU second of the three nodes", "events/s",
            each("500", per_cpu, ["PostgreSQL", "etcd", "JetStream"])),
    ]


def single_event(found):
    limits = {"floor": (Limit(2, "PostgreSQL"),), "goal": (Limit(1, "PostgreSQL"),)}
    return [Row(f"three nodes, one acknowledged event, {p}", "us",
                {name: [r["one"][f"batch_{p}_us"] for r in results] for name, results in found.items()},
                higher_is_better=False, **limits) for p in ("p50", "p99")]


def resources(found, at_rest):
    memory = {name: [r["peak_mib"] for r in found[name]] for name in ("troupe", "etcd", "JetStream")}
    percent = {name: [r["percent"] for r in results] for name, results in at_rest.items()}
    events = [sum(r[load]["events"] for load in ("one", "100", "500")) for r in found["troupe"]]
    resting = max(r["resident_mib"] for r in at_rest["troupe"])
    return [
        Row("three nodes, memory of one under that load", "MiB", memory, higher_is_better=False,
            note=f"the largest resident set of any node, after up to {max(events) / 1000:.0f} k events in the measured time"),
        Row(f"three idle nodes with {IDLE_SHARDS} shards: processor time of one", "% of a core", percent,
            higher_is_better=False, floor=(Limit(5),),
            note=f"of the busiest node, once, over {IDLE_SECONDS} s; resident set up to {resting:.0f} MiB"),
    ]
