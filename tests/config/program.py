"""Starts one server with a given configuration text in a folder of its own, and asks it for its configuration."""
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

from remoting import Connection
from servers import free_port


class Program:
    """with Program(bin, "mqbroker", text) as p: p.wait_up(); p.config()["flushDiskType"]

    `{port}` in the text is a free port. The text may be bytes.
    """

    def __init__(self, binaries, name, text, words=(), env=None):
        self.name, self.words, self.env = name, list(words), env or {}
        self.binary = binaries / name
        self.port = free_port()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mq-config-"))
        data = text if isinstance(text, bytes) else text.encode()
        self.file = self.folder / "server.conf"
        self.file.write_bytes(data.replace(b"{port}", str(self.port).encode()))

    def __enter__(self):
        self.before = set(os.listdir(self.folder)) | {"home", "out"}
        self.out = open(self.folder / "out", "wb")
        environment = os.environ | {"ROCKETMQ_USER_HOME": str(self.folder / "home")} | self.env
        self.process = subprocess.Popen([self.binary, "-c", self.file, *self.words], cwd=self.folder, stdout=self.out, stderr=self.out,
                                        stdin=subprocess.DEVNULL, env=environment)
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.out.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def text(self):
        return (self.folder / "out").read_text(errors="replace")

    def log(self):
        return "".join(p.read_text(errors="replace") for p in (self.folder / "home/logs/rocketmqlogs").glob("*.log"))

    def new_files(self):
        """What the working folder holds beyond its own."""
        return set(os.listdir(self.folder)) - self.before

    def exit(self, timeout=5):
        return self.process.wait(timeout)

    def wait_up(self, port=None, timeout=10):
        deadline = time.monotonic() + timeout
        while "boot success" not in self.text():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"not up, exit {self.process.poll()}:\n{self.text()}")
            time.sleep(0.01)
        self.addr = f"127.0.0.1:{port or self.port}"
        return self

    def config(self):
        with Connection(self.addr) as c:
            body = c.call(26 if self.name == "mqbroker" else 319).body.decode()
        return dict(line.split("=", 1) for line in body.splitlines() if line)

    def warnings(self, key):
        """Lines of the log that name the key at their start."""
        return [line for line in self.log().splitlines() if f" WARN config - {key}" in line]

    def term(self):
        self.process.send_signal(signal.SIGTERM)
        return self.exit(15)
