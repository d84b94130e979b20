#!/usr/bin/env node
// Drives a running server with winston's HTTP transport, and with pino as a shipper would send it.
//
//     npm install winston pino
//     node tests/senders/loggers.mjs http://127.0.0.1:8000 wp_... ADMIN PASSWORD
//
// The name and password of an administrator are for reading what arrived. Each step prints what it
// did and stops the run when something is not as expected. Not a part of ./test: it needs the
// packages from npm. What it stores stays stored.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { Writable } from 'node:stream';

const require = createRequire(`${process.cwd()}/`);
const winston = require('winston');
const pino = require('pino');

const [address, key, username, password] = process.argv.slice(2);
const { hostname, port } = new URL(address);
const run = `run-${Date.now()}`;

const json = { 'content-type': 'application/json' };
const signedIn = await fetch(`${address}/api/auth/token/`, {
  method: 'POST', headers: json, body: JSON.stringify({ username, password }),
});
const { access } = await signedIn.json();

/** The events of this run whose description has a word, oldest first; waits until there are `n`. */
async function events(word, n) {
  const query = encodeURIComponent(`"${run} ${word}"`);
  for (let left = 100; left > 0; left -= 1) {
    const answer = await fetch(`${address}/api/events/?q=${query}`, {
      headers: { authorization: `Bearer ${access}` },
    });
    const { results } = await answer.json();
    if (results.length >= n) return results.reverse();
    await new Promise((done) => { setTimeout(done, 100); });
  }
  throw new Error(`${word}: did not arrive`);
}

function winstonLogger(options) {
  const http = { host: hostname, port, path: '/api/ingest/winston/', auth: { bearer: key } };
  return winston.createLogger({
    format: winston.format.combine(winston.format.timestamp(), winston.format.json()),
    defaultMeta: { service: 'shop' },
    transports: [new winston.transports.Http({ ...http, ...options })],
  });
}

for (const [name, options] of [['single', {}], ['batch', { batch: true, batchInterval: 200 }]]) {
  const logger = winstonLogger(options);
  logger.warn(`${run} winston-${name} login failed`, { user: 'ana', src_ip: '203.0.113.7' });
  logger.error(`${run} winston-${name} card testing`, { severity: 'HIGH' });
  const found = await events(`winston-${name}`, 2);
  const [mild, severe] = found.sort((a, b) => a.severity.localeCompare(b.severity)).reverse();
  assert.deepEqual([mild.severity, mild.event_type, mild.ip_address], ['LOW', 'shop', '203.0.113.7']);
  assert.equal(mild.attributes.user.name, 'ana');
  assert.ok(mild.occurred_at);
  assert.equal(severe.severity, 'HIGH');
  assert.ok(severe.alert);
  console.log(`winston ${name}: a level, and a severity that raised alert ${severe.alert}`);
}

let lines = '';
const kept = new Writable({ write(chunk, _, done) { lines += chunk; done(); } });
const logger = pino({}, kept);
logger.warn({ user: 'ana', src_ip: '203.0.113.8', id: 7 }, `${run} pino bad login`);
logger.warn({ user: 'ana', src_ip: '203.0.113.8', id: 7 }, `${run} pino bad login`);
const answer = await fetch(`${address}/api/ingest/pino/`, {
  method: 'POST',
  headers: { authorization: `Bearer ${key}`, 'content-type': 'application/x-ndjson' },
  body: lines,
});
assert.equal((await answer.json()).accepted, 2);
const [first] = await events('pino', 2);
assert.deepEqual([first.severity, first.ip_address], ['LOW', '203.0.113.8']);
assert.equal(first.attributes.log.level, 'warn');
assert.equal(first.attributes.process.pid, process.pid);
console.log('pino: levels as words, and no key made of a plain id');
process.exit(0);
