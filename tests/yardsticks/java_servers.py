"""The real Java servers, which $MERLINMQ_YARDSTICKS/peers brings and starts."""
import contextlib
import subprocess


def peers(a, *words, check=True):
    r = subprocess.run([a.yardsticks / "peers/peers", *map(str, words)], capture_output=True, text=True, timeout=400)
    if check and r.returncode:
        raise RuntimeError(f"peers {' '.join(map(str, words))}: {r.stdout[-2000:]}{r.stderr[-2000:]}")
    return r.stdout


@contextlib.contextmanager
def java_servers(a, version, folder, *words):
    """Up while the block runs. What a start that failed, or was stopped, has left running ends, too."""
    try:
        peers(a, "up", version, folder, *words)
        yield
    finally:
        peers(a, "down", folder, check=False)
