#!/usr/bin/env bash
# Runs the clients and tools that people use with Nocturne, and prints a table of what they say.
#
#   docs/clients/run.sh            every tool
#   docs/clients/run.sh TOOL...    some: names as in the table
#
# It starts `nocturne up` on free ports in a temporary folder, without a key, and once more with one for the tools that
# matter there. To use one that runs: NOCTURNE_URL, NOCTURNE_KAFKA, NOCTURNE_S3 and AWS_SHARED_CREDENTIALS_FILE as it
# prints them, and its NOCTURNE_API_KEY if it has any.
#
# Needs bash, a JDK, Maven, Python 3.10, Node, Go, curl, jq, kcat and openssl. What it installs (3 GB) goes to
# NOCTURNE_CLIENTS, a temporary folder if that is not set. Burrow, kafka_exporter and kminion are commands from PATH, or
# are built. NOCTURNE_IDLE_MINUTES (1) is how long the pipeline is idle before they are asked.
# The exit status is 1 if a check failed that docs/openai.md does not say to fail.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
all="prometheus_client openai-python openai-node openapi-python-client kcat confluent-kafka boto3 awscli mc rclone s3cmd
webdataset datasets schemathesis kafka burrow kafka_exporter kminion"
with_key="prometheus_client+key openai-python+key schemathesis+key"
chosen=${*:-$all $with_key}

work=$(mktemp -d)
tools=${NOCTURNE_CLIENTS:-$work/tools}
mkdir -p "$tools/bin" "$work/tmp"
export TMPDIR=$work/tmp PATH=$tools/bin:$tools/python/bin:$PATH GOBIN=$tools/bin HF_HOME=$work/tmp PYTHONDONTWRITEBYTECODE=1
up= receiver= # the processes that are ours to stop
finish() {
    [ -z "$up" ] || { kill "$up"; wait "$up"; } 2>/dev/null
    [ -z "$receiver" ] || kill "$receiver"
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
wants() { case " $(echo $chosen) " in *" $1 "*) return 0 ;; *) return 1 ;; esac; }

# ---- install

python_tools() {
    [ -f "$tools/python/done" ] && return
    python3 -m venv "$tools/python" && pip install --quiet --requirement "$here/requirements.txt" && touch "$tools/python/done"
}
node_tools() {
    [ -d "$tools/node/node_modules/openai" ] && return
    mkdir -p "$tools/node" && cp "$here/package.json" "$tools/node" && (cd "$tools/node" && npm install --silent)
}
# COMMAND MODULE@VERSION: from PATH, or built
go_tool() { command -v "$1" > /dev/null || (cd "$tools" && go install "$2"); }
kafka=$(sed -n 's:.*<kafka.version>\(.*\)</kafka.version>.*:\1:p' "$root/pom.xml")
kafka_jars() {
    [ -d "$tools/kafka" ] && return
    mkdir -p "$work/kafka" && cat > "$work/kafka/pom.xml" <<POM
<project><modelVersion>4.0.0</modelVersion><groupId>outside</groupId><artifactId>outside</artifactId><version>1</version>
<dependencies><dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>$kafka</version>
</dependency></dependencies></project>
POM
    mvn -q -B -f "$work/kafka/pom.xml" dependency:copy-dependencies -DoutputDirectory="$tools/kafka" > "$work/kafka/log" 2>&1
}

# ---- the pipeline

