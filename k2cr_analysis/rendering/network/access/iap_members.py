"""IAP on a backend service: who may come in today may come in here, by the same OAuth client.

Source: IAP, "Custom OAuth configuration"; GKE, "Enabling IAP for GKE" (the Secret's keys).
"""

from __future__ import annotations

from k2cr_analysis.rendering.network.backend_policy import BackendPolicy, OAuthClient
from k2cr_analysis.rendering.text.scripts import PROJECT, REGION
from k2cr_analysis.rendering.text.shell import quote

IAP_ROLE = "roles/iap.httpsResourceAccessor"

# GKE writes the Service into the description of the backend service that it makes for it.
_MEMBERS = r"""# iap_members NAMESPACE SERVICE WORD...: whom IAP lets in to a Service on GKE it lets in here;
# WORDs name what is protected now. Members under a condition are shown, and added by hand with that condition.
iap_members() {
  local namespace=$1 service=$2 today region member held where
  shift 2
  today=$(gcloud compute backend-services list --project="$PROJECT" \
    --filter="description~'$namespace/(services/)?$service\"'" --format='value(name,region.basename())' --limit=1)
  read -r today region <<<"$today"
  if [[ -z $today ]]; then
    echo "No backend service of GKE for $namespace/$service is found: nobody is added. Who may come in is added by" >&2
    echo "  gcloud iap web add-iam-policy-binding $* --member=group:... --role=ROLE" >&2
    return 0
  fi
  where=( --project="$PROJECT" --resource-type=backend-services --service="$today" ${region:+"--region=$region"})
  held=$(gcloud iap web get-iam-policy "${where[@]}" \
    --flatten='bindings[].members' --format='value(bindings.members)' \
    --filter='bindings.role=ROLE AND -bindings.condition.expression:*')
  while read -r member; do
    if [[ -n $member ]]; then
      gcloud iap web add-iam-policy-binding "$@" --member="$member" \
        --role=ROLE --condition=None >/dev/null
    fi
  done <<<"$held"
  echo "Under a condition, or by other roles (those of the project's IAP policy hold here too):" >&2
  gcloud iap web get-iam-policy "${where[@]}" \
    --flatten='bindings[].members' --filter='bindings.condition.expression:*' >&2
}"""
_CLIENT = r"""# oauth_client NAMESPACE SECRET KEY: a value of the OAuth client's Secret, unseen.
oauth_client() {
  kubectl get secret "$2" --namespace="$1" -o go-template="{{index .data \"$3\" | base64decode}}"
}"""


def iap_functions(policies: list[BackendPolicy], *, direct: bool) -> list[str]:
    """The bash functions that the ways to IAP share; none where IAP stands nowhere today. ``direct``: on the service,
    which the beta track alone knows.
    """
    if not any(p.iap for p in policies):
        return []
    members = _MEMBERS.replace("ROLE", IAP_ROLE)
    if direct:
        members = members.replace("gcloud iap web add", "gcloud beta iap web add")
    lines = [*members.splitlines(), ""]
    return [*lines, *_CLIENT.splitlines(), ""] if any(p.oauth_client for p in policies) else lines


def turn_on(backend: str, place: str, namespace: str, client: OAuthClient | None) -> list[str]:
    """IAP on a backend service, with the OAuth client that it has today."""
    update = f"gcloud compute backend-services update {backend} {place}"
    if client is None:
        return [f"{update} --iap=enabled"]
    secret, of_namespace = quote(client.secret), quote(namespace)
    named = quote(client.client_id) if client.client_id else f'"$(oauth_client {of_namespace} {secret} client_id)"'
    return [
        f"# The OAuth client that it has today: Secret {namespace}/{client.secret}.",
        f"client_id={named}",
        f'client_secret="$(oauth_client {of_namespace} {secret} {client.secret_key})"',
        f"{update} \\",
        '  --iap="enabled,oauth2-client-id=$client_id,oauth2-client-secret=$client_secret"',
    ]


def members_on(protected: str, namespace: str, service: str) -> list[str]:
    """``protected``: the words that name what IAP guards now."""
    return [f"iap_members {quote(namespace)} {quote(service)} {protected}"]


def backend_words(backend: str, place: str) -> str:
    """``place``: of the backend service; one of a region is named with it."""
    regional = f" {REGION}" if REGION in place else ""
    return f"{PROJECT} --resource-type=backend-services --service={backend}{regional}"
