"""The ends of a measurement: our broker, the limit programs, Java brokers, all on CPU 0; the client on CPU 1 drives one at a time."""
import dataclasses
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tests/smoke"))
from remoting import Connection   # noqa: E402
from servers import Cluster, free_port   # noqa: E402

YARDSTICKS = pathlib.Path(os.environ.get("MERLINMQ_YARDSTICKS", ROOT.parent / "shared"))
JAVA_SETTINGS = dict(sendThreadPoolQueueCapacity=100000, waitTimeMillsInSendQueue=10000)   # else it refuses the load
JAVA_MEMORY = "-Xms1g -Xmx1g -XX:MaxDirectMemorySize=512m"
JAVA_OPTIMIZED = {"_JAVA_OPTIONS": "-XX:TieredStopAtLevel=4"}   # peers starts its JVMs for tests, without the optimizing compiler; these words come last and win


class Results:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, ok, text):
        self.passed, self.failed = self.passed + ok, self.failed + (not ok)
        print(f"{'PASS' if ok else 'FAIL'} {text}", flush=True)

    def end(self):
        """Says how many; returns the exit status."""
        print(f"{self.passed} passed, {self.failed} failed")
        return 1 if self.failed else 0


def thread_times(pid):
    """[(a thread's name, its CPU time in µs)], from the scheduler's nanoseconds."""
    return [((task / "comm").read_text().strip(), int((task / "schedstat").read_text().split()[0]) / 1000) for task in pathlib.Path(f"/proc/{pid}/task").iterdir()]


def cpu_us(pid):
    return sum(us for _, us in thread_times(pid))


def memory_mib(pid, field="VmRSS"):
    return int(next(x for x in open(f"/proc/{pid}/status") if x.startswith(field)).split()[1]) / 1024


def withheld_s():
    """CPU time that the host of a virtual machine has given to others while one of its cores wanted to run (steal): where it has a share of so much
    for all its threads, the one that works for the disk among them, and has used it up, everything stands still for the rest of a tenth of a second."""
    return int(open("/proc/stat").readline().split()[8]) / os.sysconf("SC_CLK_TCK")


def pin(pid):
    subprocess.run(["taskset", "-a", "-p", "-c", "0", str(pid)], check=True, stdout=subprocess.DEVNULL)


def tools():
    """The client and the limit programs, built beside our own build."""
    if not (YARDSTICKS / "bench").is_dir():
        sys.exit(f"{YARDSTICKS / 'bench'} is not here: the client that makes the load and the limit programs live outside this repository; MERLINMQ_YARDSTICKS names their folder")
    folder = ROOT / "build/bench-tools"
    folder.mkdir(parents=True, exist_ok=True)
    for f in (YARDSTICKS / "bench").iterdir():
        if not (folder / f.name).exists() or f.stat().st_mtime > (folder / f.name).stat().st_mtime:
            shutil.copy2(f, folder)
    subprocess.run(["make", "-s", "-C", folder], check=True, stdout=subprocess.DEVNULL)
    return folder


@dataclasses.dataclass
class End:
    name: str
    addr: str
    pid: int
    folder: pathlib.Path = None   # with its store somewhere in it
    namesrv: str = None           # where its clients find it


def first_send_ms(began, addr, topic="TBW102"):
    """From then to the acknowledgement of a send."""
    with Connection(addr) as k:
        answer = k.wait(k.send_message(topic, 0, b"first"))
        assert answer.code == 0, (answer.code, answer.remark)
    return (time.monotonic() - began) * 1000


def idle_mib(pid):
    """Resident when the start is over."""
    time.sleep(2)
    return memory_mib(pid)


def first_start(cluster):
    """(ms from the start of a NameServer and a broker, one after the other, to the first acknowledged send, MiB of the broker two seconds later)."""
    began = time.monotonic()
    namesrv = cluster.namesrv()
    broker = cluster.broker(f"first-{namesrv.port}", namesrvAddr=namesrv.addr, autoCreateTopicEnable="true")
    took, memory = first_send_ms(began, broker.addr), idle_mib(broker.process.pid)
    for server in (broker, namesrv):
        server.term()
        cluster.servers.remove(server)
    return took, memory


