"""How test programs run their cases, and what a case may ask of the machine."""
import functools
import os
import re
import shutil
import subprocess
import sys
import time
import traceback


class Skip(Exception):
    """Raised by a case that cannot run on this machine, with the reason."""


def run(modules, call, only=""):
    """Calls call(case) for each function test_* of the modules whose name fits `only`; prints a line for each and the sums as the last. Returns
    the exit status: 0 when something passed and nothing failed."""
    counts = dict.fromkeys(("PASS", "FAIL", "SKIP"), 0)
    for module in modules:
        for name, case in list(vars(module).items()):
            if not name.startswith("test_") or not re.search(only, name):
                continue
            started = time.monotonic()
            try:
                call(case)
                verdict, more = "PASS", f"{time.monotonic() - started:.1f} s"
            except Skip as why:
                verdict, more = "SKIP", f"this machine: {why}"
            except Exception:
                verdict, more = "FAIL", f"{time.monotonic() - started:.1f} s"
                traceback.print_exc(file=sys.stdout)
            counts[verdict] += 1
            print(f"{verdict} {name} {more}", flush=True)
    print(f"{counts['PASS']} passed, {counts['FAIL']} failed" + (f", {counts['SKIP']} skipped" if counts["SKIP"] else ""))
    return 1 if counts["FAIL"] or not counts["PASS"] else 0


def need(*programs):
    missing = [p for p in programs if not shutil.which(p)]
    if missing:
        raise Skip("not here: " + " ".join(missing))


def need_root():
    if os.geteuid() != 0:
        raise Skip("needs root")


@functools.lru_cache
def refused_namespaces():
    r = subprocess.run(["unshare", "--mount", "--net", "--pid", "--fork", "true"], capture_output=True, text=True)
    return r.stderr.strip() if r.returncode else None


def need_namespaces():
    """Mounts, networks and processes of one's own: not given to root in most containers."""
    need_root()
    need("unshare")
    if refused_namespaces():
        raise Skip(f"needs namespaces and mounts of its own ({refused_namespaces()})")
