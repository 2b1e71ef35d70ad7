# As checks.py, for commands: source it.

version() { printf 'version\t%s\n' "$1"; }

# check NAME COMMAND...
check() {
    local name=$1 output
    shift
    if output=$("$@" 2>&1); then
        printf 'ok\t%s\n' "$name"
    else
        printf 'FAIL\t%s\t%s\n' "$name" "$(printf %s "$output" | tail -n 4 | tr '\n\t' '  ' | cut -c1-300)"
    fi
}

# until_true SECONDS COMMAND...
until_true() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt $end ] || return 1
        sleep 1
    done
}

same() { [ "$1" = "$2" ] || { echo "$1 instead of $2"; return 1; }; }

# every consumer group of the pipeline
pipeline_groups() {
    curl -sf -H "Authorization: Bearer ${NOCTURNE_API_KEY:-none}" "$NOCTURNE_URL/v1/lag" | jq -r '.stages[].group' | sort -u
}
