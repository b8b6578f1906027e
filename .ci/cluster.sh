# shellcheck shell=bash disable=SC2154
# A cluster of nodes on this machine, for trying things out. Sourced by ./dev, which sets root and preset.
# Node i keeps its data in .troupe-cluster/n<i> and its log beside it; the first is founded, the others join by its
# invitation, as on machines of their own. Ports: 8080, 4318, 9464, 7401 and 7400 of the first, 10 more for each next one.

cluster_home=$root/.troupe-cluster

# run_cluster COUNT: starts what is not there yet, prints where everything is, ends all nodes when it is ended.
run_cluster() {
  local count=$1 i pids=()
  local bin=$root/build/$preset/bin
  [[ $count =~ ^[1-9]$ ]] || die "cluster takes a number of nodes from 1 to 9" 2
  mkdir -p "$cluster_home"
  # A key that the first start creates: kept, so that it can be shown at every start.
  if [ ! -f "$cluster_home/key" ]; then
    (umask 077 && head -c 30 /dev/urandom | base64 | tr '+/' '-_' >"$cluster_home/key")
  fi
  trap 'trap - EXIT INT TERM; [ ${#pids[@]} = 0 ] || kill "${pids[@]}" 2>/dev/null || :; wait' EXIT INT TERM
  for ((i = 1; i <= count; i++)); do
    start_cluster_node "$bin" "$i"
    pids+=("$!")
    wait_until_ready "$i" "${pids[-1]}"
  done
  tell_cluster "$bin" "$count"
  wait -n "${pids[@]}" || :
  note "a node has ended: its log is in $cluster_home; ending the others"
}

start_cluster_node() {
  local bin=$1 i=$2 home=$cluster_home/n$2 shift=$((10 * ($2 - 1))) join=()
  if [ "$i" -gt 1 ] && [ ! -d "$home/data" ]; then
    note "inviting n$i"
    rm -f "$home.invitation"
    TROUPE_DATA_DIR=$cluster_home/n1/data "$bin/troupectl" node invite "n$i" --address "127.0.0.1:7400" \
      --out "$home.invitation" >&2 || die "n1 did not invite n$i: see above"
    join=(--join "$home.invitation")
  fi
  mkdir -p "$home"
  TROUPE_ADMIN_KEY=$(cat "$cluster_home/key") "$bin/trouped" --data-dir "$home/data" --node-name "n$i" \
    --http-listen "127.0.0.1:$((8080 + shift))" --otlp-listen "127.0.0.1:$((4318 + shift))" \
    --ops-listen "127.0.0.1:$((9464 + shift))" --admin-listen "127.0.0.1:$((7401 + shift))" \
    --cluster-listen "127.0.0.1:$((7400 + shift))" "${join[@]}" </dev/null >>"$home/log" 2>&1 &
}

wait_until_ready() {
  local url=http://127.0.0.1:$((9464 + 10 * ($1 - 1)))/readyz
  until curl -fsS -o /dev/null --retry 200 --retry-delay 0 --retry-max-time 1 --retry-all-errors "$url" 2>/dev/null; do
    kill -0 "$2" 2>/dev/null || { tail -5 "$cluster_home/n$1/log" >&2; die "n$1 has ended: see $cluster_home/n$1/log"; }
  done
}

tell_cluster() {
  local bin=$1 count=$2 i
  printf '\nA cluster of %s, ended by Ctrl-C; ./dev cluster goes on with its data, removing %s begins anew.\n\n' \
    "$count" "${cluster_home#"$root"/}"
  for ((i = 0; i < count; i++)); do
    printf '  n%d   page and API http://127.0.0.1:%d   OTLP http://127.0.0.1:%d   log %s\n' $((i + 1)) $((8080 + 10 * i)) \
      $((4318 + 10 * i)) "${cluster_home#"$root"/}/n$((i + 1))/log"
  done
  printf '  key  %s\n\nWhat it is doing:  TROUPE_DATA_DIR=%s %s nodes\n\n' "$(cat "$cluster_home/key")" \
    "${cluster_home#"$root"/}/n1/data" "${bin#"$root"/}/troupectl"
}
