#!/usr/bin/env python3
"""Drives a running server with Python's HTTPHandler, with curl, and with fail2ban if it is there.

    apt install fail2ban curl
    tests/senders/loggers.py http://127.0.0.1:8000 wp_... ADMIN PASSWORD

fail2ban runs in the foreground with files in a temporary folder and the action of
docs/senders/fail2ban.md; it bans nobody. Each step prints what it did and stops the run when something
is not as expected. Not a part of ./test: it needs the programs. What it stores stays stored.
"""

import json
import logging
import logging.handlers
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

ADDRESS, KEY, USERNAME, PASSWORD = sys.argv[1].rstrip("/"), *sys.argv[2:5]
HOST = urllib.parse.urlsplit(ADDRESS).netloc
RUN = f"run-{time.time_ns()}"
ROOT = pathlib.Path(__file__).resolve().parents[2]


def call(path, body=None, headers=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(ADDRESS + path, data, headers or {})
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


TOKEN = call("/api/auth/token/", {"username": USERNAME, "password": PASSWORD})["access"]


def event(query):
    """The event that a query finds; waits for it."""
    path = "/api/events/?" + urllib.parse.urlencode({"q": query})
    for _ in range(150):
        found = call(path, headers={"Authorization": f"Bearer {TOKEN}"})["results"]
        if found:
            return found[0]
        time.sleep(0.2)
    sys.exit(f"{query}: did not arrive")


class Watchpost(logging.handlers.HTTPHandler):
    """HTTPHandler with a key instead of a password, as in docs/senders/python-logging.md."""

    def getConnection(self, host, secure):
        connection = super().getConnection(host, secure)
        put = connection.putheader

        def putheader(name, *values):
            put(name, *values)
            if name.lower() == "host":
                put("Authorization", "Bearer " + KEY)

        connection.putheader = putheader
        return connection


def python():
    log = logging.getLogger("shop.auth")
    log.propagate = False
    log.addHandler(Watchpost(HOST, "/api/ingest/form/", method="POST"))
    log.error(RUN + " login failed for %s", "bob", extra={"src_ip": "203.0.113.9"})
    found = event(f'"{RUN} login failed for bob"')
    assert (found["severity"], found["event_type"]) == ("MEDIUM", "shop.auth"), found
    assert found["ip_address"] == "203.0.113.9" and found["alert"] is None, found
    assert found["attributes"]["record"]["args"] == "('bob',)", found
    log.error(RUN + " at 100%%: %(a)s", {"a": "disk"}, extra={"severity": "HIGH"})
    assert event(f'"{RUN} at 100%: disk"')["alert"], "a severity raises an alert"
    log = logging.getLogger("by.address")
    log.propagate = False
    log.addHandler(logging.handlers.HTTPHandler(HOST, f"/api/ingest/form/{KEY}/", method="POST"))
    log.warning(RUN + " by the address")
    assert event(f'"{RUN} by the address"')["severity"] == "LOW"
    print("HTTPHandler: a template filled in, a severity, a key in the address")


def curl():
    body = {"source": RUN, "event_type": "ban", "severity": "HIGH", "jail": "sshd",
            "src_ip": "203.0.113.50", "failures": 3, "time": str(time.time())}
    command = ["curl", "-fsS", "-m", "5", "-H", f"Authorization: Bearer {KEY}", "--data-binary",
               json.dumps(body), ADDRESS + "/api/ingest/fail2ban/"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    found = event(f"source:{RUN}")
    assert found["description"] == "ban: failures=3 jail=sshd src_ip=203.0.113.50", found
    assert found["alert"], found
    print("curl: fail2ban's body, sent as a form by its media type")


def action():
    """The action as the page shows it, with this server's address and key."""
    page = (ROOT / "docs/senders/fail2ban.md").read_text()
    block = page[page.index("    [Definition]"):page.index("\nand add it")]
    lines = [line.removeprefix("    ") for line in block.splitlines()]
    values = {"url": ADDRESS + "/api/ingest/fail2ban/", "key": KEY, "source": RUN}
    names = [line.split(" = ")[0] for line in lines]
    return "\n".join(
        f"{name} = {values[name]}" if name in values else line
        for name, line in zip(names, lines, strict=True)
    )


def fail2ban():
    if shutil.which("fail2ban-server") is None:
        print("fail2ban: not there, left out")
        return
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "action.d").mkdir()
        (folder / "filter.d").mkdir()
        for name in ("common.conf", "sshd.conf"):
            shutil.copy(f"/etc/fail2ban/filter.d/{name}", folder / "filter.d")
        (folder / "action.d/watchpost.conf").write_text(action())
        (folder / "fail2ban.conf").write_text(
            "[Definition]\nloglevel = INFO\nlogtarget = {0}/log\nsyslogsocket = auto\nsocket = {0}/sock\n"
            "pidfile = {0}/pid\ndbfile = {0}/db\ndbpurgeage = 1d\ndbmaxmatches = 10\n"
            "[DEFAULT]\nallowipv6 = auto\n".format(folder)
        )
        (folder / "jail.conf").write_text(
            "[DEFAULT]\nbackend = polling\nbantime = 3\nfindtime = 600\nmaxretry = 3\n"
            f"[sshd]\nenabled = true\nfilter = sshd\nlogpath = {folder}/auth.log\n"
            "action = watchpost[severity=HIGH]\n"
        )
        log = folder / "auth.log"
        log.touch()
        server = subprocess.Popen(["fail2ban-server", "-c", folder, "-f", "start"],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            while "Jail 'sshd' started" not in ((folder / "log").read_text() if (folder / "log").exists() else ""):
                time.sleep(0.2)
            with log.open("a") as lines:
                for port in range(4000, 4004):
                    now = time.strftime("%b %e %H:%M:%S")
                    lines.write(f"{now} web-1 sshd[99]: Failed password for root from 203.0.113.77 port {port} ssh2\n")
            found = event(f"source:{RUN} type:ban ip:203.0.113.77")
            assert found["alert"] and found["attributes"]["record"]["jail"] == "sshd", found
            assert event(f"source:{RUN} type:unban ip:203.0.113.77")["severity"] == "INFO"
        finally:
            server.terminate()
            server.wait(20)
    print("fail2ban: a ban and an unban by the action of the documentation")


python()
curl()
fail2ban()
