#!/usr/bin/env bash
# The lines of docs/kafka.md.
set -u
. "$(dirname "$0")/checks.sh"
version "$(kcat -V | sed -n 's/^Version \([^ ]*\).*/\1/p')"
id=kcat-$RANDOM$RANDOM
authorization="Authorization: Bearer ${NOCTURNE_API_KEY:-none}"
caption="{\"custom_id\":\"$id\",\"prompt\":\"a green tree\",\"candidates\":1,\"top\":1}"

publish() { printf '%s\n' "$1" | kcat -P -b "$NOCTURNE_KAFKA" -t captions.json; }
metadata() { kcat -L -b "$NOCTURNE_KAFKA" | grep -q '"captions.json"'; }
results() { kcat -C -e -q -b "$NOCTURNE_KAFKA" -t results -f '%k\n' | grep -q "caption-$id/"; }
json() { same "$(kcat -C -e -q -b "$NOCTURNE_KAFKA" -t results.json | grep "\"$id\"" | jq .response.status_code)" 200; }
# Submits a job of one line: a single caption has no output.jsonl.
submit() {
    printf '%s\n' "${caption/$id/$id-job}" | curl -sf -H "$authorization" -H 'Content-Type: application/jsonl' \
        --data-binary @- "$NOCTURNE_URL/v1/jobs" | jq -er .id
}
# every field that the output.jsonl of job $1 has
same_as_output() {
    local mine theirs
    mine=$(kcat -C -e -q -b "$NOCTURNE_KAFKA" -t results.json | grep "\"$id-job\"" | jq -c '[paths | map(tostring) | join(".")]')
    theirs=$(curl -sf -H "$authorization" "$NOCTURNE_URL/v1/jobs/$1/files/output.jsonl" |
        jq -c '[paths | map(tostring) | join(".")]')
    jq -en --argjson mine "$mine" --argjson theirs "$theirs" '$theirs - $mine | if . == [] then true else error(tostring) end'
}
dead_letter() { kcat -C -e -q -b "$NOCTURNE_KAFKA" -t dead-letters -f '%h %s\n' | grep -a "$id" | grep -aq nocturne-reason-code=; }
lag() { kcat -C -e -q -b "$NOCTURNE_KAFKA" -t captions.json -o -1 -f '%o\n' >/dev/null; }

check 'metadata' metadata
check 'a caption' publish "$caption"
check 'its result' until_true 300 results
check 'its result in JSON' until_true 60 json
check 'results.json has every field of output.jsonl' until_true 60 same_as_output "$(submit)"
check 'what is no caption' publish "no caption $id"
check 'its dead letter with a reason' until_true 60 dead_letter
check 'the last record' lag
