#!/usr/bin/env bash
# Runs a real worker for each pod of a node that runs none, as kwok's: docs/kubernetes.md
#
#   bridge.sh FOLDER     until Ctrl-C; a worker's output is FOLDER/<pod>.log, what happens is FOLDER/workers.log
#
# A pod of an encoder-, generator- or decoder-worker that is Running has a process of the packaged service, with the
# variables of this shell; one that ends by itself is started again. When the pod goes, its process gets SIGTERM, and
# ends in its own time. GENERATOR_COMMAND is another program than the packaged generator-worker.
set -euo pipefail
[ $# = 1 ] || { sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 2; }
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=$1
mkdir -p "$folder"
declare -A workers leaving # process ids by pod
export QUARKUS_HTTP_PORT=0

# name and service of those that are Running, and are not being deleted
pods() {
  local template='{{range .items}}{{if not .metadata.deletionTimestamp}}'
  template+='{{.metadata.name}} {{index .metadata.labels "app.kubernetes.io/name"}}{{"\n"}}{{end}}{{end}}'
  kubectl -n nocturne get pods --field-selector status.phase=Running \
    -l 'app.kubernetes.io/name in (encoder-worker, generator-worker, decoder-worker)' -o "go-template=$template"
}

tell() { echo "$(date -u +%FT%T.%3NZ) $*" | tee -a "$folder/workers.log"; }

start() { # POD SERVICE
  local command=(java -Xmx256m -XX:+UseSerialGC -jar "$root/$2/target/quarkus-app/quarkus-run.jar")
  [ "$2" = generator-worker ] && [ -n "${GENERATOR_COMMAND:-}" ] && read -ra command <<< "$GENERATOR_COMMAND"
  "${command[@]}" >> "$folder/$1.log" 2>&1 &
  workers[$1]=$!
  tell "started $1"
}

drain() { # POD
  kill -TERM "${workers[$1]}" 2> /dev/null || true
  leaving[$1]=${workers[$1]}
  unset "workers[$1]"
  tell "draining $1"
}

reap() {
  local pod code
  for pod in "${!leaving[@]}"; do
    kill -0 "${leaving[$pod]}" 2> /dev/null && continue
    code=0
    wait "${leaving[$pod]}" || code=$?
    tell "ended $pod $code"
    unset "leaving[$pod]"
  done
}

end() {
  for pod in "${!workers[@]}"; do drain "$pod"; done
  while [ ${#leaving[@]} != 0 ]; do reap; sleep 0.2; done
  exit 0
}

trap end INT TERM
while true; do
  for pod in "${!workers[@]}"; do
    kill -0 "${workers[$pod]}" 2> /dev/null || { tell "ended by itself $pod"; unset "workers[$pod]"; }
  done
  if running=$(pods); then # an API server that is away stops nobody
    for pod in "${!workers[@]}"; do
      grep -q "^$pod " <<< "$running" || drain "$pod"
    done
    while read -r pod service; do
      [ -z "$pod" ] || [ -n "${workers[$pod]:-}" ] || start "$pod" "$service"
    done <<< "$running"
  fi
  reap
  sleep 1
done
