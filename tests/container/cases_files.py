"""Manifests and chart: the schemas of Kubernetes, and what refers to what."""
import subprocess

import fetched   # of tests/smoke
import kubernetes_validate
import yaml
from pods import ROOT

KUBERNETES = ROOT / "deploy/kubernetes"
CHART = ROOT / "deploy/helm/merlinmq"


def documents(text):
    return [d for d in yaml.safe_load_all(text) if d]


def check(all_documents):
    """Schemas, then: selectors fit labels, StatefulSets have their headless Service, probes and Services name ports that exist, mounts have volumes."""
    for d in all_documents:
        if not d["apiVersion"].startswith(("monitoring.coreos.com", "cert-manager.io")):
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
    def selected(service):
        """A Service of one pod: the pod's set gives the label with its name."""
        selector = dict(service["spec"]["selector"])
        pod = selector.pop("statefulset.kubernetes.io/pod-name", None)
        pods = [s for s in sets if selector.items() <= s["spec"]["template"]["metadata"]["labels"].items()]
        return [s for s in pods if pod is None or pod in [f"{s['metadata']['name']}-{i}" for i in range(s["spec"]["replicas"])]]
    others = [d for d in services.values() if not selected(d)]
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


def chart(*settings):
    """What helm makes of the chart with these settings; its complaint as text when it refuses."""
    words = [fetched.helm(), "template", "t", CHART, "--namespace", "mq", "--kube-version", "1.31.0"]
    for s in settings:
        words += ["--set-string" if "config=" in s else "--set", s]
    made = subprocess.run(words, capture_output=True, text=True)
    return made.stderr if made.returncode else documents(made.stdout)


def set_of(made, role):
    return next(d["spec"]["template"]["spec"] for d in made if d["kind"] == "StatefulSet" and d["metadata"]["name"].endswith(role))


def env_of(made, role):
    return {e["name"]: e.get("value") or e.get("valueFrom") for e in set_of(made, role)["containers"][0]["env"]}


def test_chart_with_services_for_each_pod(_):
    made = chart("broker.external.enabled=true", "broker.external.host=mq.example.org", "broker.external.nodePorts={31911,31921}")
    check(made)
    assert env_of(made, "-broker")["ADVERTISED_ADDRESSES"] == "mq.example.org:31911,mq.example.org:31921"
    ports = {d["metadata"]["name"]: {p["name"]: p["nodePort"] for p in d["spec"]["ports"]} for d in made if d["kind"] == "Service" and d["spec"].get("type") == "NodePort"}
    assert ports == {f"t-merlinmq-broker-{i}": {"tcp-main": main, "tcp-fast": main - 2} for i, main in enumerate((31911, 31921))}, ports
    made = chart("broker.external.enabled=true", "broker.external.type=LoadBalancer", "broker.external.addresses={a.example.org,b.example.org:7000}",
                 "broker.external.annotations.hostname=POD.example.org")
    check(made)
    assert env_of(made, "-broker")["ADVERTISED_ADDRESSES"] == "a.example.org,b.example.org:7000"
    names = [d["metadata"]["annotations"]["hostname"] for d in made if d["kind"] == "Service" and d["spec"].get("type") == "LoadBalancer"]
    assert names == ["t-merlinmq-broker-0.example.org", "t-merlinmq-broker-1.example.org"], names


def external_nameserver(made):
    """The Service of the NameServers for clients outside."""
    check(made)
    found = [d for d in made if d["kind"] == "Service" and d["metadata"]["name"] == "t-merlinmq-namesrv-external"]
    namesrv = next(d for d in made if d["kind"] == "StatefulSet" and d["metadata"]["name"].endswith("-namesrv"))["spec"]["template"]
    service = found[0]["spec"]
    assert service["selector"].items() <= namesrv["metadata"]["labels"].items() and "clusterIP" not in service and not service.get("publishNotReadyAddresses")
    assert [p["targetPort"] for p in service["ports"]] == ["tcp-namesrv"] and {"name": "tcp-namesrv", "containerPort": 9876} in namesrv["spec"]["containers"][0]["ports"]
    return found[0]


def test_chart_with_a_service_for_the_nameservers(_):
    made = chart("nameserver.external.enabled=true", "nameserver.external.nodePort=30876", "broker.external.enabled=true", "broker.external.host=mq.example.org",
                 "broker.external.nodePorts={31911,31921}")
    spec = external_nameserver(made)["spec"]
    assert spec["type"] == "NodePort" and spec["externalTrafficPolicy"] == "Cluster" and [p["nodePort"] for p in spec["ports"]] == [30876]
    brokers = [d["spec"] for d in made if d["kind"] == "Service" and "statefulset.kubernetes.io/pod-name" in d["spec"]["selector"]]
    assert [b["externalTrafficPolicy"] for b in brokers] == ["Cluster", "Cluster"]   # the host may name several nodes
    balancers = ["nameserver.external.enabled=true", "nameserver.external.type=LoadBalancer", "nameserver.external.port=19876", "nameserver.external.annotations.hostname=mq",
                 "nameserver.external.loadBalancerClass=inner", "broker.external.enabled=true", "broker.external.type=LoadBalancer", "broker.external.addresses={a,b}"]
    service = external_nameserver(chart(*balancers))
    spec = service["spec"]
    assert spec["type"] == "LoadBalancer" and spec["externalTrafficPolicy"] == "Local" and spec["loadBalancerClass"] == "inner"
    assert [p["port"] for p in spec["ports"]] == [19876] and service["metadata"]["annotations"] == {"hostname": "mq"}
    assert external_nameserver(chart(*balancers, "nameserver.external.externalTrafficPolicy=Cluster"))["spec"]["externalTrafficPolicy"] == "Cluster"
    assert not [d for d in chart() if d["kind"] == "Service" and d["spec"].get("type")]   # nothing is outside unasked