class Ends:
    """with Ends(bin) as e: ends = [e.ours(), e.java("5.3.3")]: the brokers, for any client."""

    def __init__(self, binaries):
        self.cluster = Cluster(binaries)
        self.javas = []

    def __enter__(self):
        self.cluster.__enter__()
        self.namesrv = self.cluster.namesrv()
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="mq-bench-"))
        return self

    def __exit__(self, *error):
        for folder in self.javas:
            subprocess.run([YARDSTICKS / "peers/peers", "down", folder], stdout=subprocess.DEVNULL)
        self.cluster.__exit__(*error)
        shutil.rmtree(self.scratch, ignore_errors=True)

    def ours(self, name="ours", **conf):
        broker = self.cluster.broker(name, **{"mappedFileSizeCommitLog": 1 << 30} | conf)
        pin(broker.process.pid)
        return End(name, broker.addr, broker.process.pid, self.cluster.folder / name, self.namesrv.addr)

    def java(self, version, name=None, optimized=True, **conf):
        ns, port = free_port(), free_port()
        folder = self.scratch / f"java-{port}"
        sets = [w for k, v in (JAVA_SETTINGS | conf).items() for w in ("--set", f"{k}={v}")]
        subprocess.run([YARDSTICKS / "peers/peers", "up", version, folder, "--ns", str(ns), "--broker", f"broker-j:{port}", *sets], check=True,
                       stdout=subprocess.DEVNULL, env=os.environ | {"PEERS_BROKER_JVM": JAVA_MEMORY} | (JAVA_OPTIMIZED if optimized else {}))
        self.javas.append(folder)
        procs = json.loads((folder / "peers.json").read_text())["procs"]
        pid = next(p["pid"] for n, p in procs.items() if n.startswith("broker-j"))
        pin(pid)
        return End(name or f"Java {version}", f"127.0.0.1:{port}", pid, folder, f"127.0.0.1:{ns}")

    def java_first_start(self, version):
        """What first_start returns, of Java's servers as its own scripts run them."""
        began = time.monotonic()
        end = self.java(version, autoCreateTopicEnable="true")
        took, memory = first_send_ms(began, end.addr), idle_mib(end.pid)
        subprocess.run([YARDSTICKS / "peers/peers", "down", self.javas.pop()], check=True, stdout=subprocess.DEVNULL)
        return took, memory

    def settle(self):
        """What the run before left to be written is on the disk: no end waits for another's pages."""
        os.sync()


class Bench(Ends):
    """with Bench(bin) as b: ends = [b.ours(), b.limit("a"), b.java("5.3.3")]; b.load(ends[0], "produce", connections=16)"""

    def __init__(self, binaries):
        self.tools = tools()
        super().__init__(binaries)
        self.limits = []

    def __exit__(self, *error):
        for p in self.limits:
            p.kill()
            p.wait()
        super().__exit__(*error)

    def limit(self, kind, *words):
        port = free_port()
        data = [] if kind == "n" else ["--dir", self.scratch / f"limit-{kind}"]
        if data:
            data[1].mkdir(exist_ok=True)
        p = subprocess.Popen(["taskset", "-c", "0", self.tools / "limit", kind, *data, "--port", str(port), *map(str, words)], stdout=subprocess.PIPE, text=True)
        self.limits.append(p)
        if not p.stdout.readline().startswith("ready"):
            sys.exit(f"the limit program {kind} did not start")
        return End(f"LP-{kind.upper()}", f"127.0.0.1:{port}", p.pid)

    def load(self, end, mode, **options):
        """One run of the client: its JSON object. Options as the client's, with _ for -. A run with refusals or losses is no measurement; a
        limit program has the same messages in all topics, which the client takes for duplicates. "withheld": % of the machine's time meanwhile."""
        began, before = time.monotonic(), withheld_s()
        result = self.result(self.start_load(end, mode, **options))
        result["withheld"] = (withheld_s() - before) / (time.monotonic() - began) / os.cpu_count() * 100
        if not result["ok"] and not end.name.startswith("LP-"):
            sys.exit(f"loadgen {mode} at {end.name}: answers that were refused or lost: {result}")
        return result

    def start_load(self, end, mode, nice=0, **options):
        """The same beside others: the process, for result() or for an end before its time."""
        words = [w for k, v in options.items() for w in (f"--{k.replace('_', '-')}", str(v))]
        return subprocess.Popen(["nice", "-n", str(nice), self.tools / "loadgen", mode, "--server", end.addr, "--server-pid", str(end.pid), "--pin", "1", *words],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def result(self, process):
        out, err = process.communicate()
        if not out.startswith("{"):
            sys.exit(f"loadgen {process.args[4:7]}: {err}")
        return json.loads(out)

    def topics(self, end, topics=64, queues=8, **options):
        if not end.name.startswith("LP-"):
            self.load(end, "topics", topics=topics, queues=queues, window=1000, seconds=120, **options)

    def forget_pages(self, folder):
        """What lies in the files of the folder is on the disk and no longer in memory."""
        for path in pathlib.Path(folder).rglob("*"):
            if path.is_file():
                with open(path, "rb") as f:
                    os.fdatasync(f.fileno())
                    os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)

    def warm(self, end, seconds):
        """What a JVM needs to compile its hot code; what a limit program needs to have its file in memory, and our log all the pages it keeps."""
        self.load(end, "produce", connections=16, window=64, body=128, topics=64, seconds=seconds)


def spread(values, digits=2):
    """"1.23 (1.1–1.4)": the median and the range."""
    return f"{statistics.median(values):,.{digits}f} ({min(values):,.{digits}f}–{max(values):,.{digits}f})"
