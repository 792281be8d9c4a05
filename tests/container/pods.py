"""StatefulSets as podman containers: names, aliases, environment, volumes and probes as in the manifests."""
import atexit
import functools
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

import runner     # of tests/smoke
import stopping   # noqa: F401
import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
# Where a process may not raise its limits and cgroups are not of version 2, podman needs both settings.
SETTINGS = '[containers]\ndefault_ulimits = ["nofile=16384:16384", "nproc=8192:8192"]\n[engine]\nruntime = "runc"\n'


NAMES = ["rocketmq-nameserver-0", "rocketmq-nameserver-1"]
BROKERS = ["rocketmq-brokerserver-0", "rocketmq-brokerserver-1"]


@functools.lru_cache
def build(binaries):
    """The name of the image, which is there until the end of this program."""
    runner.need_namespaces()
    runner.need("buildah")
    name, archive = f"merlinmq-test:{os.getpid()}", ROOT / f"build/packages/test-image-{os.getpid()}.oci.tar"
    atexit.register(archive.unlink, missing_ok=True)
    atexit.register(subprocess.run, ["buildah", "rmi", "-f", name], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    r = subprocess.run([ROOT / "packaging/image/build", binaries, name, archive], capture_output=True, text=True)
    assert r.returncode == 0, r.stderr
    size = json.loads(subprocess.run(["buildah", "images", "--json", name], capture_output=True, text=True, check=True).stdout)[0]["size"]
    print(f"    image: {size}, archive {archive.stat().st_size / (1 << 20):.1f} MiB")
    assert archive.stat().st_size < 60 << 20
    return name


class Pods:
    """with Pods(image) as p: p.apply("nameserver.yaml"); p.start("rocketmq-nameserver-0")"""

    def __init__(self, image):
        runner.need("podman", "runc")
        self.image, self.network = image, f"mqtest{os.getpid()}"
        self.specs = {}

    def podman(self, *words, check=True, timeout=60):
        r = subprocess.run(["podman", *map(str, words)], capture_output=True, text=True, timeout=timeout, env=self.env)
        assert not check or r.returncode == 0, f"podman {words}: exit {r.returncode}\n{r.stdout}{r.stderr}"
        return r

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mq-pods-"))
        (self.folder / "containers.conf").write_text(SETTINGS)
        self.env = os.environ | {"CONTAINERS_CONF": str(self.folder / "containers.conf")}
        try:
            self.first_container()
        except BaseException:
            self.__exit__()
            raise
        return self

    def first_container(self):
        """Makes the network and runs something there. What fails before the image has a say is this machine's fault: no cgroups, no bridge, no runtime."""
        for words in (("network", "create", self.network), ("run", "--rm", "--network", self.network, self.image, "mqadmin")):
            r = self.podman(*words, check=False)
            complaint = [line for line in r.stderr.splitlines() if line.startswith("Error: ")]
            if r.returncode in (125, 126) and complaint and "exec" not in complaint[0]:
                raise runner.Skip(f"podman {words[0]}: {complaint[0]}")

    def __exit__(self, failure=None, *_):
        if failure:
            for name in self.specs:
                print(f"---- {name}\n{self.logs(name)[-3000:]}", flush=True)
        for name in self.specs:
            self.podman("rm", "-f", "-t", "0", name, check=False)
        self.podman("network", "rm", "-f", self.network, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def apply(self, file):
        """Reads the StatefulSets of a manifest; starts nothing."""
        for d in yaml.safe_load_all((ROOT / "deploy/kubernetes" / file).read_text()):
            if d["kind"] == "StatefulSet":
                for i in range(d["spec"]["replicas"]):
                    self.specs[f"{d['metadata']['name']}-{i}"] = d["spec"]

    def start(self, name):
        spec = self.specs[name]
        pod = spec["template"]["spec"]
        c, service = pod["containers"][0], spec["serviceName"]
        user = pod["securityContext"]
        words = ["run", "-d", "--name", name, "--hostname", name, "--network", self.network, "--user", f"{user['runAsUser']}:{user['runAsGroup']}",
                 "--read-only", "--tmpfs", "/tmp", "--cap-drop", "all", "--security-opt", "no-new-privileges"]
        for alias in (f"{name}.{service}", f"{name}.{service}.default.svc.cluster.local", service):
            words += ["--network-alias", alias]
        for e in c["env"]:
            if "value" in e:
                words += ["-e", f"{e['name']}={e['value']}"]
        for template in spec["volumeClaimTemplates"]:
            disk = self.disk(name)
            disk.mkdir(exist_ok=True)
            os.chown(disk, 0, user["fsGroup"])     # what fsGroup does
            disk.chmod(0o2770)
            mount = next(m["mountPath"] for m in c["volumeMounts"] if m["name"] == template["metadata"]["name"])
            words += ["-v", f"{disk}:{mount}"]
        self.podman(*words, self.image)
        self.keep_bridge_address()

    def run(self, name, *options):
        """A container of the image that is in no manifest."""
        self.specs[name] = None
        self.podman("run", "-d", "--name", name, "--network", self.network, *options, self.image)
        self.keep_bridge_address()

    def keep_bridge_address(self):
        """A bridge has the lowest address of its ports until it is given one. That changes as pods come and go, and for 8 s (ARP's probes) to a
        minute the others send to the old one what is for the bridge itself: their questions to the DNS."""
        link = json.loads(self.podman("network", "inspect", self.network).stdout)[0]["network_interface"]
        address = pathlib.Path(f"/sys/class/net/{link}/address").read_text().strip()
        subprocess.run(["ip", "link", "set", "dev", link, "address", address], check=True)

    def anonymous_memory(self, name):
        """Bytes of its first process that no file backs."""
        process = self.podman("inspect", "-f", "{{.State.Pid}}", name).stdout.strip()
        return int(re.search(r"^RssAnon:\s+(\d+) kB$", pathlib.Path(f"/proc/{process}/status").read_text(), re.M)[1]) << 10

    def disk(self, name):
        return self.folder / f"disk-{name}"

    def ip(self, name):
        state = json.loads(self.podman("inspect", name).stdout)[0]
        return state["NetworkSettings"]["Networks"][self.network]["IPAddress"]

    def probe(self, name, which):
        """The HTTP probe of the manifest, once."""
        c = self.specs[name]["template"]["spec"]["containers"][0]
        get = c[which]["httpGet"]
        port = next(p["containerPort"] for p in c["ports"] if p["name"] == get["port"])
        try:
            with urllib.request.urlopen(f"http://{self.ip(name)}:{port}{get['path']}", timeout=3) as r:
                return r.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def wait_ready(self, *names, seconds=30):
        deadline = time.monotonic() + seconds
        for name in names:
            while not self.probe(name, "readinessProbe"):
                assert time.monotonic() < deadline, f"{name} is not ready:\n{self.logs(name)}"
                time.sleep(0.1)

    def stop(self, name):
        """SIGTERM; the exit status."""
        self.podman("stop", "-t", "20", name)
        status = json.loads(self.podman("inspect", name).stdout)[0]["State"]["ExitCode"]
        self.podman("rm", name)
        return status

    def logs(self, name):
        r = self.podman("logs", name, check=False)
        return r.stdout + r.stderr

    def execute(self, name, *words):
        return self.podman("exec", name, *words).stdout
