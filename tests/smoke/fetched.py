"""What tests fetch from public registries: made once, kept in ~/.cache/merlinmq (MERLINMQ_CACHE names another folder)."""
import functools
import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys

LIBRARIES = pathlib.Path(__file__).resolve().parent.parent.parent / "build/test-python"
CACHE = pathlib.Path(os.environ.get("MERLINMQ_CACHE") or pathlib.Path.home() / ".cache/merlinmq")
HELM = "v3.11.3"   # the last that Debian 12's Go 1.19 builds


class BuildFailed(Exception):
    pass


def sh(command, folder, attempts=1, **env):
    """Runs it quietly; on failure raises what it printed. A registry may hiccup: fetching gets more attempts."""
    for left in reversed(range(attempts)):
        r = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=900,
                           stdin=subprocess.DEVNULL, env=os.environ | env)
        if r.returncode == 0:
            return
        if not left:
            raise BuildFailed(f"{' '.join(map(str, command))}\n{r.stdout[-3000:]}")


def once(folder, key, make):
    """Calls make(folder) unless the folder was made for the same key before."""
    stamp = folder / "made-for"
    if not stamp.exists() or stamp.read_text() != key:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        make(folder)
        stamp.write_text(key)
    return folder


def libraries(**packages):
    """Makes Python modules importable, {module: package of PyPI}; those that are not are installed beside the build. Ends the program if that fails."""
    sys.path.insert(0, str(LIBRARIES))

    wanted = [package for module, package in packages.items() if importlib.util.find_spec(module) is None]
    if not wanted:
        return
    try:
        sh([sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--root-user-action", "ignore", "--target", LIBRARIES, *wanted], "/", 3)
    except BuildFailed as e:
        sys.exit(f"{e}\npip could not install {' '.join(wanted)}: it needs Debian's python3-pip and a way to PyPI")
    importlib.invalidate_caches()


def told(name, path, where):
    print(f"    {name}: {path}, {where}", flush=True)
    return path


@functools.lru_cache
def helm():
    """The executable: $HELM, that on PATH, or one built with Go, which takes some minutes."""
    def build(folder):
        print(f"    building helm {HELM}, which takes some minutes", flush=True)
        sh(["go", "install", f"helm.sh/helm/v3/cmd/helm@{HELM}"], folder, 3, GOBIN=str(folder), CGO_ENABLED="0", GOFLAGS="")
    if given := os.environ.get("HELM"):
        return told("helm", given, "of the environment's HELM")
    if found := shutil.which("helm"):
        return told("helm", found, "of PATH")
    return told("helm", once(CACHE / "helm", HELM, build) / "helm", f"{HELM} built with Go")


@functools.lru_cache
def promtool():
    """The executable: that on PATH, or the one of Debian's package `prometheus`, which is not installed: it would start a server."""
    def extract(folder):
        sh(["apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root", "prometheus"], folder, 3)
        sh(["dpkg-deb", "-x", *folder.glob("prometheus_*.deb"), folder], folder)
    if found := shutil.which("promtool"):
        return told("promtool", found, "of PATH")
    return told("promtool", once(CACHE / "promtool", "bookworm", extract) / "usr/bin/promtool", "of Debian's package prometheus")
