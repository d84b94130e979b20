#!/usr/bin/env python3
"""Drives a running server with the real Python clients of Elasticsearch, OpenSearch, Splunk, Loki.

    pip install elasticsearch opensearch-py splunk-handler python-logging-loki
    tests/senders/bulk.py http://127.0.0.1:8000 wp_...

Each step prints what it did and stops the run when the client or the answer is not as expected.
Not a part of ./test: it needs the clients from PyPI. What it stores stays stored.
"""

import json
import logging
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

ADDRESS, KEY = sys.argv[1].rstrip("/"), sys.argv[2]
RUN = str(time.time_ns())


def step(what, truth):
    print(("ok   " if truth else "FAIL ") + what)
    if not truth:
        sys.exit(1)


def elastic():
    from elasticsearch import Elasticsearch, helpers

    es = Elasticsearch(ADDRESS, api_key=KEY)
    step("elasticsearch-py: ping", es.ping())
    step("elasticsearch-py: info", es.info()["version"]["number"] != "")
    step("elasticsearch-py: licence", es.license.get()["license"]["status"] == "active")
    documents = [
        {"_op_type": "create", "_index": "logs-x", "_id": f"{RUN}-{n}",
         "@timestamp": "2026-11-20T17:41:03Z", "message": f"es-py {RUN} {n}", "log": {"level": "warn"}}
        for n in range(1000)
    ]
    stored, errors = helpers.bulk(es, documents, chunk_size=300)
    step("elasticsearch-py: helpers.bulk stores 1000", (stored, errors) == (1000, []))
    stored, errors = helpers.bulk(es, documents, raise_on_error=False)
    conflicts = {error["create"]["status"] for error in errors}
    step("elasticsearch-py: created again, 409 each", (stored, conflicts) == (0, {409}) and len(errors) == 1000)
    again = [{**document, "_op_type": "index"} for document in documents[:10]]
    results = [item["index"]["result"] for ok, item in helpers.streaming_bulk(es, again) if ok]
    step("elasticsearch-py: indexed again, updated in word", results == ["updated"] * 10)
    mixed = [{"_index": "a", "message": "good"}, {"_op_type": "delete", "_index": "a", "_id": "1"},
             {"_op_type": "update", "_index": "a", "_id": "1", "doc": {"a": 1}}, {"_index": "a", "message": "good too"}]
    fates = [ok for ok, _ in helpers.streaming_bulk(es, mixed, raise_on_error=False)]
    step("elasticsearch-py: delete and update are refused by themselves", fates == [True, False, False, True])
    packed = Elasticsearch(ADDRESS, basic_auth=("wp", KEY), http_compress=True)
    step("elasticsearch-py: gzip, Basic", helpers.bulk(packed, [{"_index": "z", "message": "packed"}] * 50)[0] == 50)
    answer = es.bulk(operations=[{"index": {}}, {"message": "m"}], index="from-path",
                     filter_path="errors,items.*.status", refresh="wait_for")
    step("elasticsearch-py: filter_path", answer.body == {"errors": False, "items": [{"index": {"status": 201}}]})
    from elasticsearch import AuthenticationException
    try:
        Elasticsearch(ADDRESS, api_key="wp_" + "x" * 43).info()
        step("elasticsearch-py: a wrong key is refused", False)
    except AuthenticationException as error:
        step("elasticsearch-py: a wrong key is refused", error.body["error"]["type"] == "security_exception")


def opensearch():
    from opensearchpy import OpenSearch, helpers

    client = OpenSearch(ADDRESS, http_auth=("wp", KEY))
    step("opensearch-py: info", client.info()["version"]["number"] != "")
    documents = [{"_index": "os", "_id": f"os-{RUN}-{n}", "message": f"os-py {RUN} {n}"} for n in range(200)]
    step("opensearch-py: helpers.bulk stores 200", helpers.bulk(client, documents) == (200, []))
    results = [item["index"]["status"] for _, item in helpers.streaming_bulk(client, documents)]
    step("opensearch-py: again, 200 each", results == [200] * 200)


def post(path, body, authorization=None):
    headers = {"Authorization": authorization} if authorization else {}
    request = urllib.request.Request(ADDRESS + path, data=body.encode(), headers=headers, method="POST")
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read() or b"null")


def splunk():
    from splunk_handler import SplunkHandler

    where = urllib.parse.urlparse(ADDRESS)
    handler = SplunkHandler(host=where.hostname, port=str(where.port or 80), protocol=where.scheme, token=KEY,
                            index="main", sourcetype="python", source="/srv/app.py", verify=False, flush_interval=0.2)
    logger = logging.getLogger("splunk")
    logger.addHandler(handler)
    logger.propagate = False
    for n in range(20):
        logger.error("splunk-handler %s %s", RUN, n)
    handler.force_flush()
    step("splunk-handler: 20 records left its queue", not handler.queue)
    auth = f"Splunk {KEY}"
    status, answer = post("/services/collector/event", '{"event":"a"}{"event":{"message":"b"}}', auth)
    step("HEC: two events behind each other", (status, answer["code"]) == (200, 0))
    status, answer = post("/services/collector/raw?host=fw&channel=c", "one\ntwo", auth)
    step("HEC: lines, with an ackId", status == 200 and answer["ackId"] > 0)
    status, answer = post("/services/collector/ack?channel=c", json.dumps({"acks": [answer["ackId"]]}), auth)
    step("HEC: acknowledged", status == 200 and list(answer["acks"].values()) == [True])
    step("HEC: no event", post("/services/collector", "{}", auth)[1]["code"] == 12)
    step("HEC: no token", post("/services/collector", "{}")[1]["code"] == 2)
    step("HEC: a foreign token", post("/services/collector", "{}", "Splunk 1111")[0] == 403)


def loki():
    import logging_loki

    logging_loki.emitter.LokiEmitter.level_tag = "level"
    seen = []
    handler = logging_loki.LokiHandler(url=ADDRESS + "/loki/api/v1/push", tags={"app": "shop", "host": "web-1"},
                                       auth=("wp", KEY), version="1")
    handler.handleError = lambda record: seen.append(sys.exc_info()[1])
    logger = logging.getLogger("loki")
    logger.addHandler(handler)
    logger.propagate = False
    for n in range(20):
        logger.warning("logging-loki %s %s", RUN, n, extra={"tags": {"user": "u"}})
    step("python-logging-loki: 20 records, no error " + str(seen[:1]), not seen)


for part in (elastic, opensearch, splunk, loki):
    part()
print("all as expected")
