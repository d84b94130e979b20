#!/usr/bin/env bash
# Sends syslog with real programs to a running server and prints what became of it. `--help`.
set -euo pipefail

usage() {
    cat <<'USAGE'
Sends messages to a running Watchpost with logger, rsyslog, syslog-ng and Python's logging, over
UDP, TCP and TLS, and prints each message beside the event it became. It is no part of ./test,
because it needs those programs; what is not installed is left out and named.

  tests/senders/syslog.sh URL UDP TCP [TLS CA]

  URL   of the server, such as http://127.0.0.1:8000
  UDP   HOST:PORT of SYSLOG_UDP
  TCP   HOST:PORT of SYSLOG_TCP
  TLS   HOST:PORT of SYSLOG_TLS; the name in its certificate must be HOST
  CA    file with the certificate authority, in PEM

  WATCHPOST_USER, WATCHPOST_PASSWORD   who reads the events (default admin, and no password)
  RSYSLOGD          the program (default rsyslogd), where it is unpacked beside syslog-ng
  RSYSLOG_MODULES   folder of its modules, for the same reason

Exits with 1 when a message is missing or came twice.

Debian's rsyslog and syslog-ng conflict: install one, unpack the other with
`apt-get download rsyslog rsyslog-openssl; dpkg -x FILE FOLDER`.
USAGE
}

case ${1:-} in
    -h | --help)
        usage
        exit 0
        ;;
