"""What Cloud Run, gcloud, GKE and Kubernetes are: the one home of their limits, defaults, names and prices' ids.

Every analysis and every printer reads here, and none writes such a number or list again: ``tests/project`` holds it.
A fact is a constant whose annotation names its source and the day it was read, or says that it is not confirmed and
why it is used all the same; ``tests/platforms`` holds that each tells one or the other::

    MAX_STARTUP_S: Annotated[int, HEALTHCHECKS] = 240

| file | holds |
|---|---|
| ``cloud_run/limits.py`` | CPU, memory, requests, time-outs, names, tasks, instances |
| ``cloud_run/billing.py`` | steps in which time is billed |
| ``cloud_run/probes.py`` | kinds and ranges of probes, the start-up budget |
| ``cloud_run/scaling.py`` | scaling targets, idle time, worker pools |
| ``cloud_run/volumes.py`` | scratch disks and memory, volume drivers |
| ``cloud_run/reserved.py`` | variables, ports, URL paths and addresses that are the platform's own |
| ``cloud_run/annotations.py`` | names of Cloud Run's annotations and labels |
| ``cloud_run/gpu.py`` | GPU kinds with their least and most CPU and memory |
| ``cloud_run/gcloud_flags.py`` | which gcloud version brought which flag |
| ``gke/cluster.py`` | labels of nodes, system namespaces, places |
| ``gke/labels.py`` | keys of labels and annotations of other objects |
| ``gke/autopilot.py`` | compute classes billed by pod, and Autopilot's rules for requests |
| ``machines.py`` | families of Compute Engine's machines |
| ``managed.py`` | managed services in place of what stays |
| ``organization_policies.py`` | constraints of an organisation |
| ``images.py`` | image references |
| ``billing.py`` | the month that prices are told for, ids of the Cloud Billing Catalog |
"""
