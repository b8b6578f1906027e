"""Three servers that are one: Troupe, and what it is compared with. Each answers a write when a majority has it.

All of them run on this machine, on loopback and on the same disk, so a quorum costs three servers' work on its cores.
"""
import contextlib
import http.client
import json
import os
import socket
import subprocess

from servers import ADMIN_KEY, Etcd, Postgres, Server, Troupe, free_port, takes_connections, until

SIZE = 3


class Cluster:
    """`nodes` are Servers, begun in their order and ended in the other."""

    def __init__(self, setup):
        self.setup, self.nodes, self.started = setup, [], contextlib.ExitStack()

    def begin(self, node):
        """One more node: once it is launched it will be ended, whatever happens."""
        self.started.callback(node.remove)
        self.nodes.append(node)
        node.prepare()
        node.launch()

    def start(self):
        raise NotImplementedError

    def ports(self):
        """Where clients are sent to; they are dealt out over them."""
        return [node.port for node in self.nodes]

    def client(self):
        return ["--port", *self.ports(), "--pid", *(node.pid for node in self.nodes)]

    def wait(self, node):
        until(f"{node.name} to be ready", node.alive_and_ready)

    def __enter__(self):
        with self.started as undo:
            self.start()
            self.started = undo.pop_all()
        return self

    def __exit__(self, *_):
        self.started.close()


class TroupeCluster(Cluster):
    """The first node is founded, the others join by its invitation. Ready when each shard has three replicas and a
    leader, and each node leads as many."""

    def __init__(self, setup, **more):
        super().__init__(setup)
        self.more = more

    def start(self):
        for number in range(1, SIZE + 1):
            listen = f"127.0.0.1:{free_port()}"
            node = Troupe(self.setup, TROUPE_CLUSTER_LISTEN=listen, TROUPE_NODE_NAME=f"n{number}", **self.more)
            if number > 1:
                node.more["TROUPE_JOIN"] = self.invitation(node, f"n{number}", listen)
            self.begin(node)
            self.wait(node)
        until("each shard to have three replicas and a leader", self.settled, 120, 0.05)
        until("leaders to be spread", self.spread_leaders, 60)

    def ctl(self, at, *words):
        """troupectl on that node: whether it did it, and what it said."""
        run = subprocess.run([self.setup.programs / "troupectl", *words], env=at.environment(), capture_output=True, text=True)
        return run.returncode == 0, run.stderr

    def invitation(self, node, name, address):
        """A node may be ready a moment before its admin port is."""
        file = node.folder / "invitation"
        until(f"{name} to be invited", lambda: self.ctl(
            self.nodes[0], "node", "invite", name, "--address", address, "--out", str(file))[0], 10, 0.1)
        return str(file)

    def settled(self):
        shards = self.view()["shards"]
        return all(len(shard["replicas"]) == SIZE and shard["leader"] for shard in shards)

    def spread_leaders(self):
        """At once what the cluster does by itself, one shard every three seconds, so that no hand-over is measured."""
        view = self.view()
        led = {node["id"]: [shard["id"] for shard in view["shards"] if shard["leader"] == node["id"]] for node in view["nodes"]}
        fewest, most = min(led, key=lambda id: len(led[id])), max(led, key=lambda id: len(led[id]))
        if len(led[most]) - len(led[fewest]) <= 1:
            return True
        name = next(node["name"] for node in view["nodes"] if node["id"] == most)
        leader = next(node for node in self.nodes if node.more["TROUPE_NODE_NAME"] == name)
        self.ctl(leader, "transfer", str(led[most][-1]), fewest)  # refused where the view is older than the truth
        return False

    def view(self):
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.nodes[0].port, timeout=10)) as connection:
            connection.request("GET", "/api/v2/cluster", headers={"Authorization": f"Bearer {ADMIN_KEY}"})
            answer = connection.getresponse()
            body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"/api/v2/cluster: {answer.status} {body[:500]}")
        return json.loads(body)

    def client(self):
        return [*super().client(), "--key", ADMIN_KEY]


class Standby(Postgres):
    """Begins with a copy of the primary's folder from before its first start and follows its log."""

    def __init__(self, setup, primary, number):
        super().__init__(setup)
        self.primary, self.application = primary, f"s{number}"

    def prepare(self):
        self.find_programs()
        (self.folder / "data/standby.signal").touch()
        if self.uid is not None:
            os.chown(self.folder / "data/standby.signal", self.uid, -1)
        self.settings = self.settings | {
            "max_connections": "100",  # no fewer than initdb has noted, or it does not start
            "primary_conninfo": f"host=127.0.0.1 port={self.primary.port} user=bench application_name={self.application}"}

    def ready(self):
        return "started streaming WAL" in self.log()


