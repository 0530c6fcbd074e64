"""Which objects are workloads, and what is joined to them."""

from __future__ import annotations

from tests.model.manifests import cluster_of

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      serviceAccountName: web
      containers:
      - name: proxy
        image: proxy:1
        ports: [{name: http, containerPort: 8080}]
        envFrom: [{configMapRef: {name: settings, }, prefix: P_}]
        env:
        - {name: COLOUR, valueFrom: {configMapKeyRef: {name: settings, key: colour}}}
        - {name: TOKEN, valueFrom: {secretKeyRef: {name: credentials, key: token}}}
      - {name: app, image: app:1, ports: [{containerPort: 9000}]}
"""
REPLICA_SET = """
apiVersion: apps/v1
kind: ReplicaSet
metadata:
  name: web-5d4
  namespace: shop
  ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, uid: u, controller: true}]
spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: proxy, image: 'proxy:1'}]}}}
"""
POD = """
apiVersion: v1
kind: Pod
metadata:
  name: web-5d4-x
  namespace: shop
  ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-5d4, uid: u, controller: true}]
spec: {nodeName: gke-a, containers: [{name: proxy, image: 'proxy:1', resources: {requests: {cpu: 100m}}}]}
status: {phase: Running, containerStatuses: [{name: proxy, image: 'proxy:1', imageID: 'r/proxy@sha256:abc'}]}
"""
AROUND = """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}, {name: admin, port: 9, targetPort: 9000}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: front, namespace: shop}
spec: {rules: [{host: shop.example.com, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {name: http}}}}]}}]}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: shop}
spec: {scaleTargetRef: {kind: Deployment, name: web}, minReplicas: 2, maxReplicas: 9, metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: shop}
data: {colour: blue, size: "3"}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: web, namespace: shop, annotations: {iam.gke.io/gcp-service-account: web@p.iam.gserviceaccount.com}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web, namespace: shop}
spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}
---
apiVersion: v1
kind: Secret
metadata: {name: credentials, namespace: shop}
data: {token: null, other: null}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: c}
"""


def test_what_a_controller_made_is_part_of_it_whatever_the_order():
    for texts in ((DEPLOYMENT, REPLICA_SET, POD), (POD, REPLICA_SET, DEPLOYMENT)):
        cluster = cluster_of(*texts)
        assert [w.id for w in cluster.workloads] == ["shop/Deployment/web"]
        assert [(p.name, p.workload, p.node) for p in cluster.pods] == [("web-5d4-x", "shop/Deployment/web", "gke-a")]
        assert cluster.workloads[0].container("proxy").image_digest == "sha256:abc"


def test_a_replica_set_without_its_deployment_is_a_workload():
    assert [w.id for w in cluster_of(REPLICA_SET, POD).workloads] == ["shop/ReplicaSet/web-5d4"]


def test_everything_that_speaks_of_a_workload_is_joined_to_it():
    (workload,) = cluster_of(DEPLOYMENT, AROUND).workloads
    (exposure,) = workload.exposures
    assert [(p.port, p.target, p.container) for p in exposure.ports] == [(80, 8080, "proxy"), (9, 9000, "app")]
    assert [(r.host, r.http_path, r.service_port, r.external) for r in exposure.routes] == [
        ("shop.example.com", "/", "http", True)
    ]
    assert (
        workload.autoscaler.min_replicas,
        workload.autoscaler.max_replicas,
        workload.autoscaler.cpu_target_percent,
    ) == (2, 9, 70)
    assert set(workload.related) == {
        "ConfigMap", "HorizontalPodAutoscaler", "Ingress", "PodDisruptionBudget", "Secret", "Service", "ServiceAccount",
    }  # fmt: skip
    assert workload.replicas is None


def test_config_maps_give_values_and_secrets_only_their_names():
    proxy = cluster_of(DEPLOYMENT, AROUND).workloads[0].container("proxy")
    colour, token = proxy.env
    assert (colour.source, colour.value) == ("config-map", "blue")
    assert (token.source, token.value, token.ref_name, token.ref_key) == ("secret", None, "credentials", "token")
    assert [(s.name, s.prefix, s.keys) for s in proxy.env_from] == [("settings", "P_", ("colour", "size"))]


def test_kinds_that_the_model_does_not_read_are_counted():
    assert cluster_of(AROUND).other_kinds == {"Certificate.cert-manager.io": 1}


def test_names_of_objects_without_namespace_or_name():
    cluster = cluster_of(
        "kind: Job\nmetadata: {generateName: run-}\nspec: {template: {spec: {containers: [{name: a, image: i}]}}}"
    )
    assert [w.id for w in cluster.workloads] == ["default/Job/run-*"]


def test_a_knative_service_is_its_own_entrance():
    (workload,) = cluster_of(
        "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: hello}\n"
        "spec: {template: {spec: {containers: [{image: i, ports: [{containerPort: 8081}]}]}}}"
    ).workloads
    assert workload.id == "default/Service/hello"
    assert [(e.type, e.ports[0].target, e.ports[0].container) for e in workload.exposures] == [
        ("Knative", 8081, "user-container")
    ]


def test_containers_without_a_name_of_their_own_get_one_each():
    (knative,) = cluster_of(
        "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: hello}\n"
        "spec: {template: {spec: {containers: [{image: a, ports: [{containerPort: 8881}]}, {image: b}]}}}"
    ).workloads
    assert [c.name for c in knative.pod.containers] == ["user-container-0", "user-container-1"]
    (pod,) = cluster_of(
        "kind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: a, image: i}, {name: a, image: j}]}"
    ).workloads
    assert [c.name for c in pod.pod.containers] == ["a", "a-1"]


def test_a_patch_is_not_complete():
    (workload,) = cluster_of(
        "kind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: a}]}}}"
    ).workloads
    assert not workload.complete


def test_fields_of_the_wrong_type_read_as_absent():
    (workload,) = cluster_of(
        "kind: Deployment\nmetadata: {name: web}\nspec: {replicas: x, template: {spec: {containers: 7, volumes: [3]}}}"
    ).workloads
    assert (workload.replicas, workload.pod.containers, workload.pod.volumes) == (1, (), ())


def test_old_ingress_shapes_lead_to_their_service():
    (workload,) = cluster_of(
        DEPLOYMENT,
        AROUND.replace("networking.k8s.io/v1", "extensions/v1beta1").replace(
            "service: {name: web, port: {name: http}}", "serviceName: web, servicePort: 80"
        ),
    ).workloads
    assert [(r.kind, r.service_port) for r in workload.exposures[0].routes] == [("Ingress", 80)]


def test_an_internal_gateway_is_not_external():
    (workload,) = cluster_of(
        DEPLOYMENT,
        AROUND,
        """
        apiVersion: gateway.networking.k8s.io/v1
        kind: Gateway
        metadata: {name: inside, namespace: infra}
        spec: {gatewayClassName: gke-l7-rilb}
        ---
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata: {name: r, namespace: shop}
        spec: {parentRefs: [{name: inside, namespace: infra}], rules: [{backendRefs: [{name: web, port: 80}]}]}
        """,
    ).workloads
    assert {r.kind: r.external for r in workload.exposures[0].routes} == {"Ingress": True, "HTTPRoute": False}


MULTI_CLUSTER = """
    apiVersion: networking.gke.io/v1
    kind: MultiClusterService
    metadata: {name: web, namespace: shop}
    spec: {template: {spec: {selector: {app: web}, ports: [{name: http, port: 8080, targetPort: 8080}]}}}
    ---
    apiVersion: networking.gke.io/v1
    kind: MultiClusterIngress
    metadata: {name: global, namespace: shop}
    spec: {template: {spec: {backend: {serviceName: web, servicePort: 8080}, rules: [{host: a.example, http: {paths: [{path: /x, backend: {serviceName: web, servicePort: 8080}}]}}]}}}
    """
PODS = """
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a, image: i, ports: [{containerPort: 8080}]}]}}}
    """


def test_a_multi_cluster_service_selects_pods_and_its_ingress_leads_there():
    cluster = cluster_of(PODS, MULTI_CLUSTER)
    ((exposure,),) = [w.exposures for w in cluster.workloads]
    assert (exposure.type, exposure.kind, exposure.ports[0].target) == (
        "MultiClusterService",
        "MultiClusterService",
        8080,
    )
    assert exposure.ports[0].path == "$.spec.template.spec.ports[0]"
    assert [(r.kind, r.host, r.external, r.path) for r in exposure.routes] == [
        ("MultiClusterIngress", None, True, "$.spec.template.spec.backend"),
        ("MultiClusterIngress", "a.example", True, "$.spec.template.spec.rules[0].http.paths[0]"),
    ]
    assert sorted(k for k in cluster.workloads[0].related if k.startswith("Multi")) == [
        "MultiClusterIngress",
        "MultiClusterService",
    ]
    assert cluster.other_kinds == {}
    assert cluster.by_service == {}


def test_a_service_of_the_same_name_is_not_what_a_multi_cluster_ingress_leads_to():
    service = "kind: Service\nmetadata: {name: web, namespace: shop}\nspec: {selector: {app: web}, ports: [{port: 80}]}"
    (workload,) = cluster_of(PODS, MULTI_CLUSTER, service).workloads
    assert {e.kind: len(e.routes) for e in workload.exposures} == {"MultiClusterService": 2, "Service": 0}


def test_a_route_to_an_import_leads_to_the_service_of_its_name():
    (workload,) = cluster_of(
        PODS,
        "kind: Service\nmetadata: {name: web, namespace: shop}\nspec: {selector: {app: web}, ports: [{port: 80}]}",
        "kind: HTTPRoute\nmetadata: {name: r, namespace: shop}\n"
        "spec: {rules: [{backendRefs: [{group: net.gke.io, kind: ServiceImport, name: web, port: 80}]}]}",
    ).workloads
    assert [r.kind for e in workload.exposures for r in e.routes] == ["HTTPRoute"]


def test_a_kind_of_another_api_group_is_no_workload() -> None:
    """Kruise's StatefulSet and Volcano's Job have fields of their own; they are counted, not assessed."""
    cluster = cluster_of(
        """
        apiVersion: apps.kruise.io/v1beta1
        kind: StatefulSet
        metadata: {name: a}
        spec: {template: {metadata: {labels: {app: a}}, spec: {containers: [{name: a, image: nginx:1}]}}}
        ---
        apiVersion: batch.volcano.sh/v1alpha1
        kind: Job
        metadata: {name: b}
        spec: {tasks: [{replicas: 1}]}
        """
    )
    assert cluster.workloads == ()
    assert cluster.other_kinds == {"Job.batch.volcano.sh": 1, "StatefulSet.apps.kruise.io": 1}