esac
if (($# != 3 && $# != 5)); then
    usage >&2
    exit 2
fi
url=${1%/} udp=$2 tcp=$3 tls=${4:-} ca=${5:-}
run=run$RANDOM$RANDOM
tls_too=$((${#tls} > 0))
folder=$(mktemp -d)
started=()
finish() {
    local process
    for process in "${started[@]}"; do
        kill "$process" 2>/dev/null || true
    done
    rm -rf -- "$folder"
}
trap finish EXIT

host() { printf '%s' "${1%:*}"; }
port() { printf '%s' "${1##*:}"; }
has() { command -v "$1" >/dev/null || { printf 'not installed, left out: %s\n' "$1"; return 1; }; }
# Every message says which run and what sent it: NAME, and how often it is to arrive.
expected=()
expect() { expected+=("$1=${2:-1}"); }

send_logger() {
    has logger || return 0
    local to=(-n "$(host "$udp")" -P "$(port "$udp")" -d)
    expect logger-udp-5424
    logger "${to[@]}" --rfc5424 -t sshd -p auth.crit --msgid ID47 --sd-id wp@32473 \
        --sd-param 'src="10.0.0.9"' -- "$run-logger-udp-5424 said \"hello\""
    expect logger-udp-3164
    logger "${to[@]}" --rfc3164 -t backup -p authpriv.warning -- "$run-logger-udp-3164 said hello"
    to=(-n "$(host "$tcp")" -P "$(port "$tcp")" -T)
    expect logger-tcp-lf
    logger "${to[@]}" --rfc5424 -t app -- "$run-logger-tcp-lf said hello"
    expect logger-tcp-counted
    logger "${to[@]}" --octet-count --rfc5424 -t app -- "$run-logger-tcp-counted said hello"
}

send_python() {
    has python3 || return 0
    expect python-udp
    expect python-tcp
    expect python-tcp-lines
    python3 - "$run" "$(host "$udp")" "$(port "$udp")" "$(host "$tcp")" "$(port "$tcp")" <<'PYTHON'
import logging, logging.handlers, socket, sys
run, udp, udp_port, tcp, tcp_port = sys.argv[1:]
for kind, place, name in (
    (socket.SOCK_DGRAM, (udp, int(udp_port)), "udp"),
    (socket.SOCK_STREAM, (tcp, int(tcp_port)), "tcp"),
):
    handler = logging.handlers.SysLogHandler(place, socktype=kind)
    log = logging.getLogger(name)
    log.addHandler(handler)
    log.error("%s-python-%s disk failed %s", run, name, "sda")
    if name == "tcp":
        try:
            raise ValueError("on several lines")
        except ValueError:
            log.exception("%s-python-tcp-lines traceback", run)
    handler.close()
PYTHON
}

send_rsyslog() {
    local rsyslogd=${RSYSLOGD:-rsyslogd}
    has "$rsyslogd" || return 0
    local config=$folder/rsyslog.conf socket=$folder/rsyslog.sock name to
    {
        cat <<CONF
global(workDirectory="$folder")
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="$socket" CreatePath="on")
action(type="omfwd" target="$(host "$udp")" port="$(port "$udp")" protocol="udp")
action(type="omfwd" target="$(host "$tcp")" port="$(port "$tcp")" protocol="tcp"
       template="RSYSLOG_ForwardFormat")
action(type="omfwd" target="$(host "$tcp")" port="$(port "$tcp")" protocol="tcp"
       TCP_Framing="octet-counted" template="RSYSLOG_SyslogProtocol23Format")
CONF
        if [[ -n $tls ]]; then
            cat <<CONF
action(type="omfwd" target="$(host "$tls")" port="$(port "$tls")" protocol="tcp"
       StreamDriver="ossl" StreamDriverMode="1" StreamDriverAuthMode="x509/name"
       StreamDriverPermittedPeers="$(host "$tls")" StreamDriver.CAFile="$ca"
       TCP_Framing="octet-counted" template="RSYSLOG_SyslogProtocol23Format")
CONF
        fi
    } >"$config"
    local modules=()
    [[ -z ${RSYSLOG_MODULES:-} ]] || modules=(-M "$RSYSLOG_MODULES")
    "$rsyslogd" -n -f "$config" -i "$folder/rsyslog.pid" "${modules[@]}" 2>"$folder/rsyslog.log" &
    started+=($!)
    wait_for "$socket"
    # One message goes to every action.
    expect rsyslog "$((tls_too + 3))"
    logger -u "$socket" -t backup -p local3.err -- "$run-rsyslog failure on \"sda\""
}

send_syslog_ng() {
    has syslog-ng || return 0
    local config=$folder/syslog-ng.conf socket=$folder/syslog-ng.sock
    {
        cat <<CONF
@version: 3.35
source s { unix-dgram("$socket"); };
destination d_5424 { syslog("$(host "$tcp")" port($(port "$tcp")) transport("tcp")); };
destination d_tcp { network("$(host "$tcp")" port($(port "$tcp")) transport("tcp")
    persist-name("lines")); };
destination d_udp { network("$(host "$udp")" port($(port "$udp")) transport("udp")); };
log { source(s); destination(d_5424); destination(d_tcp); destination(d_udp); };
CONF
        if [[ -n $tls ]]; then
            cat <<CONF
destination d_tls { syslog("$(host "$tls")" port($(port "$tls")) transport("tls")
    tls(ca-file("$ca") peer-verify(yes))); };
log { source(s); destination(d_tls); };
CONF
        fi
    } >"$config"
    syslog-ng -F -f "$config" -R "$folder/syslog-ng.persist" -p "$folder/syslog-ng.pid" \
        -c "$folder/syslog-ng.ctl" --no-caps 2>"$folder/syslog-ng.log" &
    started+=($!)
    wait_for "$socket"
    expect syslog-ng "$((tls_too + 3))"
    logger -u "$socket" -t backup -p local3.err -- "$run-syslog-ng failure on \"sda\""
}

wait_for() {
    local _
    for _ in {1..100}; do
        [[ -S $1 ]] && return 0
        sleep 0.1
    done
    cat "$folder"/*.log >&2
    return 1
}

send_logger
send_python
send_rsyslog
send_syslog_ng

python3 - "$url" "$run" "${WATCHPOST_USER:-admin}" "${WATCHPOST_PASSWORD:-}" \
    "${expected[@]}" <<'PYTHON'
import collections, json, sys, time, urllib.parse, urllib.request
url, run, user, password, *expected = sys.argv[1:]
expected = {name: int(n) for name, n in (item.split("=") for item in expected)}

def ask(path, body=None, token=None):
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url + path, data, headers)
    return json.load(urllib.request.urlopen(request))

token = ask("/api/auth/token/", {"username": user, "password": password})["access"]
for _ in range(50):
    query = urllib.parse.urlencode({"page_size": 100, "q": run})
    events = ask("/api/events/?" + query, token=token)["results"]
    if len(events) >= sum(expected.values()):
        break
    time.sleep(0.2)
count = collections.Counter()
for event in reversed(events):
    text = event["description"] + json.dumps(event["attributes"])
    names = [name for name in expected if f"{run}-{name} " in text]
    name = max(names, key=len, default="?")
    count[name] += 1
    log = event["attributes"].get("log", {})
    print(f"\n{name}\n  {event['source_name']} | {event['event_type']} | {event['severity']} | "
          f"{event['occurred_at']}\n  {event['description']!r}\n  {json.dumps(log)}")
wrong = {name: (count[name], n) for name, n in expected.items() if count[name] != n}
print(f"\n{len(events)} events of {sum(expected.values())} messages")
if wrong or count["?"]:
    sys.exit(f"arrived, expected: {wrong}")
PYTHON
