"""What K3s reads on the first server, on another one and on an agent."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.ansible.playbooks import AGENT_SECRET, ANSIBLE, Values, inventory, machine, run, write

ROLES = ANSIBLE / "roles"
CIPHERS = ",".join(
    [
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305",
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305",
    ]
)
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}

Render = Callable[[Values], Path]


def content_of(role: str, file: str) -> str:
    """The expression from which a role writes a file of this name."""
    for path in sorted((ROLES / role / "tasks").glob("*.yml")):
        for task in yaml.safe_load(path.read_text(encoding="utf-8")):
            copy: Values = task.get("ansible.builtin.copy", {})
            if str(copy.get("dest", "")).endswith(f"/{file}") and "content" in copy:
                return copy["content"]
    raise AssertionError(f"no task of {role} writes {file}")


@pytest.fixture(scope="module")
def render(tmp_path_factory: pytest.TempPathFactory) -> Render:
    """Writes what the roles would write on each machine of an inventory, into a folder per machine."""

    def written(content: Values) -> Path:
        folder = tmp_path_factory.mktemp("machines")
        defaults = [str(ROLES / role / "defaults/main.yml") for role in ("k3s", "k3s_server", "k3s_agent")]
        files = {
            "server.yaml": content_of("k3s_server", "config.yaml"),
            "agent.yaml": content_of("k3s_agent", "config.yaml"),
            "join.yaml": content_of("k3s", "join.yaml"),
            "tokens.yaml": "{{ k3s_tokens | to_nice_yaml }}",
        }
        tasks: list[Values] = [
            {
                "name": file,
                "ansible.builtin.copy": {"dest": f"{folder}/{{{{ inventory_hostname }}}}-{file}", "content": text},
            }
            for file, text in files.items()
        ]
        template = {"src": str(ROLES / "k3s/templates/k3s.service.j2")}
        unit = {**template, "dest": f"{folder}/{{{{ inventory_hostname }}}}-unit"}
        tasks.append({"name": "unit", "ansible.builtin.template": unit})
        play = {
            "name": "Render",
            "hosts": "servers:agents",
            "gather_facts": False,
            "vars_files": defaults,
            "tasks": tasks,
        }
        playbook, hosts = write(folder / "play.yaml", [play]), write(folder / "hosts.yaml", content)
        done = run("ansible-playbook", "-i", hosts, playbook)
        assert done.returncode == 0, done.stdout + done.stderr
        return folder

    return written


@pytest.fixture(scope="module")
def machines(render: Render) -> Path:
    """A cluster of three servers whose first one has founded it."""
    servers = {
        "server-0": machine("10.0.10.10", 10, k3s_has_data=True, **LOCAL),
        "server-1": machine("10.0.11.10", 11, "eu-west-3b", k3s_has_data=False, **LOCAL),
        "server-2": machine("10.0.12.10", 12, "eu-west-3c", k3s_has_data=False, **LOCAL),
    }
    labels = {"socle.dev/pool": "web"}
    taints = ["dedicated=web:NoSchedule"]
    agents = {"web-0": machine("10.0.10.20", 20, node_labels=labels, node_taints=taints, **LOCAL)}
    return render(inventory(servers, agents))


def read(folder: Path, name: str) -> Values:
    return yaml.safe_load((folder / name).read_text(encoding="utf-8"))


def kubelet(instance: str, zone: str) -> list[str]:
    return [
        f"provider-id=aws:///{zone}/{instance}",
        "pod-max-pids=4096",
        "streaming-connection-idle-timeout=5m",
        f"tls-cipher-suites={CIPHERS}",
    ]


def labels(zone: str) -> list[str]:
    return [
        "node.kubernetes.io/instance-type=t3.small",
        "topology.kubernetes.io/region=eu-west-3",
        f"topology.kubernetes.io/zone={zone}",
    ]


SERVER: Values = {
    "token-file": "/etc/rancher/k3s/token",
    "node-name": "server-0",
    "node-ip": "10.0.10.10",
    "node-label": labels("eu-west-3a"),
    "node-taint": [],
    "protect-kernel-defaults": True,
    "kubelet-arg": kubelet("i-0000000000000000a", "eu-west-3a"),
    "write-kubeconfig-mode": "0600",
    "secrets-encryption": True,
    "secrets-encryption-provider": "secretbox",
    "disable-cloud-controller": True,
    "flannel-backend": "vxlan",
    "kube-apiserver-arg": [
        "admission-control-config-file=/etc/rancher/k3s/admission.yaml",
        "audit-log-maxage=30",
        "audit-log-maxbackup=10",
        "audit-log-maxsize=100",
        "audit-log-path=/var/lib/rancher/k3s/server/logs/audit.log",
        "audit-policy-file=/etc/rancher/k3s/audit.yaml",
        "enable-admission-plugins=NodeRestriction,EventRateLimit",
        "service-account-extend-token-expiration=false",
    ],
    "kube-controller-manager-arg": ["terminated-pod-gc-threshold=100"],
    "etcd-snapshot-schedule-cron": "0 */6 * * *",
    "etcd-snapshot-retention": 12,
    "etcd-snapshot-compress": True,
    "etcd-s3": True,
    "etcd-s3-bucket": "vote-etcd",
    "etcd-s3-endpoint": "s3.eu-west-3.amazonaws.com",
    "etcd-s3-region": "eu-west-3",
    "etcd-s3-folder": "vote",
    "disable": ["traefik", "servicelb", "local-storage"],
    "tls-san": ["10.0.10.10", "api.vote.example.com", "127.0.0.1"],
}


def test_the_first_server_is_configured_as_the_hardening_guide_asks(machines: Path) -> None:
    assert read(machines, "server-0-server.yaml") == SERVER


def test_another_server_differs_in_nothing_but_what_it_is(machines: Path) -> None:
    own = {
        "node-name": "server-1",
        "node-ip": "10.0.11.10",
        "node-label": labels("eu-west-3b"),
        "kubelet-arg": kubelet("i-0000000000000000b", "eu-west-3b"),
    }
    assert read(machines, "server-1-server.yaml") == SERVER | own


def test_an_agent_joins_the_endpoint_of_the_api(machines: Path) -> None:
    assert read(machines, "web-0-agent.yaml") == {
        "server": "https://10.0.10.10:6443",
        "token-file": "/etc/rancher/k3s/token",
        "node-name": "web-0",
        "node-ip": "10.0.10.20",
        "node-label": [*labels("eu-west-3a")[:1], "socle.dev/pool=web", *labels("eu-west-3a")[1:]],
        "node-taint": ["dedicated=web:NoSchedule"],
        "protect-kernel-defaults": True,
        "kubelet-arg": kubelet("i-00000000000000014", "eu-west-3a"),
    }


# Who founds, who joins


def test_the_server_with_the_data_stays_and_the_others_join_it(machines: Path) -> None:
    assert [read(machines, f"server-{number}-join.yaml") for number in range(3)] == [
        {"cluster-init": True},
        {"server": "https://10.0.10.10:6443"},
        {"server": "https://10.0.10.10:6443"},
    ]


def test_a_first_server_that_was_replaced_joins_the_cluster_that_lives_on(render: Render) -> None:
    servers = {
        "server-0": machine("10.0.10.99", 99, k3s_has_data=False, **LOCAL),
        "server-1": machine("10.0.11.10", 11, k3s_has_data=True, **LOCAL),
        "server-2": machine("10.0.12.10", 12, k3s_has_data=True, **LOCAL),
    }
    folder = render(inventory(servers))
    assert read(folder, "server-0-join.yaml") == {"server": "https://10.0.11.10:6443"}
    assert read(folder, "server-1-join.yaml") == {"cluster-init": True}


def test_a_new_cluster_is_founded_by_who_comes_first(render: Render) -> None:
    folder = render(inventory({"server-0": machine("10.0.10.10", 10, k3s_has_data=False, **LOCAL)}))
    assert read(folder, "server-0-join.yaml") == {"cluster-init": True}


# Tokens


def test_every_node_reads_the_one_token_when_there_is_one(machines: Path) -> None:
    token = [{"arn": "arn:aws:secretsmanager:eu-west-3:111122223333:secret:vote/server-AbCdEf", "file": "token"}]
    assert read(machines, "server-0-tokens.yaml") == token
    assert read(machines, "web-0-tokens.yaml") == token


def test_agents_with_a_token_of_their_own_never_see_that_of_the_servers(render: Render) -> None:
    servers = {"server-0": machine("10.0.10.10", 10, k3s_has_data=False, **LOCAL)}
    agents = {"web-0": machine("10.0.10.20", 20, **LOCAL)}
    folder = render(inventory(servers, agents, agent_token_secret_arn=AGENT_SECRET))
    assert re.findall(r"file: (\S+)", (folder / "server-0-tokens.yaml").read_text(encoding="utf-8")) == [
        "token",
        "agent-token",
    ]
    assert read(folder, "server-0-server.yaml")["agent-token-file"] == "/etc/rancher/k3s/agent-token"
    assert read(folder, "web-0-tokens.yaml") == [{"arn": AGENT_SECRET, "file": "token"}]
    assert "agent-token-file" not in read(folder, "web-0-agent.yaml")


# Files


def test_the_units_start_the_pinned_binary_with_no_argument_but_the_role(machines: Path) -> None:
    def starts(name: str) -> list[str]:
        lines = (machines / f"{name}-unit").read_text(encoding="utf-8").splitlines()
        return [line for line in lines if line.startswith(("ExecStart=", "Type=", "KillMode="))]

    assert starts("server-1") == ["Type=notify", "ExecStart=/usr/local/bin/k3s server", "KillMode=process"]
    assert starts("web-0") == ["Type=exec", "ExecStart=/usr/local/bin/k3s agent", "KillMode=process"]


def test_the_audit_never_records_the_content_of_an_object() -> None:
    policy = read(ROLES / "k3s_server/files", "audit.yaml")
    assert (policy["apiVersion"], policy["kind"]) == ("audit.k8s.io/v1", "Policy")
    assert {rule["level"] for rule in policy["rules"]} == {"None", "Metadata"}
    assert policy["rules"][-1] == {"level": "Metadata"}


def test_nothing_that_concerns_secrets_goes_unrecorded() -> None:
    policy = read(ROLES / "k3s_server/files", "audit.yaml")
    silent = [rule for rule in policy["rules"] if rule["level"] == "None"]
    named = {resource for rule in silent for group in rule.get("resources", []) for resource in group["resources"]}
    assert not named & {"secrets", "configmaps", "serviceaccounts/token"}
    assert all(rule.keys() & {"nonResourceURLs", "resources", "users"} for rule in silent)


def test_a_namespace_without_a_label_gets_the_baseline_of_pod_security() -> None:
    plugins = {
        each["name"]: each["configuration"] for each in read(ROLES / "k3s_server/files", "admission.yaml")["plugins"]
    }
    assert plugins["PodSecurity"]["defaults"]["enforce"] == "baseline"
    assert plugins["PodSecurity"]["exemptions"] == {"namespaces": ["kube-system"]}
    assert {each["type"] for each in plugins["EventRateLimit"]["limits"]} == {"Server", "Namespace"}


def test_the_kernel_has_what_the_kubelet_protects() -> None:
    settings = read(ROLES / "k3s/defaults", "main.yml")["k3s_sysctl"]
    protected = {
        "vm.overcommit_memory": 1,
        "vm.panic_on_oom": 0,
        "kernel.panic": 10,
        "kernel.panic_on_oops": 1,
        "kernel.keys.root_maxkeys": 1000000,
        "kernel.keys.root_maxbytes": 25000000,
    }
    assert protected.items() <= settings.items()
    assert not settings.keys() & read(ROLES / "hardening/defaults", "main.yml")["hardening_sysctl"].keys()
