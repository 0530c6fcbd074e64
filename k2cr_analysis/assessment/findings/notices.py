"""What the assessment itself has to say: a figure that the snapshot cannot support, and which source is missing.

One function for each rule, named like it; its docstring is the rule's documentation.
"""

from __future__ import annotations

from decimal import Decimal

from k2cr_analysis.model.findings.rules import Said, notice
from k2cr_analysis.model.money import amount_of, plain_amount

_PRICING = "https://cloud.google.com/run/pricing"


@notice(docs=_PRICING)
def no_traffic_data(workload_id: str) -> Said:
    """The snapshot has no requests of this service.

    Why: What Cloud Run charges for a service, and how fast it is, hangs on its requests. Both stay open, rather than
    guessed.
    Remedy: Collect with `--traffic FILE`, or set `[traffic.assumed]` requests_per_s and latency_ms in k2cr.toml; the
    report then says that it was assumed.
    Example: collected with --manifests alone
    """
    return Said(f"the snapshot has no traffic of {workload_id}: Cloud Run's cost and latency are not known")


@notice(docs=_PRICING)
def traffic_assumed(workload_id: str, words: str) -> Said:
    """The requests of this service were not measured: those of `[traffic.assumed]` stand for them.

    Why: What Cloud Run charges for a service, how fast it is and how often it starts cold all hang on its requests.
    Each of these figures is as good as the assumption, and so is what the plan makes of them.
    Remedy: Collect with `--traffic FILE` or from Cloud Monitoring. Until then try other values of `[traffic.assumed]`;
    an internal tool has its `hours` and `days`, since its lulls decide how often it starts cold.
    Example: [traffic.assumed] requests_per_s = 0.2, latency_ms = 100
    """
    return Said(f"{workload_id}: cost and latency rest on assumed traffic, {words}, not on any that was measured")


@notice(docs=_PRICING)
def no_running_time(workload_id: str) -> Said:
    """The snapshot does not show how long the job runs.

    Why: A manifest says when a job starts, not when it ends, and Cloud Run bills its running time.
    Remedy: Collect with `--usage FILE` (metric kubernetes.io/container/uptime), or price it by hand:
    `k2cr cost --kind job --hours H`.
    Example: a CronJob, collected with --manifests alone
    """
    return Said(f"the snapshot does not show how long {workload_id} runs: its cost on Cloud Run is not known")


@notice(docs="https://docs.cloud.google.com/run/docs/execute/delayed-jobs")
def job_can_wait(price: str) -> Said:
    """The job need not start on the minute: delayed execution (Preview) is cheaper.

    Why: A delayed job starts when there is room, within 12 hours, and runs at most 12 hours. The price may change every
    30 days.
    Remedy: Nothing to decide: it is written as an ordinary job. Where it may wait, set `delayExecution: true`
    (`--delay-execution`, gcloud beta 582) and compare.
    Example: a CronJob with schedule "0 3 * * *"
    """
    return Said(f"it runs once a day or less, so that it might wait for room (delayed execution, Preview): {price}")


@notice(docs=_PRICING)
def no_price(reason: str) -> Said:
    """The price book has no confirmed price for something that the workload needs.

    Why: A price that nobody could confirm is not in the book, so that no total rests on it.
    Remedy: Name another region in `[project] region`, or collect with a price book that has the price.
    Example: a GPU in a region where the book has no price of it
    """
    return Said(f"a figure is missing: {reason}")


@notice(docs="https://docs.cloud.google.com/kubernetes-engine/docs/how-to/cost-allocations")
def no_gke_cost(reason: str) -> Said:
    """What the workload costs on GKE today cannot be told from the snapshot.

    Why: Neither a bill nor nodes nor requests show its share.
    Remedy: Collect with `--billing FILE` (the detailed billing export), or with the cluster's nodes and pods.
    Example: a Deployment without requests, collected with --manifests alone
    """
    return Said(f"what it costs on GKE is not known: {reason}")


