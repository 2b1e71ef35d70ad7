#!/usr/bin/env bash
# The bucket through the command named first: aws, mc, rclone or s3cmd.
set -u
. "$(dirname "$0")/checks.sh"
tool=$1
work=$(mktemp -d "$TMPDIR/$tool-XXXXXX")
folder=outside/$tool-$RANDOM$RANDOM
mkdir "$work/up"
head -c 9000000 /dev/urandom > "$work/up/large"
echo hello > "$work/up/small.txt"
export AWS_DEFAULT_REGION=us-east-1 AWS_ENDPOINT_URL_S3=$NOCTURNE_S3
key() { sed -n "s/^ *$1 *= *//p" "$AWS_SHARED_CREDENTIALS_FILE" | head -n 1; }
access=$(key aws_access_key_id) secret=$(key aws_secret_access_key)
host=${NOCTURNE_S3#http://}

alike() { cmp "$work/up/large" "$work/down/large" && cmp "$work/up/small.txt" "$work/down/small.txt"; }
link() { local url; url=$("$@" | grep -o 'http[^ ]*' | tail -n 1); same "$(curl -sf "$url")" hello; }

case $tool in
aws)
    version "$(aws --version 2>&1 | sed 's/aws-cli.\([^ ]*\).*/\1/')"
    bucket=s3://nocturne/$folder
    check 'ls' aws s3 ls
    check 'cp --recursive' aws s3 cp --recursive "$work/up" "$bucket"
    check 'ls of a folder' aws s3 ls "$bucket/"
    check 'sync down' aws s3 sync "$bucket" "$work/down"
    check 'the same bytes' alike
    check 'presign' link aws s3 presign "$bucket/small.txt"
    check 's3api head-object' aws s3api head-object --bucket nocturne --key "$folder/small.txt"
    check 's3api list-objects-v2' aws s3api list-objects-v2 --bucket nocturne --prefix "$folder" --max-items 1
    check 'mv' aws s3 mv "$bucket/small.txt" "$bucket/moved.txt"
    check 'rm --recursive' aws s3 rm --recursive "$bucket"
    ;;
mc)
    version "$(go version -m "$(command -v mc)" | awk '$1 == "mod" {print $3}' | cut -d- -f2)"
    export MC_CONFIG_DIR=$work/config MC_HOST_outside=http://$access:$secret@$host
    bucket=outside/nocturne/$folder
    check 'ls' mc ls outside/nocturne
    check 'mirror up' mc mirror --quiet "$work/up" "$bucket"
    check 'find' mc find "$bucket" --name '*.txt'
    check 'stat' mc stat "$bucket/small.txt"
    check 'mirror down' mc mirror --quiet "$bucket" "$work/down"
    check 'the same bytes' alike
    check 'cat' mc cat "$bucket/small.txt"
    check 'share download' link mc share download "$bucket/small.txt"
    check 'cp' mc cp --quiet "$bucket/small.txt" "$bucket/copy.txt"
    check 'du' mc du "$bucket"
    check 'rm' mc rm --quiet --recursive --force "$bucket"
    ;;
rclone)
    version "$(rclone version | sed -n '1s/rclone v*//p')"
    export RCLONE_CONFIG=$work/none RCLONE_CONFIG_OUT_TYPE=s3 RCLONE_CONFIG_OUT_PROVIDER=Other
    export RCLONE_CONFIG_OUT_ENDPOINT=$NOCTURNE_S3 RCLONE_CONFIG_OUT_REGION=us-east-1
    export RCLONE_CONFIG_OUT_ACCESS_KEY_ID=$access RCLONE_CONFIG_OUT_SECRET_ACCESS_KEY=$secret
    touch "$work/none"
    unset AWS_CA_BUNDLE # 1.60, which Debian has, ends at once where it is set, even over HTTP
    bucket=out:nocturne/$folder
    check 'lsd' rclone lsd out:
    check 'copy up' rclone copy "$work/up" "$bucket"
    check 'lsjson' rclone lsjson "$bucket"
    check 'check' rclone check "$work/up" "$bucket"
    check 'sync down' rclone sync "$bucket" "$work/down"
    check 'the same bytes' alike
    check 'cat' rclone cat --offset 1 --count 3 "$bucket/small.txt"
    check 'link' link rclone link "$bucket/small.txt"
    check 'moveto' rclone moveto "$bucket/small.txt" "$bucket/moved.txt"
    check 'purge' rclone purge "$bucket"
    ;;
s3cmd)
    version "$(s3cmd --version | sed 's/s3cmd version //')"
    cat > "$work/config" <<CONFIG
[default]
access_key = $access
secret_key = $secret
host_base = $host
host_bucket = $host
use_https = False
bucket_location = us-east-1
CONFIG
    s3() { s3cmd --config "$work/config" "$@"; }
    bucket=s3://nocturne/$folder
    check 'ls' s3 ls
    check 'put' s3 put --recursive "$work/up/" "$bucket/"
    check 'ls of a folder' s3 ls "$bucket/"
    check 'info' s3 info "$bucket/small.txt"
    mkdir "$work/down"
    check 'get' s3 get --recursive "$bucket/" "$work/down/"
    check 'the same bytes' alike
    check 'signurl' link s3 signurl "$bucket/small.txt" +600
    check 'sync' s3 sync "$work/up/" "$bucket/"
    check 'mv' s3 mv "$bucket/small.txt" "$bucket/moved.txt"
    check 'del' s3 del --recursive --force "$bucket/"
    ;;
esac
