#!/usr/bin/env bash
# Runs a script of this folder in a copy of it, in which the words of values.env are filled in. The others
# call it. Written by k2cr.
# shellcheck disable=SC2016  # what is asked is run later
set -euo pipefail

PROJECT="${PROJECT:-shop-prod}"
REGION="${REGION:-asia-northeast1}"
export PROJECT REGION
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=/dev/null
source "$here/values.env"
missing=()
words=(-e '')
# take KEY COMMAND LATER: the value of a key: what stands in values.env, else what COMMAND prints; else the script does
# not start, or where LATER says how it comes to be known, starts with the word as it is.
take() {
  local key=$1 command=$2 later=$3 value=${!1:-} before after
  if [[ -z $value && -n $command ]]; then value=$(bash -c "$command" 2>/dev/null || true); fi
  if [[ -z $value && -n $later ]]; then
    echo "$key is not known yet: $later" >&2
    return
  fi
  if [[ -z $value ]]; then
    missing+=("$key")
    return
  fi
  if [[ ! $value =~ ^[A-Za-z0-9._:/@,+=-]+$ ]]; then
    echo "values.env: $key holds a character that cannot stand in the files. Expected: [A-Za-z0-9._:/@,+=-]+" >&2
    exit 1
  fi
  # Not the name of a variable ("name: KEY", "KEY=", "$KEY"), and no part of a longer word. Twice, for neighbours.
  before='(^|[^A-Za-z0-9_$({])' after='($|[^A-Za-z0-9_=])'
  words+=(-e "/name: $key\$/!s#$before$key$after#\\1$value\\2#g")
  words+=(-e "/name: $key\$/!s#$before$key$after#\\1$value\\2#g")
}
take GATEWAY_CERTIFICATE '' ''
take SUBNET_RANGE '' ''
if ((${#missing[@]})); then
  echo "values.env lacks ${missing[*]}: fill in what it asks for, then run $1 again." >&2
  exit 1
fi

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp "$here"/* "$copy/"
for file in "$here"/*.sh "$here"/*.yaml; do
  if [[ -e $file ]]; then sed -E "${words[@]}" "$file" >"$copy/$(basename "$file")"; fi
done
if [[ $1 == deploy.sh && ${K2CR_IMAGE:-} != written ]]; then
  running=$(gcloud run services describe frontend --project="$PROJECT" --region="$REGION" --flatten='spec.template.spec.containers[]' \
    --format='csv[no-heading](spec.template.spec.containers.name,spec.template.spec.containers.image)' 2>/dev/null | sed -n 's/^frontend,//p' || true)
  if [[ $running =~ ^[A-Za-z0-9._:/@-]+$ && $running != us-docker.pkg.dev/shop/apps/frontend:1 ]]; then
    echo "frontend keeps the image that runs, $running; K2CR_IMAGE=written deploys the one that is written here." >&2
    for file in deploy.sh service.yaml; do
      sed -E "s#(--image=|image: )us-docker\.pkg\.dev/shop/apps/frontend:1( |\$)#\\1$running\\2#" "$copy/$file" >"$copy/kept"
      mv "$copy/kept" "$copy/$file"
    done
  fi
fi
name=$1
shift
K2CR_FILLED=1 bash "$copy/$name" "$@"