def test_chart_with_tls(_):
    for settings, secret in ((["tls.secretName=given"], "given"), (["tls.certManager.enabled=true", "tls.certManager.issuerRef.name=ours",
                                                                    "tls.certManager.dnsNames={mq.example.org}"], "t-merlinmq-tls")):
        made = chart("tls.mode=enforcing", "tls.clientAuth=require", "tls.verify=true", *settings)
        check(made)
        for role in ("-broker", "-namesrv"):
            env = env_of(made, role)
            assert env["ROCKETMQ_CONF_tls_server_mode"] == "enforcing" and env["ROCKETMQ_CONF_tls_test_mode_enable"] == "false", env
            mounts = {m["name"]: m["mountPath"] for m in set_of(made, role)["containers"][0]["volumeMounts"]}
            files = [v for k, v in env.items() if k.startswith("ROCKETMQ_CONF_tls_") and k.endswith("Path")]
            assert len(files) == 6 and all(f.startswith(mounts["tls"] + "/") for f in files), files
            assert [v["secret"]["secretName"] for v in set_of(made, role)["volumes"] if v["name"] == "tls"] == [secret]
        certificates = [d["spec"] for d in made if d["kind"] == "Certificate"]
        assert [c["secretName"] for c in certificates] == ([secret] if secret != "given" else [])
        assert all({"*.t-merlinmq-broker.mq.svc", "t-merlinmq-namesrv.mq.svc", "mq.example.org"} <= set(c["dnsNames"]) for c in certificates)


def test_chart_with_access_control(_):
    made = chart("acl.plainSecret=accounts")
    check(made)
    env, pod = env_of(made, "-broker"), set_of(made, "-broker")
    assert env["ROCKETMQ_CONF_aclEnable"] == "true"
    mounted = {m["name"]: m["mountPath"] for m in pod["containers"][0]["volumeMounts"]}
    assert mounted["acl"] == env["ROCKETMQ_HOME"] + "/conf" and [v["secret"]["secretName"] for v in pod["volumes"] if v["name"] == "acl"] == ["accounts"]
    assert "ROCKETMQ_CONF_aclEnable" not in env_of(made, "-namesrv")
    for asked in ("false", "true"):
        made = chart("acl.usersSecret=users", f"acl.nameserver={asked}")
        check(made)
        for role in ("-broker", "-namesrv"):
            env = env_of(made, role)
            assert ("ROCKETMQ_CONF_authenticationEnabled" in env) == (role == "-broker" or asked == "true")
            for key in ("initAuthenticationUser", "innerClientAuthenticationCredentials"):
                assert env.get("ROCKETMQ_CONF_" + key, {"secretKeyRef": {"name": "users", "key": key}}) == {"secretKeyRef": {"name": "users", "key": key}}


def test_chart_refuses_what_cannot_work(_):
    balancers = ["broker.external.enabled=true", "broker.external.type=LoadBalancer", "broker.external.addresses={a,b}"]
    for settings, why in ((["mode=2m-2s-sync", "broker.replicas=4"], "a broker cannot replicate yet"),
                          (["broker.external.enabled=true", "broker.external.host=h", "broker.external.nodePorts={31911}"], "nodePorts has 1 entries, and there are 2 brokers"),
                          (["broker.external.enabled=true", "broker.external.nodePorts={31911,31921}"], "broker.external.host is missing"),
                          (["broker.external.enabled=true", "broker.external.type=LoadBalancer"], "clients are told one for each"),
                          (["broker.external.enabled=true", "broker.external.type=ClusterIP"], "NodePort or LoadBalancer is needed"),
                          (["nameserver.external.enabled=true", "nameserver.external.nodePort=30876"], "without broker.external"),
                          ([*balancers, "nameserver.external.enabled=true"], "nodePort is missing"),
                          ([*balancers, "nameserver.external.enabled=true", "nameserver.external.type=ClusterIP"], "NodePort or LoadBalancer is needed"),
                          (["acl.plainSecret=a", "acl.usersSecret=b"], "exclude each other"),
                          (["tls.verify=true"], "need tls.secretName"),
                          (["tls.certManager.enabled=true"], "issuerRef.name is missing")):
        said = chart(*settings)
        assert isinstance(said, str) and why in said, (settings, said)


def test_chart(_):
    for settings in ([], ["broker.replicas=4", "networkPolicy=true", "networkPolicyFrom[0].namespaceSelector.matchLabels.team=a", "broker.antiAffinity=required",
                          "image.digest=sha256:00", "monitoring.serviceMonitor=true"],
                     ["broker.persistence.enabled=false", "nameserver.persistence.storageClass=fast", "monitoring.podMonitor=true", "monitoring.rules=true",
                      "monitoring.dashboard=true", "broker.config=flushDiskType=SYNC_FLUSH\nfileReservedTime=24"]):
        made = chart(*settings)
        assert isinstance(made, list), made
        sets = check(made)
        broker = next(s for s in sets if s["metadata"]["name"].endswith("-broker"))
        env = {e["name"]: e.get("value") for e in broker["spec"]["template"]["spec"]["containers"][0]["env"]}
        assert env["NAMESRV_ADDR"] == "t-merlinmq-namesrv-0.t-merlinmq-namesrv.mq.svc:9876;t-merlinmq-namesrv-1.t-merlinmq-namesrv.mq.svc:9876"
        if any(s.startswith("broker.config") for s in settings):
            config = next(d for d in made if d["kind"] == "ConfigMap" and d["metadata"]["name"].endswith("-broker"))
            assert "flushDiskType=SYNC_FLUSH\nfileReservedTime=24" in config["data"]["server.conf"]