@notice(docs="https://docs.cloud.google.com/run/docs/about-concurrency")
def objectives_not_met(asked: str, reached: str, would_meet: str) -> Said:
    """No configuration of the grid meets the objectives.

    Why: What makes the requests slow is not what a configuration changes: their own work, or the start of an instance
    that a burst needs. The configuration that misses them by least is recommended, the cheapest of equals.
    Remedy: Make requests or starts faster, or write what it reaches into `[objectives]` of k2cr.toml.
    Example: [objectives] p99_ms = 20, for requests of 100 ms
    """
    return Said(
        f"no configuration that was tried meets the objectives ({asked}); the nearest has {reached}; it would meet "
        f"[objectives] {would_meet}"
    )


@notice(docs="https://docs.cloud.google.com/run/docs/about-instance-autoscaling", severity="change")
def overloaded(share: float | None, most: int, pods: int) -> Said:
    """The service may have fewer instances than the workload has pods, and they are too few, or nobody knows.

    Why: Requests that no instance takes within the pending time-out are turned away (429). Somebody capped the
    instances below what serves the requests today; without data on the traffic nothing shows that fewer will do.
    Remedy: Raise `[policy] max_instances` in k2cr.toml; or collect the traffic, where it is not known.
    Example: [policy] max_instances = 2, for 200 requests a second of 50 ms CPU
    """
    if share is None:
        return Said(
            f"at most {most} instances, where {pods} pods may run today: whether they serve its requests is not known"
        )
    return Said(
        f"{share:.1%} of the requests would be rejected at the maximum of {most} instances (today: {pods} pods at most)"
    )


@notice(docs="https://docs.cloud.google.com/run/docs/about-instance-autoscaling")
def short_of_instances(share: float, most: int) -> Said:
    """As many instances as pods run today would turn some requests away, by the model.

    Why: An instance is smaller than a pod, or takes fewer requests at a time. Requests that no instance takes within
    the pending time-out get 429.
    Remedy: Raise `[policy] max_instances` in k2cr.toml, or let the workload run more than once at a time
    (`strategy: RollingUpdate`), before traffic is shifted.
    Example: one pod with `strategy: Recreate`, for 200 requests a second of 50 ms CPU
    """
    return Said(f"{share:.1%} of the requests would be rejected at the maximum of {most} instances, as many as pods")


@notice(docs="https://docs.cloud.google.com/run/docs/configuring/max-instances-limits")
def more_instances_than_pods(pods: int, most: int) -> Said:
    """The maximum of instances is above the autoscaler's maximum of pods.

    Why: An instance is smaller than a pod, or takes fewer requests at a time, so that the busiest period needs more of
    them. What each of them opens (connections to a database, say) is opened more often.
    Remedy: Check the limits of what it calls; `[policy] max_instances` in k2cr.toml caps it.
    Example: maxReplicas: 4, pods of 4 CPU, instances of 1
    """
    return Said(f"up to {most} instances, where the HorizontalPodAutoscaler has {pods} pods at most")


@notice(docs="https://docs.cloud.google.com/run/docs/configuring/min-instances")
def instances_kept(kept: int, least: int, waits: str, startup_s: float, price: str) -> Said:
    """Instances are kept warm, since too many requests would wait for a start without them.

    Why: From zero, the first request after a quiet quarter of an hour waits for the whole start of an instance.
    Remedy: Nothing to decide. `[objectives] cold_start_ratio` in k2cr.toml asks for more or fewer cold starts.
    Example: 0.005 requests a second, and a start of 9 s
    """
    instead = f"; with {least}, {waits} would wait {startup_s:.1f} s" if waits else ""
    return Said(f"min instances {kept}{instead}" + (f"; costs {price}" if price else ""))


