"""The servers of a bench run: each starts in a folder of its own on the same disk, on free ports of loopback, says when
it is ready, and is ended by its pid. Nobody else's server is touched, none is set up as a service.
"""
import contextlib
import http.client
import os
import pathlib
import pwd
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ADMIN_KEY = "bench-admin-key-0123456789abcdef0123456789"


def until(what, condition, seconds=30, step=0.005):
    """Asks again and again; the only place of the bench that lets time pass."""
    end = time.monotonic() + seconds
    while not (answer := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds} s for {what}")
        select.select([], [], [], step)
    return answer


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port, path):
    """Whether an HTTP GET is answered with 200."""
    try:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
            connection.request("GET", path)
            return connection.getresponse().status == 200
    except OSError:
        return False


def takes_connections(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def settled(server, seconds=2):
    """The resident set once the server has had time to give back what it does not need: the lowest seen."""
    lowest = []
    end = time.monotonic() + seconds
    until("memory to settle", lambda: lowest.append(server.memory()["VmRSS"]) or time.monotonic() > end, seconds + 5, 0.25)
    return min(lowest)


class Server:
    """One process with its folder. Subclasses say how it is started and when it is ready."""
    name = ""

    def __init__(self, setup, folder=None):
        self.setup = setup
        self.own_folder = folder is None
        self.folder = pathlib.Path(folder or tempfile.mkdtemp(prefix=f"{self.name.replace('.', '-')}-", dir=setup.folder))
        self.port = free_port()
        self.process = None
        self.uid = None

    def command(self):
        raise NotImplementedError

    def environment(self):
        return {"PATH": os.environ["PATH"], "HOME": str(self.folder)}

    def prepare(self):
        """What must be there before the first start."""

    def ready(self):
        return takes_connections(self.port)

    def launch(self):
        with open(self.folder / "log.txt", "ab") as log:
            self.process = subprocess.Popen(self.command(), cwd=self.folder, env=self.environment(), user=self.uid,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def start(self):
        self.prepare()
        self.launch()
        until(f"{self.name} to be ready", self.alive_and_ready)
        return self

    def alive_and_ready(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"{self.name} ended at its start:\n{self.log()[-2000:]}")
        return self.ready()

    def log(self):
        return (self.folder / "log.txt").read_text(errors="replace")

    @property
    def pid(self):
        return self.process.pid

    def memory(self):
        """Resident bytes: all, and those not backed by a file."""
        rows = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines())
        return {key: int(rows[key].split()[0]) * 1024 for key in ("VmRSS", "RssAnon")}

    def stop(self, how=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def remove(self):
        self.stop()
        if self.own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.remove()
            raise

    def __exit__(self, *_):
        self.remove()


class Troupe(Server):
    name = "troupe"
    key = ADMIN_KEY

    def __init__(self, setup, folder=None, **more):
        super().__init__(setup, folder)
        self.ops, self.otlp, self.more = free_port(), free_port(), more

    def command(self):
        return [str(self.setup.programs / "trouped")]

    def environment(self):
        return super().environment() | {
            "TROUPE_DATA_DIR": str(self.folder / "data"), "TROUPE_HTTP_LISTEN": f"127.0.0.1:{self.port}",
            "TROUPE_OTLP_LISTEN": f"127.0.0.1:{self.otlp}", "TROUPE_OPS_LISTEN": f"127.0.0.1:{self.ops}",
            "TROUPE_ADMIN_LISTEN": "127.0.0.1:0", "TROUPE_ADMIN_KEY": ADMIN_KEY, "TROUPE_LOG_FORMAT": "json",
        } | self.more

    def ready(self):
        return answers(self.ops, "/readyz")

    def client(self):
        return ["--port", self.port, "--key", self.key, "--pid", self.pid]


class Postgres(Server):
    """As Debian builds it, fsync and synchronous_commit on, with room for its buffers and its log so that no checkpoint
    disturbs it. It refuses to run as root."""
    name = "postgresql"
    settings = {"shared_buffers": "1GB", "max_wal_size": "8GB", "min_wal_size": "2GB", "wal_buffers": "16MB",
                "checkpoint_timeout": "30min", "jit": "off", "max_connections": "50"}

    def find_programs(self):
        home = self.setup.peers / "usr"
        if os.getuid() == 0:
            self.uid = pwd.getpwnam("nobody").pw_uid
            os.chown(self.folder, self.uid, -1)
            if not all(folder.stat().st_mode & 0o001 for folder in home.parents):
                home = self.copied(home)  # in a home folder that is closed to others
        self.programs = home / "lib/postgresql/15/bin"

    def prepare(self):
        self.find_programs()
        subprocess.run([self.programs / "initdb", "-D", "data", "-U", "bench", "-A", "trust", "--no-sync", "-E", "UTF8",
                        "--locale", "C"], cwd=self.folder, user=self.uid, check=True, stdout=subprocess.DEVNULL)

    def copied(self, home):
        copy = pathlib.Path(self.setup.folder) / "postgresql"
        if not copy.exists():
            for part in ("lib/postgresql", "share/postgresql"):
                shutil.copytree(home / part, copy / part)
        return copy

    def command(self):
        settings = [part for key, value in self.settings.items() for part in ("-c", f"{key}={value}")]
        return [str(self.programs / "postgres"), "-D", "data", "-h", "127.0.0.1", "-p", str(self.port), "-k", "", *settings]

    def ready(self):
        return "ready to accept connections" in self.log()

    def client(self):
        return ["--connection", f"host=127.0.0.1 port={self.port} user=bench dbname=postgres", "--pid", self.pid]

    def stop(self, how=signal.SIGINT):
        super().stop(how)


class Redis(Server):
    name = "redis"

    def command(self):
        return [str(self.setup.peers / "usr/bin/redis-check-rdb"), "--port", str(self.port), "--bind", "127.0.0.1",
                "--appendonly", "yes", "--appendfsync", "always", "--save", "", "--dir", str(self.folder),
                "--auto-aof-rewrite-percentage", "0"]

    def launch(self):
        # Debian's redis-server is a link to this program, which looks at its own name.
        with open(self.folder / "log.txt", "ab") as log:
            self.process = subprocess.Popen(["redis-server", *self.command()[1:]], executable=self.command()[0],
                                            cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def client(self):
        return ["--port", self.port, "--pid", self.pid]


class Nats(Server):
    name = "nats"

    def prepare(self):
        self.ws_port = free_port()
        (self.folder / "nats.conf").write_text(
            f'listen: "127.0.0.1:{self.port}"\nmax_pending: 256MB\nwrite_deadline: "20s"\n'
            f'websocket {{ listen: "127.0.0.1:{self.ws_port}", no_tls: true, compression: false }}\n')

    def command(self):
        return [str(self.setup.peers / "usr/sbin/nats-server"), "-c", "nats.conf"]

    def ready(self):
        return takes_connections(self.port) and takes_connections(self.ws_port)

    def client(self):
        return ["--port", self.ws_port, "--publish-port", self.port, "--pid", self.pid]


class NodeServer(Server):
    script = ""

    def command(self):
        return ["node", str(self.setup.source / "peers" / self.script)]

    def ready(self):
        first = self.log().split("\n")[0]
        if not first.isdigit():
            return False
        self.port = int(first)
        return True

    def client(self):
        return ["--port", self.port, "--pid", self.pid]


class Ws(NodeServer):
    name, script = "ws", "ws_server.mjs"


class SocketIo(NodeServer):
    name, script = "socket.io", "socket_io_server.mjs"


class Etcd(Server):
    name = "etcd"

    def command(self):
        peer = f"http://127.0.0.1:{free_port()}"
        here = f"http://127.0.0.1:{self.port}"
        return [str(self.setup.peers / "usr/bin/etcd"), "--data-dir", str(self.folder / "data"),
                "--listen-client-urls", here, "--advertise-client-urls", here, "--listen-peer-urls", peer,
                "--initial-advertise-peer-urls", peer, "--initial-cluster", f"default={peer}",
                "--quota-backend-bytes", str(8 << 30)]

    def ready(self):
        return answers(self.port, "/health")


class Mosquitto(Server):
    name = "mosquitto"

    def prepare(self):
        (self.folder / "mosquitto.conf").write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence false\nmax_connections -1\n"
            + ("user root\n" if os.getuid() == 0 else ""))

    def command(self):
        return [str(self.setup.peers / "usr/sbin/mosquitto"), "-c", "mosquitto.conf"]
