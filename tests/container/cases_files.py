"""Manifests and chart: the schemas of Kubernetes, and what refers to what."""
import os
import pathlib
import shutil
import subprocess

import kubernetes_validate
import yaml
from pods import ROOT, Skip

KUBERNETES = ROOT / "deploy/kubernetes"
CHART = ROOT / "deploy/helm/merlinmq"


def documents(text):
    return [d for d in yaml.safe_load_all(text) if d]


def check(all_documents):
    """Schemas, then: selectors fit labels, StatefulSets have their headless Service, probes and Services name ports that exist, mounts have volumes."""
    for d in all_documents:
        if "monitoring.coreos.com" not in d["apiVersion"]:
            kubernetes_validate.validate(d, "1.31", strict=True)
    sets = [d for d in all_documents if d["kind"] == "StatefulSet"]
    services = {d["metadata"]["name"]: d for d in all_documents if d["kind"] == "Service"}
    config_maps = {d["metadata"]["name"] for d in all_documents if d["kind"] == "ConfigMap"}
    assert sets
    for s in sets:
        spec, pod = s["spec"], s["spec"]["template"]
        labels = pod["metadata"]["labels"].items()
        assert spec["selector"]["matchLabels"].items() <= labels
        service = services[spec["serviceName"]]["spec"]
        assert service["clusterIP"] == "None" and service["publishNotReadyAddresses"] and service["selector"].items() <= labels
        budgets = [d for d in all_documents if d["kind"] == "PodDisruptionBudget" and d["spec"]["selector"]["matchLabels"].items() <= labels]
        assert len(budgets) == 1
        for c in pod["spec"]["containers"]:
            ports = {p["name"]: p["containerPort"] for p in c["ports"]}
            assert {p["port"] for p in service["ports"]} <= set(ports.values())
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                assert c[probe]["httpGet"]["port"] in ports
            http = [e["value"] for e in c["env"] if e["name"] == "ROCKETMQ_CONF_httpPort"]
            assert http == [str(ports["http"])]
            volumes = {v["name"] for v in pod["spec"]["volumes"]} | {t["metadata"]["name"] for t in spec.get("volumeClaimTemplates", [])}
            assert {m["name"] for m in c["volumeMounts"]} <= volumes
            assert c["securityContext"]["readOnlyRootFilesystem"] and "limits" in c["resources"]
        assert pod["spec"]["securityContext"]["runAsNonRoot"] and not pod["spec"]["automountServiceAccountToken"]
        for v in pod["spec"]["volumes"]:
            assert "configMap" not in v or v["configMap"]["name"] in config_maps
    others = [d for d in services.values() if not any(d["spec"]["selector"].items() <= s["spec"]["template"]["metadata"]["labels"].items() for s in sets)]
    assert not others, "a Service selects nothing"
    return sets


def test_manifests(_):
    all_documents = [d for f in sorted(KUBERNETES.glob("*.yaml")) for d in documents(f.read_text())]
    sets = check(all_documents)
    claims = {f"{t['metadata']['name']}-{s['metadata']['name']}-{i}": t["spec"] for s in sets for t in s["spec"]["volumeClaimTemplates"]
              for i in range(s["spec"]["replicas"])}
    disks = {d["spec"]["claimRef"]["name"]: d["spec"] for d in all_documents if d["kind"] == "PersistentVolume"}
    assert set(claims) == set(disks), (claims.keys(), disks.keys())
    for name, claim in claims.items():
        assert claim["storageClassName"] == disks[name]["storageClassName"] and claim["accessModes"] == disks[name]["accessModes"]
        assert claim["resources"]["requests"]["storage"] == disks[name]["capacity"]["storage"]
    names = {s["metadata"]["name"]: s["spec"] for s in sets}
    env = {e["name"]: e.get("value") for e in names["rocketmq-brokerserver"]["template"]["spec"]["containers"][0]["env"]}
    expected = [f"rocketmq-nameserver-{i}.rn:9876" for i in range(names["rocketmq-nameserver"]["replicas"])]
    assert env["NAME_SERVER_LIST"].split(";") == expected


def test_chart(_):
    helm = os.environ.get("HELM") or shutil.which("helm")
    if not helm:
        raise Skip("helm is not here")
    for settings in ([], ["mode=2m-2s-sync", "broker.replicas=4", "networkPolicy=true", "broker.antiAffinity=required", "image.digest=sha256:00"],
                     ["broker.persistence.enabled=false", "nameserver.persistence.storageClass=fast", "monitoring.podMonitor=true", "monitoring.rules=true",
                      "monitoring.dashboard=true", "broker.config=flushDiskType=SYNC_FLUSH\nfileReservedTime=24"]):
        words = [helm, "template", "t", CHART, "--namespace", "mq", "--kube-version", "1.31.0"]
        for s in settings:
            words += ["--set-string" if "config=" in s else "--set", s]
        made = subprocess.run(words, capture_output=True, text=True)
        assert made.returncode == 0, made.stderr
        sets = check(documents(made.stdout))
        broker = next(s for s in sets if s["metadata"]["name"].endswith("-broker"))
        env = {e["name"]: e.get("value") for e in broker["spec"]["template"]["spec"]["containers"][0]["env"]}
        assert env["NAMESRV_ADDR"] == "t-merlinmq-namesrv-0.t-merlinmq-namesrv.mq.svc:9876;t-merlinmq-namesrv-1.t-merlinmq-namesrv.mq.svc:9876"
        if any(s.startswith("broker.config") for s in settings):
            config = next(d for d in documents(made.stdout) if d["kind"] == "ConfigMap" and d["metadata"]["name"].endswith("-broker"))
            assert "flushDiskType=SYNC_FLUSH\nfileReservedTime=24" in config["data"]["server.conf"]
