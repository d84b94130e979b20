#!/usr/bin/env python3
"""Drives a running server with a real CrowdSec that sees people guess passwords of sshd.

    apt install crowdsec
    tests/senders/crowdsec.py http://127.0.0.1:8000 wp_... ADMIN PASSWORD

CrowdSec runs on loopback with a copy of /etc/crowdsec in a temporary folder, and the notification of
docs/senders/crowdsec.md; it bans nobody. Takes about half a minute. Not a part of ./test: it needs
the program. What it stores stays stored.
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

ADDRESS, KEY, USERNAME, PASSWORD = sys.argv[1].rstrip("/"), *sys.argv[2:5]
PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs/senders/crowdsec.md"
API, METRICS = "127.0.0.1:18080", "127.0.0.1:16060"
ATTACKERS = 4
# Each attacker guesses so often and with so many names that two scenarios see it.
GUESSES = 8


def step(what, truth):
    print(("ok   " if truth else "FAIL ") + what, flush=True)
    if not truth:
        sys.exit(1)


def call(path, body=None, token=None):
    request = urllib.request.Request(ADDRESS + path, json.dumps(body).encode() if body else None)
    request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", "Bearer " + token)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


TOKEN = call("/api/auth/token/", {"username": USERNAME, "password": PASSWORD})["access"]


def events(network):
    query = urllib.parse.urlencode({"q": f'"{network}"', "page_size": 100})
    return [event for event in call(f"/api/events/?{query}", token=TOKEN)["results"]
            if event["event_type"].startswith("crowdsec-")]


def copied(folder):
    """CrowdSec's configuration with paths and ports of its own; the path of the main file."""
    etc = folder / "etc"
    shutil.copytree("/etc/crowdsec", etc, symlinks=False)
    (folder / "plugins").mkdir()
    shutil.copytree("/var/lib/crowdsec/hub", folder / "hub")
    shutil.copytree("/var/lib/crowdsec/data", folder / "data", ignore=shutil.ignore_patterns("*.db*"))
    plugin = folder / "plugins/notification-http"
    shutil.copy("/usr/lib/crowdsec/plugins/http", plugin)
    plugin.chmod(0o755)
    (etc / "config.yaml.local").unlink(missing_ok=True)
    main = etc / "config.yaml"
    text = main.read_text()
    text = re.sub(r"\n    online_client:.*\n      credentials_path:.*", "", text)
    for old, new in (("/etc/crowdsec", str(etc)), ("/var/lib/crowdsec/data", f"{folder}/data"),
                     ("/var/lib/crowdsec/hub", f"{folder}/hub"), ("/usr/lib/crowdsec/plugins", f"{folder}/plugins"),
                     ("log_media: file", "log_media: stdout"), ("daemonize: true", "daemonize: false"),
                     ("127.0.0.1:8080", API), ("listen_port: 6060", f"listen_port: {METRICS.split(':')[1]}")):
        text = text.replace(old, new)
    main.write_text(text)
    (etc / "local_api_credentials.yaml").write_text(f"url: http://{API}\n")
    (etc / "acquis.yaml").write_text(f"filenames: [{folder}/auth.log]\nlabels: {{type: syslog}}\n")
    profiles = etc / "profiles.yaml"
    profiles.write_text(re.sub(r"^on_success:", "notifications:\n  - http_default\non_success:", profiles.read_text(),
                               flags=re.MULTILINE))
    (etc / "notifications").mkdir(exist_ok=True)
    (etc / "notifications/http.yaml").write_text(notification())
    return main


def notification():
    """The block of the page, with this server's address and key."""
    text = PAGE.read_text()
    text = text[text.index("    type: http\n"):text.index("\nand in `/etc/crowdsec/profiles.yaml`")]
    text = re.sub(r"^    ", "", text, flags=re.MULTILINE)
    return text.replace("https://watchpost.example.com", ADDRESS).replace("wp_…", KEY)


def attack(log, network):
    with log.open("a") as lines:
        for attacker in range(1, ATTACKERS + 1):
            for guess in range(GUESSES):
                now = time.strftime("%b %e %H:%M:%S")
                lines.write(f"{now} web-1 sshd[99]: Failed password for invalid user name{guess} "
                            f"from {network}{attacker} port {4000 + guess} ssh2\n")


def main():
    # A network nobody has used in another run.
    now = time.time_ns() // 1_000_000_000
    network = f"198.{18 + now % 2}.{now // 2 % 250}."
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        # The plugin runs as nobody.
        folder.chmod(0o755)
        config = copied(folder)
        log = folder / "auth.log"
        log.touch()
        subprocess.run(["cscli", "-c", config, "machines", "add", "drive", "-p", "drive-password", "-f",
                        folder / "etc/local_api_credentials.yaml", "-u", f"http://{API}"], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        out = (folder / "log").open("w")
        process = subprocess.Popen(["crowdsec", "-c", config], stdout=out, stderr=out)
        try:
            deadline = time.monotonic() + 60
            while "Starting processing data" not in (said := (folder / "log").read_text()):
                if process.poll() is not None or time.monotonic() > deadline:
                    step(f"CrowdSec starts: {said[-800:]}", False)
                time.sleep(0.3)
            time.sleep(2)
            attack(log, network)
            while len(events(network)) < 2 * ATTACKERS and time.monotonic() < deadline:
                time.sleep(0.5)
            # What is sent twice would be here by now.
            time.sleep(6)
            listed = subprocess.run(["cscli", "-c", config, "alerts", "list", "-o", "json"], check=True,
                                    capture_output=True, text=True).stdout
        finally:
            process.terminate()
            process.wait(20)
        said = (folder / "log").read_text()
        seen = json.loads(listed)
        found = events(network)
        step(f"CrowdSec: {len(seen)} alerts, {len(found)} events", len(seen) == len(found) == 2 * ATTACKERS)
        step("CrowdSec: " + str({(event["event_type"], event["severity"]) for event in found}),
             {event["event_type"] for event in found} == {"crowdsec-ssh-bf", "crowdsec-ssh-bf_user-enum"}
             and {event["severity"] for event in found} == {"HIGH"})
        step("CrowdSec: each with an alert, its address and its time",
             all(event["alert"] and event["occurred_at"] and event["ip_address"].startswith(network) for event in found))
        # It misses databases that Debian does not ship.
        troubles = [line for line in said.splitlines()
                    if re.search(r"level=(warning|error|fatal).*(plugin|notif|retry)", line) and "GeoLite2" not in line]
        step("CrowdSec: nothing wrong in its log " + str(troubles[:3]), not troubles)
        print(f"     {found[0]['description']}")


main()
