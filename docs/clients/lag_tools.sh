#!/usr/bin/env bash
# What the lag tool named first says of an idle pipeline: burrow, kafka_exporter or kminion.
set -u
. "$(dirname "$0")/checks.sh"
tool=$1
version "$2"
port=$3
work=$(mktemp -d "$TMPDIR/$tool-XXXXXX")
groups=$(pipeline_groups)

case $tool in
burrow)
    cat > "$work/burrow.toml" <<CONFIG
[general]
pidfile="$work/burrow.pid"
[logging]
filename="$work/burrow.log"
level="warn"
[client-profile.any]
client-id="burrow"
kafka-version="3.6.0"
[cluster.local]
class-name="kafka"
servers=["$NOCTURNE_KAFKA"]
client-profile="any"
topic-refresh=10
offset-refresh=10
[consumer.local]
class-name="kafka"
cluster="local"
servers=["$NOCTURNE_KAFKA"]
client-profile="any"
[httpserver.default]
address="127.0.0.1:$port"
[storage.default]
class-name="inmemory"
intervals=15
CONFIG
    burrow --config-dir "$work" > "$work/out" 2>&1 &
    ;;
kafka_exporter)
    kafka_exporter --kafka.server="$NOCTURNE_KAFKA" --web.listen-address="127.0.0.1:$port" > "$work/out" 2>&1 &
    ;;
kminion)
    cat > "$work/kminion.yaml" <<CONFIG
kafka: {brokers: ["$NOCTURNE_KAFKA"]}
exporter: {host: 127.0.0.1, port: $port}
CONFIG
    CONFIG_FILEPATH=$work/kminion.yaml kminion > "$work/out" 2>&1 &
    ;;
esac
trap 'kill $! 2>/dev/null' EXIT

get() { curl -sf "http://127.0.0.1:$port/$1"; }

# a group that Burrow takes for well, and whose lag is 0
burrow_ok() { get "v3/kafka/local/consumer/$1/status" | jq -e '.status | .status == "OK" and .totallag == 0' > /dev/null; }
burrow_all() { get v3/kafka/local/consumer | jq -e ".consumers | length >= $(echo $groups | wc -w)" > /dev/null; }
burrow_says() { get "v3/kafka/local/consumer/$1/status" | jq -c '.status | [.status, .totallag]'; }

# the group has samples, and each is 0
exporter_ok() {
    local samples
    samples=$(get metrics | grep -E "^(kafka_consumergroup_lag|kminion_kafka_consumer_group_topic_partition_lag)\{" |
        grep -E "(consumergroup|group_id)=\"$1\"")
    [ -n "$samples" ] && ! printf '%s\n' "$samples" | grep -qv ' 0$'
}
exporter_says() { get metrics | grep lag | grep "\"$1\"" | grep -v ' 0$' | head -n 2; }

confirm() { until_true 90 "$@" || { "${1%_*}_says" "$2"; return 1; }; }

case $tool in
burrow)
    check 'all groups' until_true 60 burrow_all
    for group in $groups; do check "OK, lag 0: $group" confirm burrow_ok "$group"; done
    ;;
*)
    for group in $groups; do check "lag 0: $group" confirm exporter_ok "$group"; done
    ;;
esac
