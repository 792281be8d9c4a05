"""SIGTERM, as `timeout` sends it, ends a test program as Ctrl-C does: its servers end, its folders and networks go. Imported for that, too."""
import contextlib
import signal
import subprocess

CLEAN_UP_SECONDS = 60


def stop(*_):
    signal.signal(signal.SIGTERM, lambda *_: None)               # one that follows, from who waits for us, does not cut it short
    signal.signal(signal.SIGINT, signal.default_int_handler)     # who is in a hurry may
    signal.alarm(CLEAN_UP_SECONDS)                               # and a thread that hangs does not make it last for ever
    raise KeyboardInterrupt


for number in (signal.SIGINT, signal.SIGTERM):
    if signal.getsignal(number) != signal.SIG_IGN:
        signal.signal(number, stop)


@contextlib.contextmanager
def child(*words, **more):
    """A program that has servers of its own. When we are stopped it is asked to stop and awaited; subprocess.run would kill it, and its servers would stay."""
    process = subprocess.Popen([str(w) for w in words], **more)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            process.communicate()


def run(*words, timeout=None, **more):
    """subprocess.run of such a program."""
    with child(*words, **more) as process:
        out, err = process.communicate(timeout=timeout)
        return subprocess.CompletedProcess(words, process.returncode, out, err)