class Primary(Postgres):
    settings = Postgres.settings | {"synchronous_standby_names": "ANY 1 (s1, s2)", "synchronous_commit": "on"}


class PostgresQuorum(Cluster):
    """A primary that waits for one of two streaming standbys to have each commit on its disk."""

    def start(self):
        primary = Primary(self.setup)
        standbys = [Standby(self.setup, primary, number) for number in range(1, SIZE)]
        for standby in standbys:
            self.started.callback(standby.remove)
        self.started.callback(primary.remove)
        primary.prepare()
        for standby in standbys:
            subprocess.run(["cp", "-a", primary.folder / "data", standby.folder / "data"], check=True)
        primary.launch()
        self.nodes.append(primary)
        self.wait(primary)
        for standby in standbys:
            self.begin(standby)
            self.wait(standby)
        until("both standbys to count for commits", lambda: primary.log().count("is now a candidate for quorum") == len(standbys))

    def client(self):
        return [*self.nodes[0].client()[:2], "--pid", *(node.pid for node in self.nodes)]


class EtcdMember(Etcd):
    def __init__(self, setup, number):
        super().__init__(setup)
        self.member, self.peer, self.members = f"m{number}", f"http://127.0.0.1:{free_port()}", []

    def command(self):
        here = f"http://127.0.0.1:{self.port}"
        return [str(self.setup.peers / "usr/bin/etcd"), "--name", self.member, "--data-dir", str(self.folder / "data"),
                "--listen-client-urls", here, "--advertise-client-urls", here, "--listen-peer-urls", self.peer,
                "--initial-advertise-peer-urls", self.peer, "--quota-backend-bytes", str(8 << 30),
                "--initial-cluster", ",".join(f"{m.member}={m.peer}" for m in self.members)]

    def leads(self):
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)) as connection:
            connection.request("POST", "/v3/maintenance/status", "{}")
            status = json.loads(connection.getresponse().read())
        return status["leader"] == status["header"]["member_id"]


class EtcdCluster(Cluster):
    """Clients go to its leader, which spares a hop."""

    def start(self):
        members = [EtcdMember(self.setup, number) for number in range(SIZE)]
        for member in members:
            member.members = members
            self.begin(member)
        for member in members:
            self.wait(member)

    def ports(self):
        return [until("etcd to have a leader", lambda: next((m.port for m in self.nodes if m.leads()), None))]


class NatsMember(Server):
    name = "nats"

    def __init__(self, setup, number):
        super().__init__(setup)
        self.member, self.route, self.members = f"j{number}", free_port(), []

    def prepare(self):
        routes = ", ".join(f'"nats://127.0.0.1:{m.route}"' for m in self.members)
        (self.folder / "nats.conf").write_text(
            f'server_name: {self.member}\nlisten: "127.0.0.1:{self.port}"\n'
            f'jetstream {{ store_dir: "{self.folder}/data" }}\n'
            f'cluster {{ name: bench, listen: "127.0.0.1:{self.route}", routes: [{routes}] }}\n')

    def command(self):
        return [str(self.setup.peers / "usr/sbin/nats-server"), "-c", "nats.conf"]

    def ready(self):
        return takes_connections(self.port)

    def request(self, subject, body):
        """One request by NATS' own protocol; None when nobody answers in time."""
        body = json.dumps(body)
        with contextlib.suppress(TimeoutError, ConnectionError), \
                socket.create_connection(("127.0.0.1", self.port), 2) as to, to.makefile("rb") as lines:
            to.sendall(f"CONNECT {{}}\r\nSUB _INBOX.bench 1\r\nPUB {subject} _INBOX.bench {len(body)}\r\n{body}\r\n".encode())
            for line in lines:
                if line.startswith(b"MSG "):
                    return json.loads(lines.read(int(line.split()[-1])))
        return None


class JetStream(Cluster):
    """A stream of three replicas on files; clients go to its leader. NATS 2.9 acknowledges what a majority has written
    but not synced, and has no setting for it."""

    def start(self):
        members = [NatsMember(self.setup, number) for number in range(SIZE)]
        for member in members:
            member.members = members
            self.begin(member)
        for member in members:
            self.wait(member)
        self.leader = until("the stream to have a leader", self.create, 60, 0.2)

    def create(self):
        made = self.nodes[0].request("$JS.API.STREAM.CREATE.events", {
            "name": "events", "subjects": ["events"], "num_replicas": SIZE, "storage": "file", "retention": "limits",
            "max_consumers": -1, "max_msgs": -1, "max_bytes": -1, "max_age": 0, "discard": "old"})
        return ((made or {}).get("cluster") or {}).get("leader")

    def ports(self):
        return [node.port for node in self.nodes if node.member == self.leader]
