"""The figures about memory and start-up."""
import base64
import contextlib
import http.client
import json
import os
import pathlib
import resource
import shutil
import subprocess
import tempfile

from load import column, load, rounds
from row import Limit, Row
from servers import Etcd, Mosquitto, Troupe, Ws, settled

KIB, MIB, GIB = 2**10, 2**20, 2**30


@contextlib.contextmanager
def held_sockets(setup, server, dialect, count, *more):
    """`count` sockets open to the server; yields a function that has the client show that they live."""
    key = ["--key", server.key] if dialect.startswith("troupe") else []
    command = [setup.programs / "bench", "idle", "--server", dialect, "--port", server.port, "--sockets", count, *key, *more]
    client = subprocess.Popen(list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        line = client.stdout.readline()
        if not line:
            raise RuntimeError(f"{server.name}: not all of {count} sockets could be opened")

        def check():
            client.stdin.write("\n")
            client.stdin.flush()
            return json.loads(client.stdout.readline())
        yield check
    finally:
        client.kill()
        client.wait()


def per_socket(setup, server_class, dialect, count, *more, **how):
    with server_class(setup, **how) as server:
        before = settled(server)
        with held_sockets(setup, server, dialect, count, *more) as check:
            after = settled(server)
            live = check()
        if live["still_open"] < count or live.get("reached", count) < count:
            raise RuntimeError(f"{server.name}: of {count} sockets not all are live: {live}")
        return {"kib": (after - before) / KIB / count, "total_mib": after / MIB} | live


def sockets(setup):
    """Memory of the server for an idle socket, at 10,000."""
    count = 10_000
    found = rounds(setup, {
        "troupe": lambda: per_socket(setup, Troupe, "troupe-bare", count),
        "joined": lambda: per_socket(setup, Troupe, "troupe", count),
        "ws": lambda: per_socket(setup, Ws, "ws", count),
        "mosquitto": lambda: per_socket(setup, Mosquitto, "mosquitto", count),
    })
    kib = {name: column(results, "kib") for name, results in found.items()}
    joined = kib.pop("joined")
    limits = {"floor": (Limit(6),), "goal": (Limit(1.5),)}
    peers = {name: kib[name] for name in ("ws", "mosquitto")}
    return [Row("memory per idle socket, at 10,000", "KiB", kib, higher_is_better=False, **limits,
                note="growth of the resident set; mosquitto's are plain MQTT"),
            Row("the same, each joined to a topic", "KiB", {"troupe": joined, **peers}, higher_is_better=False)]


def many(setup):
    """100,000 sockets live at once, or as many as a process may have descriptors: an event reaches all of them."""
    wanted, allowed = 100_000, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 1000
    count = min(wanted, allowed)
    found = rounds(setup, {"troupe": lambda: per_socket(
        setup, Troupe, "troupe", count, "--per-source", 10_000, TROUPE_CONNECTIONS_MAX=str(count + 1000))})["troupe"]
    last = found[-1]
    note = (f"resident set {last['total_mib']:.0f} MiB, {last['kib']:.2f} KiB a socket; the event was with all after "
            f"{last['reached_in_seconds']:.2f} s")
    if count < wanted:
        note += f"; this machine lets no process have more than {allowed + 1000} descriptors"
    return [Row("sockets live at once, joined, each got an event", "sockets", {"troupe": column(found, "reached")},
                goal=(Limit(wanted),), note=note)]


# Start-up.

def started(setup, server, path):
    """Milliseconds from the start of the process to its first good answer."""
    port = server.ops if isinstance(server, Troupe) else server.port
    return load(setup, "ready", "--port", port, "--path", path, "--", *server.command(), env=server.environment(),
                cwd=server.folder)


def start_empty(setup, server_class, path):
    server = server_class(setup)
    try:
        return started(setup, server, path)
    finally:
        server.remove()


def size_of(folder):
    return sum(file.stat().st_size for file in pathlib.Path(folder).rglob("*") if file.is_file())


def fill_troupe(setup, folder):
    with Troupe(setup, folder) as server:
        while size_of(server.folder) < GIB:
            load(setup, "ingest", "--clients", 16, "--batch", 1000, "--warm", 0, "--seconds", 5, *server.client())


def fill_etcd(setup, folder):
    with Etcd(setup, folder) as server, contextlib.closing(http.client.HTTPConnection("127.0.0.1", server.port)) as to:
        while size_of(server.folder / "data/member/snap") < GIB:
            body = {"key": base64.b64encode(os.urandom(16)).decode(), "value": base64.b64encode(os.urandom(MIB)).decode()}
            to.request("POST", "/v3/kv/put", json.dumps(body))
            answer = to.getresponse()
            if answer.status != 200:
                raise RuntimeError(f"etcd: {answer.status} {answer.read()[:200]}")
            answer.read()


def start(setup):
    """From the start of the process to ready: with an empty directory, and with 1 GiB of data."""
    empty = rounds(setup, {"troupe": lambda: start_empty(setup, Troupe, "/readyz"),
                           "etcd": lambda: start_empty(setup, Etcd, "/health")})
    with contextlib.ExitStack() as folders:
        full = {}
        for server_class, fill in ((Troupe, fill_troupe), (Etcd, fill_etcd)):
            folder = tempfile.mkdtemp(dir=setup.folder)
            folders.callback(shutil.rmtree, folder, ignore_errors=True)
            fill(setup, folder)
            full[server_class.name] = server_class(setup, folder)
        filled = rounds(setup, {"troupe": lambda: started(setup, full["troupe"], "/readyz"),
                                "etcd": lambda: started(setup, full["etcd"], "/health")})
    def ms(found):
        return {name: column(results, "ready_ms") for name, results in found.items()}
    return [Row("empty directory to ready", "ms", ms(empty), higher_is_better=False, floor=(Limit(100),), goal=(Limit(15),)),
            Row("1 GiB of data to ready", "ms", ms(filled), higher_is_better=False, floor=(Limit(2000),), goal=(Limit(500),),
                note="stopped in order before; the files are in the page cache; ready: /readyz and etcd's /health")]


def memory(setup):
    """Memory of an idle node."""
    def resident(server_class):
        with server_class(setup) as server:
            return {"mib": settled(server) / MIB, "anonymous_mib": server.memory()["RssAnon"] / MIB}
    found = rounds(setup, {"troupe": lambda: resident(Troupe), "etcd": lambda: resident(Etcd)})
    return [Row("idle memory of one node", "MiB", {name: column(r, "mib") for name, r in found.items()},
                higher_is_better=False, floor=(Limit(48),), goal=(Limit(24),), note="resident set, some seconds after the start"),
            Row("the same, without pages of files", "MiB", {name: column(r, "anonymous_mib") for name, r in found.items()},
                higher_is_better=False)]
