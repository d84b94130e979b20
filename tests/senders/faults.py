#!/usr/bin/env python3
"""What real HTTP clients do when an answer is lost, or the server is busy: a table.

    pip install elasticsearch opensearch-py opentelemetry-sdk opentelemetry-exporter-otlp-proto-http
    npm install @elastic/elasticsearch @opensearch-project/opensearch winston pino pino-elasticsearch \\
        @opentelemetry/exporter-logs-otlp-http @opentelemetry/sdk-logs
    tests/senders/faults.py http://127.0.0.1:8000 wp_... ADMIN PASSWORD

Run it where the npm packages are installed; what is not there is left out. Each client sends 20
records through a proxy in this script, which spoils the first request that holds records: `lost`
hands it on and hangs up instead of answering, `503` and `429` answer so (with Retry-After: 1) and
hand nothing on, `401` comes of a wrong key, for every request. Printed are the requests, what the
client thinks of it, and the events there are. Not a part of ./test. What it stores stays stored.
"""

import http.client
import http.server
import json
import logging
import os
import shutil
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request

ADDRESS, KEY, USERNAME, PASSWORD = sys.argv[1].rstrip("/"), *sys.argv[2:5]
SERVER = urllib.parse.urlsplit(ADDRESS).netloc
FAULTS = ("none", "lost", "503", "429", "401")
MANY = 20