@notice(docs="https://docs.cloud.google.com/run/docs/configuring/min-instances")
def cold_starts(share: float, startup_s: float, kept: int, price: str, share_then: float) -> Said:
    """More requests wait for the start of an instance than k2cr would accept by itself (1 %).

    Why: After a quiet quarter of an hour no instance is left, and the next request waits for the whole start of one.
    The objectives allow it, or nothing that was tried avoids it.
    Remedy: Keep an instance (`[objectives] cold_start_ratio` in k2cr.toml, or `[policy] min_instances`), make the start
    faster, or accept it.
    Example: 0.001 requests a second, a start of 9 s, and [objectives] cold_start_ratio = 1.0
    """
    return Said(
        f"{share:.1%} of the requests wait {startup_s:.1f} s for a start; with min instances {kept} {share_then:.1%} "
        f"would, for {price}"
    )


@notice(docs=_PRICING)
def saving_may_be_a_loss(low: Decimal, high: Decimal, currency: str) -> Said:
    """The interval of the saving holds zero: on other days of the same kind the move would lose money.

    Why: Cloud Run's cost follows the requests, and the requests of the window differ from day to day by more than the
    saving is worth.
    Remedy: Look at a longer window, or move it for other reasons than its cost.
    Example: a saving of 3.00 whose days give -4.00 to 9.00
    """
    return Said(
        f"the saving is between {plain_amount(low, currency)} and {amount_of(high, currency)} a month (95 %): it"
        " may be a loss"
    )


@notice(docs="https://docs.cloud.google.com/run/docs/configuring/billing-settings")
def worker_beside_or_apart(path: str, names: str, together: str, service: str, pool: str) -> Said:
    """What it costs to keep a worker in the service, and to give it a worker pool of its own.

    Why: A container that works without requests makes the whole service billed by instance, with one kept. Apart, the
    service scales to zero, and the worker pool costs its own containers alone, all the time.
    Remedy: Take the cheaper one. Apart means two Deployments: the worker's containers in one of their own, without a
    Service; the same image may stand in both.
    Example: containers web and worker in one Deployment
    """
    return Said(
        f"{names}: in the service, billed by instance, {together}; apart, the service {service} and a worker pool "
        f"{pool}",
        path,
    )


@notice(docs="https://docs.cloud.google.com/run/docs/triggering/pubsub-push")
def pull_or_push(path: str, names: str, pool: str, service: str) -> Said:
    """What it costs to pull messages in a worker pool, and to have them pushed to a service.

    Why: A worker pool runs all the time, whether messages come or not. A push subscription calls a service, which is
    billed by request and scales to zero.
    Remedy: For push the code answers `POST /` with the message in its JSON body (base64 in `message.data`) by 2xx
    instead of acknowledging it, and a subscription with a push endpoint and a service account calls it; each message
    has the request's time-out, an hour at most.
    Example: env: [{name: PUBSUB_SUBSCRIPTION, value: orders}]
    """
    return Said(
        f"{names} pulls from Pub/Sub: as a worker pool {pool}; pushed to a service, billed by request, {service}", path
    )


@notice(docs="https://docs.cloud.google.com/run/docs/deploying#sidecars")
def merged_into(caller: str, other_identity: bool) -> Said:
    """The config makes this workload a part of its caller's service.

    Why: Only its caller calls it, and `merge` in k2cr.toml puts its containers beside the caller's: the calls stay on
    localhost. Its cost on GKE, its move and its effort are counted with the caller, once.
    Remedy: Nothing to decide. Take it out of `merge` under the caller's `[workload."namespace/Kind/name"]` to assess it
    by itself.
    Example: merge = ["shop/Deployment/renderer"]
    """
    identity = "; there it runs as the caller's service account: give that one the roles of its own"
    return Said(
        f"its containers run in the Cloud Run service of {caller}, where its cost and its move are counted"
        f"{identity if other_identity else ''}",
        remediation=f'take it out of `merge` under [workload."{caller}"] in k2cr.toml to assess it by itself',
    )