start_up() {
    local log=$work/up.log
    : > "$log"
    if [ -z "$receiver" ]; then
        local port
        port=$(free_port)
        export NOCTURNE_WEBHOOK_URL=http://localhost:$port/ NOCTURNE_WEBHOOK_EVENTS=$work/events
        NOCTURNE_WEBHOOK_SECRET=whsec_$(openssl rand -base64 32)
        export NOCTURNE_WEBHOOK_SECRET
        touch "$work/events"
        python "$here/webhook_receiver.py" "$port" "$work/events" &
        receiver=$!
    fi
    NOCTURNE_API_KEY=$1 "$root/nocturne" up --data "$work/data" --http-port "$(free_port)" --kafka-port 0 --s3-port 0 \
        > "$log" 2>&1 &
    up=$!
    until grep -q '^Ctrl-C' "$log"; do
        kill -0 "$up" 2>/dev/null || { cat "$log" >&2; exit 1; }
        sleep 1
    done
    : > "$work/events" # those of another key are too old by now
    export NOCTURNE_API_KEY=$1
    NOCTURNE_URL=$(sed -n 's:^REST *\(http[^/]*//[^/]*\)/.*:\1:p' "$log")
    NOCTURNE_KAFKA=$(sed -n 's/^Kafka *//p' "$log")
    NOCTURNE_S3=$(sed -n 's/^S3 *\([^ ]*\) .*/\1/p' "$log")
    AWS_SHARED_CREDENTIALS_FILE=$(sed -n 's/.*AWS_SHARED_CREDENTIALS_FILE=//p' "$log")
    export NOCTURNE_URL NOCTURNE_KAFKA NOCTURNE_S3 AWS_SHARED_CREDENTIALS_FILE
    if ! curl -sf --retry 120 --retry-delay 1 --retry-all-errors "$NOCTURNE_URL/q/health/ready" > /dev/null; then
        cat "$log" >&2
        exit 1
    fi
}
stop_up() {
    kill "$up" && wait "$up"
    up=
}

# ---- one tool

generated_client() {
    local version
    version=$(openapi-python-client --version | sed 's/.*: //')
    curl -sf -H "Authorization: Bearer ${NOCTURNE_API_KEY:-none}" "$NOCTURNE_URL/v1/openapi.json" > "$work/openapi.json"
    printf 'project_name_override: nocturne-client\npackage_name_override: nocturne_client\n' > "$work/generate.yaml"
    openapi-python-client generate --path "$work/openapi.json" --output-path "$work/generated" --overwrite \
        --config "$work/generate.yaml" > "$work/generate.log" 2>&1
    python "$here/generated_client.py" "$work/generated" "$version" "$work/generate.log"
}
# schemathesis of all operations, or of those that its options name
schemathesis_run() {
    (cd "$work" && SCHEMATHESIS_HOOKS=$here/schemathesis_hooks.py st --config-file "$here/schemathesis.toml" run \
        "$NOCTURNE_URL/v1/openapi.json" --checks all --phases examples,coverage,fuzzing,stateful \
        --max-examples 100 --seed 1 --request-timeout 60 --continue-on-failure --no-color \
        --header "Authorization: Bearer ${NOCTURNE_API_KEY:-none}" "$@" > "$work/schemathesis.log" 2>&1)
}
# Version 4.32.5 itself fails now and then while it makes a form with a file ("Unsupported type: 'Binary'"), and so ends
# the examples of that operation. If nothing else is wrong, it is tried again alone.
schemathesis_again() {
    local operations operation
    grep -q '^=* FAILURES =*$' "$work/schemathesis.log" && return 1
    [ "$(grep -c '^Runtime Error' "$work/schemathesis.log")" = "$(grep -c "^Unsupported type: 'Binary'" "$work/schemathesis.log")" ] ||
        return 1
    operations=$(sed -n 's/^_* \([A-Z]* \/[^ ]*\) _*$/\1/p' "$work/schemathesis.log")
    [ -n "$operations" ] || return 1
    while read -r operation; do
        rm -rf "$work/.hypothesis" # where what failed is kept, to be tried first
        schemathesis_run --include-name "$operation" < /dev/null || return 1
    done <<< "$operations"
}
fuzz() {
    printf 'version\t%s\n' "$(st --version | sed 's/.* //')"
    if schemathesis_run || schemathesis_again; then
        curl -sf -H "Authorization: Bearer ${NOCTURNE_API_KEY:-none}" "$NOCTURNE_URL/v1/openapi.json" |
            jq -r '.paths | to_entries[] | .key as $path | .value | keys[] | "ok\t\(.) \($path)"'
    else
        # a finding begins with the operation between two lines; warnings follow
        sed '/^=* WARNINGS =*$/,$d' "$work/schemathesis.log" | grep -E '^ *- |^_+ ' | tr -d _ |
            sed 's/^ */FAIL\tfinding\t/'
        cp "$work/schemathesis.log" "${NOCTURNE_CLIENTS:-.}/schemathesis-report.txt"
    fi
}
run_tool() {
    case $1 in
    openai-python) python "$here/openai_client.py" ;;
    openai-node) (cd "$tools/node" && node "$here/openai_client.mjs") ;;
    openapi-python-client) generated_client ;;
    schemathesis) fuzz ;;
    kcat) "$here/kcat.sh" ;;
    confluent-kafka) python "$here/confluent_kafka_client.py" ;;
    boto3) python "$here/s3_boto3.py" ;;
    awscli) "$here/s3_tools.sh" aws ;;
    mc) go_tool mc github.com/minio/mc@v0.0.0-20250313080218-cf909e1063a9 && "$here/s3_tools.sh" mc ;;
    rclone) go_tool rclone github.com/rclone/rclone@v1.76.0 && "$here/s3_tools.sh" rclone ;;
    s3cmd) "$here/s3_tools.sh" s3cmd ;;
    webdataset | datasets) python "$here/archives.py" "$1" ;;
    prometheus_client) python "$here/metrics.py" ;;
    kafka) kafka_jars && "$here/kafka_tool.sh" "$tools/kafka" "$kafka" ;;
    burrow) lag_tool burrow github.com/linkedin/Burrow@v1.9.5 ;;
    kafka_exporter) lag_tool kafka_exporter github.com/danielqsj/kafka_exporter@v1.9.0 ;;
    kminion) lag_tool kminion github.com/redpanda-data/kminion/v2@v2.3.5 ;;
    *) echo "no such tool" >&2 && return 1 ;;
    esac
}
lag_tool() {
    go_tool "$1" "$2" && "$here/lag_tools.sh" "$1" "${2#*@v}" "$(free_port)"
}
idle() {
    [ -n "${idled:-}" ] || sleep $((60 * ${NOCTURNE_IDLE_MINUTES:-1}))
    idled=yes
}

