"""What tests fetch from public registries: made once, kept in ~/.cache/merlinmq (MERLINMQ_CACHE names another folder)."""
import os
import pathlib
import shutil
import subprocess

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


def helm():
    """The executable: $HELM, that on PATH, or one built with Go, which takes some minutes."""
    def build(folder):
        print(f"    building helm {HELM}", flush=True)
        sh(["go", "install", f"helm.sh/helm/v3/cmd/helm@{HELM}"], folder, 3, GOBIN=str(folder), CGO_ENABLED="0", GOFLAGS="")
    return os.environ.get("HELM") or shutil.which("helm") or once(CACHE / "helm", HELM, build) / "helm"


def promtool():
    """The executable: that on PATH, or the one of Debian's package `prometheus`, which is not installed: it would start a server."""
    def extract(folder):
        sh(["apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root", "prometheus"], folder, 3)
        sh(["dpkg-deb", "-x", *folder.glob("prometheus_*.deb"), folder], folder)
    return shutil.which("promtool") or once(CACHE / "promtool", "bookworm", extract) / "usr/bin/promtool"
