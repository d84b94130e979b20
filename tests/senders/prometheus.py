#!/usr/bin/env python3
"""Drives a running server with a real Alertmanager and a real Prometheus.

    apt install prometheus prometheus-alertmanager
    tests/senders/prometheus.py http://127.0.0.1:8000 wp_... ADMIN PASSWORD

It starts both on loopback with files in a temporary folder, lets alerts fire and end, and looks at
what became of them. Takes about two minutes. Not a part of ./test: it needs the programs. What it
stores stays stored.
"""

import contextlib
import json
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

ADDRESS, KEY, NAME, PASSWORD = sys.argv[1:5]
ADDRESS = ADDRESS.rstrip("/")
RUN = str(time.time_ns())
ALERTMANAGER, PROMETHEUS = "127.0.0.1:19093", "127.0.0.1:19090"


def step(what, truth):
    print(("ok   " if truth else "FAIL ") + what, flush=True)
    if not truth:
        sys.exit(1)


def call(address, path, body=None, token=None):
    request = urllib.request.Request(address + path, json.dumps(body).encode() if body else None)
    request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", "Bearer " + token)
    with urllib.request.urlopen(request, timeout=10) as answer:
        text = answer.read()
        return json.loads(text) if text else None


TOKEN = call(ADDRESS, "/api/auth/token/", {"username": NAME, "password": PASSWORD})["access"]


def alerts(word):
    query = urllib.parse.urlencode({"q": word, "page_size": 50})
    return call(ADDRESS, f"/api/alerts/?{query}", token=TOKEN)["results"]


def events(word):
    query = urllib.parse.urlencode({"q": word, "page_size": 50})
    return call(ADDRESS, f"/api/events/?{query}", token=TOKEN)["results"]


def eventually(what, truth, seconds):
    end = time.monotonic() + seconds
    while not truth():
        if time.monotonic() > end:
            step(what, False)
        time.sleep(0.5)
    step(what, True)


@contextlib.contextmanager
def running(*command, ready):
    log = open("/dev/null", "wb")
    process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        for _ in range(60):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(ready, timeout=1)
                break
            time.sleep(0.5)
        else:
            step(f"{command[0]} starts", False)
        yield
    finally:
        process.terminate()
        process.wait(20)


def alertmanager(folder):
    config = folder / "alertmanager.yml"
    config.write_text(f"""
route: {{receiver: watchpost, group_by: [alertname], group_wait: 1s, group_interval: 2s, repeat_interval: 4s}}
receivers:
  - name: watchpost
    webhook_configs:
      - url: {ADDRESS}/api/ingest/alertmanager/
        send_resolved: true
        http_config: {{authorization: {{type: Bearer, credentials: {KEY}}}}}
""")
    word = f"HostDown{RUN}"
    labels = {"alertname": word, "severity": "critical", "instance": "192.0.2.7:9100"}
    command = ["prometheus-alertmanager", f"--config.file={config}", f"--storage.path={folder}/am",
               f"--web.listen-address={ALERTMANAGER}", "--cluster.listen-address="]
    with running(*command, ready=f"http://{ALERTMANAGER}/-/ready"):
        def send(**more):
            call(f"http://{ALERTMANAGER}", "/api/v2/alerts",
                 [{"labels": labels, "annotations": {"summary": f"{word} is down"}, **more}])
        send()
        eventually("Alertmanager: what fires opens an alert", lambda: len(alerts(word)) == 1, 20)
        alert = alerts(word)[0]
        step("Alertmanager: critical, of the instance's address",
             alert["severity"] == "CRITICAL" and alert["event"]["ip_address"] == "192.0.2.7")
        time.sleep(14)
        step("Alertmanager: repetitions are stored once",
             len(alerts(word)) == 1 and len(events(word)) == 1)
        end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        send(endsAt=end)
        eventually("Alertmanager: what is resolved closes it",
                   lambda: alerts(word)[0]["status"] == "RESOLVED", 20)
        step("Alertmanager: resolved automatically", alerts(word)[0]["resolution"] == "AUTO_RESOLVED")
        step("Alertmanager: two events, one alert", len(events(word)) == 2 and len(alerts(word)) == 1)


def figures():
    """What Prometheus counts of its notifications."""
    text = urllib.request.urlopen(f"http://{PROMETHEUS}/metrics").read().decode()
    return {name: sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines()
                      if line.startswith(f"prometheus_notifications_{name}_total"))
            for name in ("sent", "errors", "dropped")}


def prometheus(folder):
    word = f"Pulse{RUN}"
    # Fires for 20 of 40 seconds.
    (folder / "rules.yml").write_text(f"""
groups:
  - name: drive
    interval: 1s
    rules:
      - alert: {word}
        expr: (vector(time()) % 40) < 20
        labels: {{severity: page}}
        annotations: {{summary: "{word} beats"}}
""")
    host = urllib.parse.urlsplit(ADDRESS)
    config = folder / "prometheus.yml"
    config.write_text(f"""
global: {{evaluation_interval: 1s}}
rule_files: [{folder}/rules.yml]
alerting:
  alertmanagers:
    - scheme: {host.scheme}
      static_configs: [{{targets: ["{host.netloc}"]}}]
      authorization: {{type: Bearer, credentials: {KEY}}}
""")
    command = ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder}/tsdb",
               f"--web.listen-address={PROMETHEUS}", "--rules.alert.resend-delay=3s"]
    with running(*command, ready=f"http://{PROMETHEUS}/-/ready"):
        eventually("Prometheus: what fires opens an alert", lambda: len(alerts(word)) == 1, 60)
        # It drops what fires before it has looked up where to notify.
        before = figures()
        step("Prometheus: page is CRITICAL, the source prometheus",
             alerts(word)[0]["severity"] == "CRITICAL"
             and alerts(word)[0]["event"]["source_name"] == "prometheus")
        eventually("Prometheus: what ended closes it",
                   lambda: alerts(word)[0]["status"] == "RESOLVED", 60)
        # An end whose beginning was before the first notification is told too, and opens nothing.
        step("Prometheus: sent again and again, stored once",
             sum(event["severity"] == "CRITICAL" for event in events(word)) == 1)
        eventually("Prometheus: what fires anew opens another", lambda: len(alerts(word)) == 2, 60)
        counted = figures()
        step(f"Prometheus: every notification was taken, {counted['sent']:.0f} of {counted['sent']:.0f}",
             counted["sent"] > 0 and counted["errors"] == 0 and counted["dropped"] == before["dropped"])


with tempfile.TemporaryDirectory() as folder:
    alertmanager(pathlib.Path(folder))
    prometheus(pathlib.Path(folder))
