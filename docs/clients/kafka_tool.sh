#!/usr/bin/env bash
# Kafka's own tool: the jars are in the folder given, its version is second.
set -u
. "$(dirname "$0")/checks.sh"
version "$2"
jars=$1
tool() { java -cp "$jars/*" -Xmx256m "org.apache.kafka.tools.$1" --bootstrap-server "$NOCTURNE_KAFKA" "${@:2}" 2>/dev/null; }
groups=$(pipeline_groups)
describe() { tool consumer.group.ConsumerGroupCommand --describe --group "$1"; }
member_names() { tool consumer.group.ConsumerGroupCommand --describe --members --all-groups | grep -q encoder-consumer; }

# a number in every row, and each 0
no_lag() {
    local rows
    rows=$(describe "$1" | awk -v group="$1" '$1 == group {print $2 "-" $3, $6}')
    [ -n "$rows" ] || { echo "no rows"; return 1; }
    rows=$(printf '%s\n' "$rows" | grep -v ' 0$') || return 0
    echo "$rows" | head -n 3
    return 1
}

check 'list' tool consumer.group.ConsumerGroupCommand --list
for group in $groups; do
    check "lag 0: $group" until_true 120 no_lag "$group"
done
check "members have names" member_names
check 'offsets of topics' tool GetOffsetShell --topic captions
