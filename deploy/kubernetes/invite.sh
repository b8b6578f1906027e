#!/usr/bin/env bash
# Invites pods of the StatefulSet into the cluster that troupe-0 has founded (or another running pod, named by FROM). Without
# names: troupe-1 and troupe-2. What was there before stays in the secret; an invitation counts once and expires.
#
#   deploy/kubernetes/invite.sh [POD...]          KUBECTL_FLAGS, for example "-n troupe --context east"
set -euo pipefail
from=${FROM:-troupe-0}
read -ra flags <<<"${KUBECTL_FLAGS:-}"
[ $# -gt 0 ] || set -- troupe-1 troupe-2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 700 "$work"
kubectl() { command kubectl ${flags[@]+"${flags[@]}"} "$@"; }

kubectl wait --for=condition=Ready "pod/$from" --timeout=300s
for pod in "$@"; do
  kubectl exec "$from" -c trouped -- sh -ec \
    "rm -f /tmp/invitation; troupectl node invite '$pod' --address '$pod.troupe-nodes:7400' --out /tmp/invitation >&2; cat /tmp/invitation; rm /tmp/invitation" \
    >"$work/$pod"
done
echo yes >"$work/founded"
kubectl get secret troupe-invitations >/dev/null 2>&1 || kubectl create secret generic troupe-invitations
data=
for file in "$work"/*; do data+="${data:+,}\"${file##*/}\":\"$(base64 -w0 "$file")\""; done
kubectl patch secret troupe-invitations --type=merge --patch "{\"data\":{$data}}"
echo "invited: $*. They see it within a minute, and join."
