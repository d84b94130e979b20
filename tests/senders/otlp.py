#!/usr/bin/env python3
"""Drives a running server with the real Python exporter of OpenTelemetry logs.

    pip install opentelemetry-sdk opentelemetry-exporter-otlp-proto-http
    tests/senders/otlp.py http://127.0.0.1:8000 wp_... ADMIN PASSWORD

The name and password of an administrator are for reading what arrived. Each step prints what it did
and stops the run when something is not as expected. Not a part of ./test: it needs the exporter from
PyPI. What it stores stays stored.
"""

import json
import logging
import sys
import time
import urllib.request

from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.resources import Resource

ADDRESS, KEY, NAME, PASSWORD = (*sys.argv[1:], "", "")[:4]
ADDRESS = ADDRESS.rstrip("/")
RUN = str(time.time_ns())


def step(what, truth):
    print(("ok   " if truth else "FAIL ") + what)
    if not truth:
        sys.exit(1)


def call(path, body=None, token=None):
    request = urllib.request.Request(ADDRESS + path, json.dumps(body).encode() if body else None)
    request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", "Bearer " + token)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def stored(word):
    token = call("/api/auth/token/", {"username": NAME, "password": PASSWORD})["access"]
    return call(f"/api/events/?q={word}", token=token)["results"]


class Watched(OTLPLogExporter):
    """Remembers what became of each export."""

    results = []

    def export(self, batch):
        result = super().export(batch)
        Watched.results.append(result)
        return result


def export(compression):
    word = f"run{RUN}{compression.name.lower()}"
    exporter = Watched(
        endpoint=ADDRESS + "/v1/logs",
        headers={"authorization": "Bearer " + KEY},
        compression=compression,
        timeout=10,
    )
    resource = Resource.create({"service.name": "door-service", "host.name": "gate-1"})
    provider = LoggerProvider(resource=resource)
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    logger = logging.getLogger("drive." + compression.name)
    logger.propagate = False
    logger.setLevel(logging.INFO)
    logger.addHandler(LoggingHandler(logger_provider=provider))
    logger.error("%s door forced", word, extra={"severity": "HIGH", "client.address": "203.0.113.9"})
    logger.info('{"message": "%s from json", "src_ip": "203.0.113.10"}', word)
    try:
        raise ValueError(word)
    except ValueError:
        logger.exception("%s failed", word)
    provider.shutdown()
    step(f"python, {compression.name}: three exports succeeded",
         [it.name for it in Watched.results] == ["SUCCESS"] * 3)
    Watched.results.clear()
    if not NAME:
        return
    events = {event["description"]: event for event in stored(word)}
    forced = events[f"{word} door forced"]
    step("an attribute severity=HIGH raises an alert", forced["severity"] == "HIGH" and forced["alert"])
    step("service.name is the source", forced["source_name"] == "door-service")
    step("client.address is the address", forced["ip_address"] == "203.0.113.9")
    step("host.name is kept", forced["attributes"]["host"]["name"] == "gate-1")
    failed = events[f"{word} failed"]
    step("an error is MEDIUM at the most", failed["severity"] == "MEDIUM" and not failed["alert"])
    step("the exception is kept", failed["attributes"]["error"]["type"] == "ValueError")
    print("     json inside:", [it for it in events if "json" in it])


def refused():
    exporter = Watched(endpoint=ADDRESS + "/v1/logs", headers={"authorization": "Bearer wp_wrong"}, timeout=2)
    provider = LoggerProvider()
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    logger = logging.getLogger("drive.refused")
    logger.propagate = False
    logger.addHandler(LoggingHandler(logger_provider=provider))
    logger.error("never stored")
    provider.shutdown()
    step("a wrong key is a failure", [it.name for it in Watched.results] == ["FAILURE"])


for compression in (Compression.NoCompression, Compression.Gzip):
    export(compression)
refused()
