#!/usr/bin/env python3
"""Runs logger, SysLogHandler, rsyslog and syslog-ng with the configuration that docs/senders/ shows, word for word.

    tests/senders/pages.py http://127.0.0.1:8000 wp_... ADMIN PASSWORD UDP TCP TLS CA

UDP, TCP and TLS are HOST:PORT of the server's syslog listeners; the name in the certificate must be
TLS's HOST, and CA is the file with its authority. Of a page only hosts, ports, the key and paths of
files are replaced, and https where the server has none. Each daemon sends 200 messages of a file;
where its page has a queue, 200 more are sent while the connection is cut, and must come when it
is back.

RSYSLOGD and SYSLOG_NG are the programs, with arguments (Debian's packages conflict: unpack one by
`apt-get download`, `dpkg -x`). What is not there is left out and named. Not a part of ./test: it
needs the programs. What it stores stays stored.
"""

import collections
import contextlib
import json
import logging
import logging.handlers
import os
import pathlib
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request

ADDRESS, KEY, USERNAME, PASSWORD, UDP, TCP, TLS, CA = sys.argv[1:9]
ADDRESS = ADDRESS.rstrip("/")
PAGES = pathlib.Path(__file__).resolve().parents[2] / "docs/senders"
RUN = f"run{time.time_ns()}"
RSYSLOGD = shlex.split(os.environ.get("RSYSLOGD", "rsyslogd"))
SYSLOG_NG = shlex.split(os.environ.get("SYSLOG_NG", "syslog-ng"))
MANY = 200


def step(what, truth):
    print(("ok   " if truth else "FAIL ") + what, flush=True)
    if not truth:
        sys.exit(1)


