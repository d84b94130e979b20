#!/bin/sh
# The walk of README.md, end to end, against a running server; ends with 1 at the first answer that
# is not what it should be.
#
#   ADMIN_PASSWORD=… examples/quickstart.sh [--no-import]
#
#   BASE_URL         where the server is        (http://127.0.0.1:8000)
#   ADMIN_USERNAME   who signs in first         (admin)
#   ADMIN_PASSWORD   their password             (no default)
#   BINARY           the program, for the import; it must find the server's database
#                    (target/release/watchpost, target/debug/watchpost, or the one on PATH)
#
# --no-import leaves the import out: for a server on another machine. Needs curl, sed and grep. What
# it makes stays: a key (revoked at the end), an analyst, a few events and alerts.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
url=${BASE_URL:-http://127.0.0.1:8000}
username=${ADMIN_USERNAME:-admin}
agent=watchpost-quickstart/1.0

# --- saying what happens ------------------------------------------------------------------------

step() { printf '%s\n' "- $*"; }

fail() {
    printf 'quickstart: %s\n' "$*" >&2
    [ -z "${answer:-}" ] || printf 'the last answer, status %s:\n%s\n' "$status" "$answer" >&2
    exit 1
}

# --- requests -----------------------------------------------------------------------------------

# call TOKEN METHOD PATH [curl arguments]: sets $status and $answer. An empty token sends none.
call() {
    token=$1 method=$2 path=$3 status='' answer=''
    shift 3
    [ -z "$token" ] || set -- "$@" -H "Authorization: Bearer $token"
    reply=$(curl -sS -A "$agent" -X "$method" -w '\n%{http_code}' "$url$path" "$@") ||
        fail "$method $path: no answer from $url"
    status=$(printf '%s\n' "$reply" | sed -n '$p')
    answer=$(printf '%s\n' "$reply" | sed '$d')
}

# send TOKEN METHOD PATH BODY: the same with a JSON body.
send() { call "$1" "$2" "$3" -H 'Content-Type: application/json' -d "$4"; }

expect() { [ "$status" = "$1" ] || fail "$method $path: expected $1, got $status"; }

contains() {
    printf '%s\n' "$answer" | grep -qF -- "$1" || fail "$method $path: the answer lacks $1"
}

# text NAME, number NAME: the value of a member of $answer; the last one of that name.
text() { printf '%s\n' "$answer" | sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
number() { printf '%s\n' "$answer" | sed -n "s/.*\"$1\":\([0-9][0-9]*\).*/\1/p"; }

# found NAME VALUE: the value, if there is one.
found() { [ -n "$2" ] || fail "$method $path: no $1 in the answer"; }

sign_in() {
    send '' POST /api/auth/token/ "{\"username\":\"$1\",\"password\":\"$2\"}"
    expect 200
    token=$(text access)
    found access "$token"
}

# --- the walk -----------------------------------------------------------------------------------

import=yes
case ${1:-} in
    '') ;;
    --no-import) import=no ;;
    -h | --help)
        sed -n '2,/^set/{/^set/!s/^# \{0,1\}//p;}' "$0"
        exit 0
        ;;
    *) fail "unknown argument $1; see --help" ;;
esac
[ -n "${ADMIN_PASSWORD:-}" ] || fail 'set ADMIN_PASSWORD to the password of the first administrator'

step "the server at $url is ready"
call '' GET /readyz
expect 200
contains '"status":"ready"'

step "$username signs in"
sign_in "$username" "$ADMIN_PASSWORD"
admin=$token

if [ "$import" = yes ]; then
    step 'a file of Suricata records is imported'
    if [ -z "${BINARY:-}" ]; then
        for BINARY in "$root/target/release/watchpost" "$root/target/debug/watchpost" watchpost; do
            ! command -v "$BINARY" >/dev/null || break
        done
    fi
    command -v "$BINARY" >/dev/null || fail 'no watchpost program found: build it, or set BINARY'
    answer=''
    # The password alone would be half a setting to the program, which refuses those.
    (unset ADMIN_USERNAME ADMIN_PASSWORD && "$BINARY" import --format eve "$here/suricata-eve.ndjson") ||
        fail 'the import failed'
    call "$admin" GET '/api/alerts/?source_name=ids-dmz'
    expect 200
    [ "$(number count)" != 0 ] ||
        fail "the import raised no alert: does $BINARY use the server's database?"