class Proxy(http.server.BaseHTTPRequestHandler):
    """Hands requests on, all but the first POST or PUT of each client."""

    protocol_version = "HTTP/1.1"
    fault, requests = "none", 0

    def handle_any(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            body = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        records = self.command in ("POST", "PUT")
        Proxy.requests += records
        spoiled = records and Proxy.requests == 1
        if spoiled and Proxy.fault in ("503", "429"):
            self.send_response(int(Proxy.fault))
            self.send_header("Retry-After", "1")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        connection = http.client.HTTPConnection(SERVER)
        left_out = ("connection", "host", "transfer-encoding", "content-length")
        headers = {name: value for name, value in self.headers.items() if name.lower() not in left_out}
        connection.request(self.command, self.path, body, {**headers, "Content-Length": str(len(body))})
        answer = connection.getresponse()
        data = answer.read()
        if spoiled and Proxy.fault == "lost":
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("connection", "transfer-encoding", "content-length", "date"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_HEAD = handle_any

    def log_message(self, *_):
        pass


def call(path, body=None, token=None):
    request = urllib.request.Request(ADDRESS + path, json.dumps(body).encode() if body else None)
    request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", "Bearer " + token)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


TOKEN = call("/api/auth/token/", {"username": USERNAME, "password": PASSWORD})["access"]


def stored(word):
    """How many events have a word, once their number stays the same."""
    before = -1
    query = urllib.parse.urlencode({"q": word, "page_size": 100})
    while (now := len(call(f"/api/events/?{query}", token=TOKEN)["results"])) != before:
        before = now
        time.sleep(1.5)
    return now


def elastic(address, key, word, ids=True):
    from elasticsearch import Elasticsearch, helpers

    client = Elasticsearch(address, api_key=key)
    documents = [{"_op_type": "create" if ids else "index", "_index": "a", "message": f"{word} {n}",
                  **({"_id": f"{word}-{n}"} if ids else {})} for n in range(MANY)]
    stored, errors = helpers.bulk(client, documents, raise_on_error=False)
    return f"{stored} stored, {len(errors)} errors"


def elastic_without_ids(address, key, word):
    return elastic(address, key, word, ids=False)


def opensearch(address, key, word):
    from opensearchpy import OpenSearch, helpers

    client = OpenSearch(address, http_auth=("wp", key))
    documents = [{"_index": "a", "_id": f"{word}-{n}", "message": f"{word} {n}"} for n in range(MANY)]
    stored, errors = helpers.bulk(client, documents, raise_on_error=False)
    return f"{stored} stored, {len(errors)} errors"


def otlp(address, key, word):
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor

    exporter = OTLPLogExporter(endpoint=address + "/v1/logs", headers={"authorization": "Bearer " + key}, timeout=10)
    results, send = [], exporter.export
    exporter.export = lambda batch: results.append(send(batch)) or results[-1]
    provider = LoggerProvider()
    provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
    logger = logging.getLogger(word)
    logger.propagate = False
    logger.addHandler(LoggingHandler(logger_provider=provider))
    for n in range(MANY):
        logger.error("%s %s", word, n)
    provider.shutdown()
    return " ".join(result.name for result in results)


def http_handler(address, key, word):
    import logging.handlers

    failures = []
    handler = logging.handlers.HTTPHandler(urllib.parse.urlsplit(address).netloc, f"/api/ingest/form/{key}/", method="POST")
    handler.handleError = lambda _: failures.append(type(sys.exc_info()[1]).__name__)
    logger = logging.getLogger(word)
    logger.propagate = False
    logger.addHandler(handler)
    for n in range(MANY):
        logger.error("%s %s", word, n)
    return f"{len(failures)} errors {failures[:1]}"


NODE = {
    "@elastic/elasticsearch": """
const { Client } = require('@elastic/elasticsearch')
const client = new Client({ node: address, auth: { apiKey: key } })
const told = await client.helpers.bulk({ datasource: docs, onDocument: (d) => ({ create: { _index: 'a', _id: d.message } }), onDrop () {} })
say(`${told.successful} stored, ${told.failed} errors, ${told.retry} again`)""",
    "@opensearch-project/opensearch": """
const { Client } = require('@opensearch-project/opensearch')
const where = new URL(address)
const client = new Client({ node: `http://wp:${key}@${where.host}` })
const told = await client.helpers.bulk({ datasource: docs, onDocument: (d) => ({ index: { _index: 'a', _id: d.message } }), onDrop () {} })
say(`${told.successful} stored, ${told.failed} errors`)""",
    "pino-elasticsearch": """
const transport = require('pino-elasticsearch')({ index: 'a', node: address, auth: { apiKey: key }, esVersion: 8, flushInterval: 200 })
const wrong = []
for (const name of ['unknown', 'insertError', 'error']) transport.on(name, () => wrong.push(name))
const done = new Promise((resolve) => { transport.on('insert', resolve); transport.on('error', resolve) })
const logger = require('pino')(transport)
for (const { message } of docs) logger.info(message)
transport.end()
const told = await done
say(`${told.successful ?? 0} stored, ${told.failed ?? 0} errors ${[...new Set(wrong)]}`)""",
    "winston": """
const winston = require('winston')
const { hostname, port } = new URL(address)
const http = new winston.transports.Http({ host: hostname, port, path: '/api/ingest/winston/', auth: { bearer: key },
  batch: true, batchInterval: 300, batchCount: 100 })
const warned = []
http.on('warn', (error) => warned.push(error.message ?? String(error)))
const logger = winston.createLogger({ format: winston.format.json(), transports: [http] })
for (const { message } of docs) logger.error(message)
await new Promise((done) => setTimeout(done, 3000))
say(`${warned.length} warnings ${warned.slice(0, 1)}`)""",
    "@opentelemetry/exporter-logs-otlp-http": """
const { OTLPLogExporter } = require('@opentelemetry/exporter-logs-otlp-http')
const { LoggerProvider, BatchLogRecordProcessor } = require('@opentelemetry/sdk-logs')
const exporter = new OTLPLogExporter({ url: `${address}/v1/logs`, headers: { authorization: `Bearer ${key}` }, timeoutMillis: 10000 })
const results = []
const send = exporter.export.bind(exporter)
exporter.export = (records, done) => send(records, (result) => { results.push(result.code === 0 ? 'SUCCESS' : 'FAILURE'); done(result) })
const provider = new LoggerProvider({ processors: [new BatchLogRecordProcessor({ exporter })] })
for (const { message } of docs) provider.getLogger('drive').emit({ severityNumber: 17, body: message })
await provider.shutdown()
say(results.join(' '))""",
}


def node(package):
    def send(address, key, word):
        program = ("const require = (await import('node:module')).createRequire(process.cwd() + '/')\n"
                   "const [address, key, word, many] = process.argv.slice(1)\n"
                   "const say = (text) => { console.log('SAID ' + text); process.exit(0) }\n"
                   "const docs = Array.from({ length: Number(many) }, (_, n) => ({ message: `${word} ${n}` }))\n"
                   f"try {{ {NODE[package]} }} catch (error) {{ say('threw ' + error.name) }}")
        done = subprocess.run(["node", "--input-type=module", "-e", program, "--", address, key, word, str(MANY)],
                              capture_output=True, text=True, timeout=90, check=False)
        said = [line[5:] for line in done.stdout.splitlines() if line.startswith("SAID ")]
        return said[0] if said else done.stderr[-300:]
    return send


def main():
    logging.getLogger().addHandler(logging.NullHandler())
    clients = {"elasticsearch-py, create with _id": elastic, "elasticsearch-py, without _id": elastic_without_ids,
               "opensearch-py, _id": opensearch, "OTLP, Python": otlp, "HTTPHandler": http_handler}
    if shutil.which("node"):
        clients |= {package: node(package) for package in NODE if os.path.isdir(f"node_modules/{package}")}
    proxy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    for name, send in clients.items():
        for fault in FAULTS:
            Proxy.fault, Proxy.requests = fault, 0
            word = f"run{time.time_ns()}"
            key = "wp_" + "x" * 43 if fault == "401" else KEY
            try:
                told = send(f"http://127.0.0.1:{proxy.server_port}", key, word)
            except ImportError as error:
                print(f"{name}: {error}, left out")
                break
            except Exception as error:  # what a client throws is what is looked for
                told = f"threw {type(error).__name__}"
            print(f"{name:40} {fault:5} {Proxy.requests:3} requests, {stored(word):3} events; {told}", flush=True)


main()