def call(path, body=None, token=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(ADDRESS + path, data, {"Content-Type": "application/json"})
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


TOKEN = call("/api/auth/token/", {"username": USERNAME, "password": PASSWORD})["access"]


def events(word):
    """Every event that has a word."""
    found = []
    path = "/api/events/?" + urllib.parse.urlencode({"q": word, "page_size": 100})
    while path:
        page = call(path, token=TOKEN)
        found += page["results"]
        path = page["next"] and page["next"][page["next"].index("/api/"):]
    return found


def arrived(word, n, seconds=30):
    """The events that have a word, when there are as many as sent; looks once more for repetitions."""
    end = time.monotonic() + seconds
    while len(found := events(word)) < n and time.monotonic() < end:
        time.sleep(0.3)
    time.sleep(1)
    return events(word)


def blocks(page, mark):
    """The indented blocks of a page that hold a mark, in their order."""
    text = (PAGES / page).read_text()
    found = re.findall(r"(?:^    .*\n|^\n(?=    ))+", text, re.MULTILINE)
    return [re.sub(r"^    ", "", block, flags=re.MULTILINE).strip() for block in found if mark in block]


def replaced(text, pairs):
    """With what differs from server to server; each must be there, or the page was changed."""
    for old, new in pairs:
        if old not in text:
            step(f"the page says {old}", False)
        text = text.replace(old, new)
    return text


class Relay:
    """A connection to the server that can be cut."""

    def __init__(self, target):
        host, port = target.rsplit(":", 1)
        self.target, self.open, self.listener = (host, int(port)), [], None
        self.port = 0
        self.mend()

    def mend(self):
        self.listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def accept(self, listener):
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(self.target)
                self.open += [near, far]
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=self.copy, args=pair, daemon=True).start()

    @staticmethod
    def copy(source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def cut(self):
        # A listener that is only closed goes on while somebody waits in accept().
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for end in self.open:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self.open = []


@contextlib.contextmanager
def daemon(folder, command, path):
    """A daemon in the foreground that listens on a socket of its own."""
    log = (folder / "log").open("ab")
    process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
    try:
        for _ in range(100):
            if path.is_socket():
                break
            time.sleep(0.1)
        else:
            step(f"{command[0]} starts: {(folder / 'log').read_text()}", False)
        yield
    finally:
        process.terminate()
        process.wait(30)


@contextlib.contextmanager
def rsyslog(folder, text):
    path, config = folder / "socket", folder / "rsyslog.conf"
    config.write_text(f'global(workDirectory="{folder}")\nmodule(load="imuxsock" SysSock.Use="off")\n'
                      f'input(type="imuxsock" Socket="{path}" CreatePath="on")\n{text}\n')
    command = [*RSYSLOGD, "-n", "-f", config, "-i", folder / "pid"]
    with daemon(folder, command, path):
        yield path


@contextlib.contextmanager
def syslog_ng(folder, text):
    path, config = folder / "socket", folder / "syslog-ng.conf"
    config.write_text(f'@version: 3.38\n@include "scl.conf"\nsource s_src {{ unix-dgram("{path}"); }};\n{text}\n')
    command = [*SYSLOG_NG, "-F", "-f", config, "-R", folder / "persist", "-p", folder / "pid",
               "-c", folder / "ctl", "--no-caps"]
    with daemon(folder, command, path):
        yield path


def lines(word, numbers):
    """Messages with what breaks formats."""
    for n in numbers:
        yield f'{word} {n} said "[a] = {{b}}\\c" é | end'


def send(path, folder, word, numbers):
    file = folder / "messages"
    file.write_text("".join(line + "\n" for line in lines(word, numbers)))
    subprocess.run(["logger", "-u", path, "-t", "backup", "-p", "auth.err", "-f", file], check=True)


def judge(word, found, numbers, severity="MEDIUM"):
    """Each came once, with what it says."""
    wanted = collections.Counter(lines(word, numbers))
    came = collections.Counter(event["description"] for event in found)
    missing, more = wanted - came, came - wanted
    step(f"{word}: {sum(wanted.values())} sent, {len(found)} events, each once"
         + (f"; missing {list(missing)[:3]}, besides {list(more)[:3]}" if missing or more else ""),
         not missing and not more)
    host = socket.gethostname()
    one = {(event["source_name"], event["event_type"], event["severity"]) for event in found}
    step(f"{word}: {one}", one == {(host, "backup", severity)})
    step(f"{word}: times, no alerts",
         all(event["occurred_at"] and not event["alert"] for event in found))


def try_daemon(name, run, text, target=None, severity="MEDIUM"):
    """Sends; with a target also while it is away. The text's port is the relay's then."""
    word = f"{RUN}-{name}"
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        relay = target and Relay(target)
        text = text(folder, relay) if callable(text) else text
        sent = range(MANY)
        with run(folder, text) as path:
            send(path, folder, word, sent)
            found = arrived(word, MANY)
            if relay:
                judge(word, found, sent, severity)
                relay.cut()
                # The first message after a cut may be written before the cut is noticed: the page says so.
                send(path, folder, f"{word} probe", range(1))
                time.sleep(3)
                sent = range(MANY, MANY * 2)
                send(path, folder, word, sent)
                time.sleep(2)
                relay.mend()
                # rsyslog waits 30 seconds, syslog-ng 60, before they try again.
                found = [event for event in arrived(word, 2 * MANY + 1, 100)
                         if "probe" not in event["description"]]
                sent = range(MANY * 2)
                print(f"     probe: {len(events(f'{word} probe'))} of 1")
        judge(word, found, sent, severity)


def port(address):
    return address.rsplit(":", 1)[1]


def host(address):
    return address.rsplit(":", 1)[0]


def logger():
    for n, text in enumerate(blocks("logger.md", "logger -n")):
        for m, line in enumerate(text.replace("\\\n", " ").splitlines()):
            word = f"{RUN}-logger-{n}{m}"
            tcp = " -T" in line
            line = line.split("#")[0] if "#" in line else line
            line = line.replace("192.0.2.10", host(TCP if tcp else UDP)).replace("-P 514", f"-P {port(TCP if tcp else UDP)}")
            line = line.replace("disk full", f"disk full {word}").replace("'text'", f"'text {word}'")
            subprocess.run(line, shell=True, check=True)
            found = arrived(word, 1, 10)
            step(f"logger: {line.strip()}", len(found) == 1)
            event = found[0]
            print(f"     {event['severity']} {event['source_name']} {event['event_type']} {event['occurred_at']} "
                  f"{event['attributes']['log']['syslog'].get('structured_data')}")


def sys_log_handler():
    """Python's handler, over TCP and UDP, with a traceback at the end."""
    text, = blocks("python-logging.md", "SysLogHandler(")
    for kind, address in (("SOCK_STREAM", TCP), ("SOCK_DGRAM", UDP)):
        word, names = f"{RUN}-{kind.lower()}", {"logging": logging, "socket": socket}
        exec(replaced(text, [('"192.0.2.10", 514', f'"{host(address)}", {port(address)}'), ("SOCK_STREAM", kind)]), names)
        log = logging.getLogger(word)
        log.propagate = False
        log.addHandler(names["handler"])
        for n in range(20):
            log.error("%s login failed for %s", n, "bob")
        try:
            raise ValueError("on several lines")
        except ValueError:
            log.exception("broke")
        names["handler"].close()
        found = arrived(word, 21)
        one = {(event["event_type"], event["severity"], event["alert"]) for event in found}
        step(f"SysLogHandler, {kind}: 21 sent, {len(found)} events {one}",
             len(found) == 21 and one == {("shop", "MEDIUM", None)})
        step(f"SysLogHandler, {kind}: a traceback is one event",
             sum("ValueError: on several lines" in event["description"] for event in found) == 1)


def rsyslog_page():
    tcp, tls, udp = blocks("rsyslog.md", "action(")
    tls = tls[tls.index("action("):]
    try_daemon("rsyslog-tcp", rsyslog, lambda _, relay: replaced(tcp, [
        ('"192.0.2.10"', '"127.0.0.1"'), ('"514"', f'"{relay.port}"')]), target=TCP)
    try_daemon("rsyslog-tls", rsyslog, lambda _, relay: replaced(tls, [
        ("watchpost.example.org", host(TLS)), ('"6514"', f'"{relay.port}"'),
        ("/etc/ssl/certs/watchpost-ca.pem", CA)]), target=TLS)
    try_daemon("rsyslog-udp", rsyslog, replaced(udp, [
        ('"192.0.2.10"', f'"{host(UDP)}"'), ('"514"', f'"{port(UDP)}"')]))


def syslog_ng_page():
    tcp, tls, udp = blocks("syslog-ng.md", "destination d_watchpost {")
    entry = "" if "log {" in tls else "\nlog { source(s_src); destination(d_watchpost); };"
    try_daemon("syslog-ng-tcp", syslog_ng, lambda _, relay: replaced(tcp, [
        ('"192.0.2.10"', '"127.0.0.1"'), ("port(514)", f"port({relay.port})")]), target=TCP)
    try_daemon("syslog-ng-tls", syslog_ng, lambda _, relay: replaced(tls, [
        ("watchpost.example.org", host(TLS)), ("port(6514)", f"port({relay.port})"),
        ("/etc/ssl/certs/watchpost-ca.pem", CA)]) + entry, target=TLS)
    try_daemon("syslog-ng-udp", syslog_ng, replaced(udp, [
        ('"192.0.2.10"', f'"{host(UDP)}"'), ("port(514)", f"port({port(UDP)})")]) + entry)


def bulk_page():
    """omelasticsearch and elasticsearch-http, without TLS."""
    where = urllib.parse.urlsplit(ADDRESS)
    for text in blocks("elasticsearch.md", "omelasticsearch"):
        try_daemon("rsyslog-es", rsyslog, lambda folder, relay, text=text: replaced(text, [
            ("watchpost.example.com", "127.0.0.1"), ('"443"', f'"{relay.port}"'), ('usehttps="on"', 'usehttps="off"'),
            ("wp_…", KEY), ("/var/spool/rsyslog/watchpost", f"{folder}/errors")]), target=where.netloc)
    for text in blocks("elasticsearch.md", "elasticsearch-http"):
        try_daemon("syslog-ng-es", syslog_ng, lambda _, relay, text=text: replaced(text, [
            ("https://watchpost.example.com", f"http://127.0.0.1:{relay.port}"), ("wp_…", KEY)])
            + "\nlog { source(s_src); destination(d_watchpost); };", target=where.netloc)


def main():
    logger()
    sys_log_handler()
    for program, pages in ((RSYSLOGD, (rsyslog_page,)), (SYSLOG_NG, (syslog_ng_page,)), ([], (bulk_page,))):
        if program and shutil.which(program[0]) is None:
            print(f"not installed, left out: {program[0]}")
            continue
        for page in pages:
            page()
    print("all as expected")


main()
