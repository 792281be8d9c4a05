"""A broker under the shim, and small clients of it."""
import contextlib
import os
import pathlib
import subprocess
import urllib.request

from remoting import Connection
from servers import Cluster, free_port

HERE = pathlib.Path(__file__).resolve().parent


class World(Cluster):
    """with World(bin) as w: b = w.broker(...); w.fault("fdatasync commitlog 5 0"); w.heal()"""

    def __enter__(self):
        super().__enter__()
        library = self.folder / "shim.so"
        subprocess.run([os.environ.get("CC", "gcc"), "-O1", "-shared", "-fPIC", "-o", library, HERE / "shim.c", "-ldl"], check=True)
        self.file = self.folder / "faults"
        self.heal()
        self.shim = {"LD_PRELOAD": str(library), "MQ_FAULTS": str(self.file)}
        return self

    @contextlib.contextmanager
    def shimmed(self):
        """What starts meanwhile starts under the shim."""
        os.environ |= self.shim
        try:
            yield
        finally:
            for key in self.shim:
                del os.environ[key]

    def broker(self, name="broker-a", **conf):
        self.http = free_port()
        with self.shimmed():
            return super().broker(name, httpPort=self.http, **conf)

    def restart(self, server):
        with self.shimmed():
            return server.start()

    def fault(self, *lines):
        """Each line: CALL WHERE ERRNO DELAY_MS; from the next call on."""
        new = self.file.with_suffix(".new")
        new.write_text("".join(line + "\n" for line in lines))
        new.rename(self.file)

    def heal(self):
        self.fault()

    def health(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http}/health/ready", timeout=5) as answer:
            return answer.read().decode()

    def log(self, server):
        return "".join(f.read_text(errors="replace") for f in (self.folder / server.name).rglob("*.log")) + server.output()


def send(connection, body, queue=0, topic="Faults"):
    return connection.wait(connection.send_message(topic, queue, body))


@contextlib.contextmanager
def client(server, timeout=10):
    with Connection(server.addr, timeout=timeout) as c:
        yield c


def bodies(server, queue=0, topic="Faults"):
    with client(server) as c:
        found = c.read_queue(topic, queue)
    assert [m[0] for m in found] == list(range(len(found))), f"gap in queue {queue}"
    return [m[1] for m in found]
