"""merlinmq dev: one process for a newcomer."""
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time

from remoting import Connection
from servers import free_port


def start(binaries, folder, *words):
    return subprocess.Popen([binaries / "merlinmq", "dev", *words], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            env={k: v for k, v in os.environ.items() if not k.startswith("ROCKETMQ_")})


def test_dev_is_ready_at_once_and_small(binaries):
    port = free_port()
    while port + 1035 > 65535:
        port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        times = []
        for _ in range(3):
            started = time.monotonic()
            p = start(binaries, folder, "--port", str(port))
            try:
                lines = [p.stdout.readline() for _ in range(3)]
                times.append(time.monotonic() - started)
                assert re.match(r"MerlinMQ is ready in \d+ ms; data and logs in .*/data$", lines[0]), lines
                assert f"127.0.0.1:{port}" in lines[1] and f"mqadmin clusterList -n 127.0.0.1:{port}" in lines[2], lines
                with Connection(f"127.0.0.1:{port + 1035}") as c:
                    assert c.wait(c.send_message("Hello", 0, b"x")).code == 0
                deadline = time.monotonic() + 5
                with Connection(f"127.0.0.1:{port}") as c:
                    while c.call(105, dict(topic="Hello")).code != 0:
                        assert time.monotonic() < deadline
                        time.sleep(0.02)
                rss = int(re.search(r"VmRSS:\s+(\d+) kB", pathlib.Path(f"/proc/{p.pid}/status").read_text())[1])
                assert rss < 40 << 10, rss
            finally:
                p.send_signal(signal.SIGTERM)
                assert p.wait(10) == 0
            assert not (pathlib.Path(folder) / "data/store/abort").exists()
        print(f"    ready after {min(times) * 1000:.0f} ms, {rss / 1024:.1f} MiB")
        assert min(times) < 0.2, times


def test_dev_tells_how_it_is_used(binaries):
    with tempfile.TemporaryDirectory() as folder:
        for words, status in ((["-h"], 0), (["--port", "99999"], 1), (["nonsense"], 1)):
            p = start(binaries, folder, *words)
            assert "usage: merlinmq dev" in p.communicate(timeout=5)[0] and p.returncode == status
        assert not os.listdir(folder)


def test_the_executable_tells_its_version_and_its_use(binaries):
    def run(*words):
        p = subprocess.run([binaries / "merlinmq", *words], capture_output=True, text=True, timeout=5)
        return p.returncode, p.stdout, p.stderr
    version = re.search(r"^project\(merlinmq VERSION ([\d.]+)", (pathlib.Path(__file__).parents[2] / "CMakeLists.txt").read_text(), re.M)[1]
    assert run("--version") == (0, f"MerlinMQ {version}\n", "")
    status, out, error = run("--help")
    assert status == 0 and out.startswith("usage: merlinmq ") and not error
    assert run() == (1, "", out) == run("nonsense")
