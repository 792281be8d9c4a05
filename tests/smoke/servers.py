"""Starts NameServers and Brokers of ours on free ports, in a folder that goes away with them."""
import contextlib
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import stopping   # noqa: F401


handed_out = set()   # by this process: a server takes its own only later


def free_port():
    """A port such that it and those a broker takes beside it (fast port, HA) are free. Below the range from which the
    kernel gives ports to connections, so that none of them is taken before the server starts."""
    for _ in range(500):
        port = random.randrange(12_000, 32_000, 4)
        if port in handed_out:
            continue
        try:
            for p in (port - 2, port, port + 1):
                with socket.socket() as s:
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    s.bind(("127.0.0.1", p))
            handed_out.add(port)
            return port
        except OSError:
            continue
    raise RuntimeError("no free port")


@contextlib.contextmanager
def scratch(prefix):
    """A folder that goes with the block. It is left for a look when the block failed, not when somebody stopped it."""
    folder, failed = pathlib.Path(tempfile.mkdtemp(prefix=prefix)), False
    try:
        yield folder
    except BaseException as e:
        failed = not isinstance(e, KeyboardInterrupt)
        raise
    finally:
        if failed:
            print(f"    left for a look: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


class Server:
    def __init__(self, program, folder, name, conf):
        self.program, self.name = program, name
        self.folder = pathlib.Path(folder)
        self.conf = self.folder / f"{name}.conf"
        self.conf.write_text("".join(f"{k}={v}\n" for k, v in conf.items()))
        self.port = int(conf["listenPort"])
        self.opened_last = self.port - 2 if "mqbroker" in str(program) else self.port   # a broker's fast port
        self.addr = f"127.0.0.1:{self.port}"
        self.process = None

    def start(self, wait=True):
        self.out = open(self.folder / f"{self.name}.out", "ab")
        home = self.folder / self.name
        home.mkdir(exist_ok=True)
        self.process = subprocess.Popen([self.program, "-c", self.conf], stdout=self.out, stderr=self.out, stdin=subprocess.DEVNULL,
                                        cwd=self.folder, env=os.environ | {"ROCKETMQ_USER_HOME": str(home)})
        started = time.monotonic()
        while wait:
            try:
                socket.create_connection(("127.0.0.1", self.opened_last), 1).close()
                break
            except OSError:
                if self.process.poll() is not None or time.monotonic() - started > 20:
                    raise RuntimeError(f"{self.name} did not start:\n{self.output()}")
                time.sleep(0.002)
        return time.monotonic() - started

    def output(self):
        return (self.folder / f"{self.name}.out").read_text(errors="replace")

    def cpu_seconds(self):
        """What the process has used so far, all threads."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rss(self):
        """Bytes of its memory that are resident."""
        return int(pathlib.Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def term(self, timeout=15):
        """Its exit status, which is 0, or the signal's where it was not up yet. Another one, say of a sanitizer, fails the test."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout)
        assert status in (0, 128 + signal.SIGTERM, -signal.SIGTERM), self.ended()
        return status

    def ended_unnoticed(self):
        return self.process is not None and self.process.returncode is None and self.process.poll() is not None

    def ended(self):
        return f"{self.name} ended with status {self.process.returncode}:\n{self.output()[-6000:]}"


class Cluster:
    """with Cluster(bin) as c: c.namesrv(), c.broker("broker-a", flushDiskType="SYNC_FLUSH")"""

    def __init__(self, binaries):
        self.bin = pathlib.Path(binaries).resolve()
        self.servers = []
        self.admin_env = {}   # of mqadmin, besides ours

    def __enter__(self):
        self.scratch = scratch("mq-smoke-")
        self.folder = self.scratch.__enter__()
        return self

    def __exit__(self, kind, error, trace):
        """A server that fell down by itself fails the test, also behind its last answer."""
        died = [s.ended() for s in self.servers if s.ended_unnoticed()]
        for s in reversed(self.servers):
            if s.process and s.process.poll() is None:
                s.kill()
        late = AssertionError("\n".join(died)) if died and error is None else None
        if died and error:
            print("\n".join(died))
        self.scratch.__exit__(*((kind, error, trace) if late is None else (type(late), late, None)))
        if late:
            raise late

    def namesrv(self, **conf):
        s = Server(self.bin / "mqnamesrv", self.folder, f"namesrv-{len(self.servers)}", {"listenPort": free_port()} | conf)
        self.servers.append(s)
        s.start()
        return s

    def broker(self, name="broker-a", start=True, **conf):
        names = ";".join(s.addr for s in self.servers if "namesrv" in str(s.program))
        base = dict(brokerClusterName="DefaultCluster", brokerName=name, brokerId=0, brokerIP1="127.0.0.1", listenPort=free_port(),
                    namesrvAddr=names, storePathRootDir=self.folder / name / "store", mappedFileSizeCommitLog=16 << 20)
        s = Server(self.bin / "mqbroker", self.folder, name, base | conf)
        self.servers.append(s)
        if start:
            s.start()
        return s

    def wait_registered(self, namesrv, *brokers):
        """Until clusterList of this NameServer shows them; without names: broker-a."""
        deadline = time.monotonic() + 20
        while not all(b in (said := self.admin("clusterList", "-n", namesrv.addr)).stdout for b in brokers or ("broker-a",)):
            assert time.monotonic() < deadline, said.stdout + said.stderr
            time.sleep(0.1)

    def admin(self, *words, check=False):
        return subprocess.run([self.bin / "mqadmin", *words], capture_output=True, text=True, timeout=60, check=check, cwd=self.folder,
                              env=os.environ | self.admin_env)