failures=0
row() { printf '%-24s %-10s %7s %9s %9s\n' "$@"; }
table=$work/table
row tool version passed refused failed > "$table"
# NAME in the table, and of the tool
report() {
    local out=$work/$1.out
    run_tool "$2" > "$out" 2> "$work/$1.err" || [ -n "$(grep '^FAIL' "$out")" ] ||
        printf 'FAIL\t%s\t%s\n' "does not run" "$(tail -n 2 "$work/$1.err" | tr '\n\t' '  ' | cut -c1-300)" >> "$out"
    local passed refused failed
    passed=$(grep -c '^ok' "$out") refused=$(grep -c '^refused' "$out") failed=$(grep -c '^FAIL' "$out")
    grep '^FAIL' "$out" | sed "s/^FAIL/$1/"
    [ "$failed" = 0 ] || failures=1
    row "$1" "$(sed -n 's/^version\t//p' "$out" | head -n 1)" "$passed" "$refused" "$failed" >> "$table"
    [ -z "${NOCTURNE_CLIENTS:-}" ] || cp "$out" "$tools/$1.log"
}

python_tools && node_tools || exit 1
mine=
if [ -z "${NOCTURNE_URL:-}" ]; then
    mine=yes
    start_up ''
fi
for tool in $all; do
    wants "$tool" || continue
    case $tool in burrow | kafka_exporter | kminion) idle ;; esac
    report "$tool" "$tool"
done
if [ -n "$mine" ]; then
    stop_up
    for tool in $with_key; do
        wants "$tool" || continue
        [ -n "$up" ] || start_up "$(openssl rand -hex 24)"
        report "$tool" "${tool%+key}"
    done
fi
cat "$table"
exit $failures