fi

step 'a machine is given a key'
send "$admin" POST /api/keys/ '{"name":"quickstart","source_name":"fw-01"}'
expect 201
key=$(text key)
key_id=$(number id)
found key "$key"

step 'it sends one HIGH event, which is located and raises an alert'
send "$key" POST /api/events/ '{
  "source_name": "fw-01", "event_type": "intrusion", "severity": "HIGH",
  "description": "12 failed root logins over SSH", "ip_address": "81.2.69.142"}'
expect 201
contains '"severity":"HIGH"'
contains '"country_code":"GB"'
event=$(number id)
alert=$(number alert)
found alert "$alert"

step 'it sends three in one request: two are stored, the third is named'
call "$key" POST /api/events/ -H 'Content-Type: application/x-ndjson' --data-binary \
    '{"source_name":"fw-01","event_type":"scan","severity":"LOW","description":"port scan"}
{"source_name":"fw-01","event_type":"malware","severity":"CRITICAL","description":"beacon"}
{"source_name":"fw-01","event_type":"scan","severity":"SEVERE","description":"no such word"}'
expect 200
contains '"accepted":2,"repeated":0,"rejected":1'
contains '"index":2'

step 'sending is all the key may do'
call "$key" GET /api/alerts/
expect 403

step 'an analyst is made and signs in'
send "$admin" POST /api/dashboard/create-analyst/ '{}'
expect 201
contains '"role":"ANALYST"'
sign_in "$(text username)" "$(text password)"
analyst=$token

step 'the analyst finds the alert by severity and status'
call "$analyst" GET '/api/alerts/?severity=HIGH,CRITICAL&status=OPEN&source_name=fw-01'
expect 200
contains "\"id\":$alert,\"status\":\"OPEN\",\"severity\":\"HIGH\""
call "$analyst" GET "/api/alerts/?severity=MEDIUM&status=OPEN&source_name=fw-01"
expect 200
contains '"results":[]'

step 'the analyst sees the event and its country'
call "$analyst" GET "/api/alerts/$alert/"
expect 200
contains "\"event\":{\"id\":$event"
contains '"country":"United Kingdom"'
contains '12 failed root logins over SSH'

step 'the analyst may not acknowledge it'
send "$analyst" PATCH "/api/alerts/$alert/" '{"status":"ACKNOWLEDGED"}'
expect 403
contains 'alert:triage'

step 'the administrator acknowledges it'
call "$admin" PATCH "/api/alerts/$alert/" -H 'Content-Type: application/json' \
    -H 'If-Match: "1"' -d '{"status":"ACKNOWLEDGED","note":"looking at it"}'
expect 200
contains '"status":"ACKNOWLEDGED"'
contains "\"username\":\"$username\""
contains '"version":2'

step 'a change meant for the old version is refused'
call "$admin" PATCH "/api/alerts/$alert/" -H 'Content-Type: application/json' \
    -H 'If-Match: "1"' -d '{"status":"RESOLVED"}'
expect 412

step 'the timeline says who, from where, and what'
call "$admin" GET "/api/alerts/$alert/timeline/"
expect 200
contains '"kind":"RAISED"'
contains '"status":{"from":"OPEN","to":"ACKNOWLEDGED"}'
contains '"text":"looking at it"'

step 'the activity log says it with address and user agent'
call "$admin" GET "/api/audit/?object_kind=alert&object_id=$alert"
expect 200
contains '"action":"alert.changed"'
contains "\"user_agent\":\"$agent\""
address=$(text address)
found address "$address"
call "$admin" GET /api/audit/verify/
expect 200
contains '"intact":true'

step 'the key is revoked and counts no more'
call "$admin" DELETE "/api/keys/$key_id/"
expect 204
send "$key" POST /api/events/ '{}'
expect 401

step 'everybody signs out'
for token in "$analyst" "$admin"; do
    send "$token" POST /api/auth/logout/ '{}'
    expect 204
    call "$token" GET /api/me/
    expect 401
done

printf 'All answers were as they should be. Alert #%s was acknowledged from %s.\n' "$alert" "$address"
