// Drives a running server with the real JavaScript exporter of OpenTelemetry logs.
//
//     npm i @opentelemetry/exporter-logs-otlp-http @opentelemetry/sdk-logs
//     node tests/senders/otlp.mjs http://127.0.0.1:8000 wp_...
//
// Run it where the packages are installed. It stops at the first thing that is not as expected. Not a
// part of ./test: it needs the exporter from npm.
import { createRequire } from 'node:module'
import path from 'node:path'

const require = createRequire(path.join(process.cwd(), 'package.json'))
const { OTLPLogExporter } = require('@opentelemetry/exporter-logs-otlp-http')
const { LoggerProvider, SimpleLogRecordProcessor, BatchLogRecordProcessor } = require('@opentelemetry/sdk-logs')
const [address, key] = process.argv.slice(2)

function step (what, truth) {
  console.log((truth ? 'ok   ' : 'FAIL ') + what)
  if (!truth) process.exit(1)
}

function exporter (token, compression) {
  const made = new OTLPLogExporter({
    url: `${address}/v1/logs`,
    headers: { authorization: `Bearer ${token}` },
    compression,
    timeoutMillis: 5000
  })
  const results = []
  const send = made.export.bind(made)
  made.export = (records, done) => send(records, (result) => { results.push(result); done(result) })
  return { made, results }
}

for (const [compression, Processor] of [['none', SimpleLogRecordProcessor], ['gzip', BatchLogRecordProcessor]]) {
  const { made, results } = exporter(key, compression)
  const provider = new LoggerProvider({ processors: [new Processor({ exporter: made })] })
  const logger = provider.getLogger('drive', '1.0')
  for (let n = 0; n < 5; n++) {
    logger.emit({
      severityNumber: 17,
      severityText: 'ERROR',
      eventName: 'camera.offline',
      body: n === 4 ? { message: 'a map', n, deep: [1, { a: null }] } : `camera ${n} offline`,
      attributes: { 'client.address': '203.0.113.7', n, ok: true, ratio: 0.5, list: ['a', 'b'], bytes: new Uint8Array([0, 255]) }
    })
  }
  await provider.forceFlush()
  await provider.shutdown()
  step(`javascript, ${compression}: ${results.length} exports succeeded`,
    results.length > 0 && results.every((result) => result.code === 0))
}

const { made, results } = exporter('wp_wrong', 'none')
const provider = new LoggerProvider({ processors: [new SimpleLogRecordProcessor({ exporter: made })] })
provider.getLogger('drive').emit({ body: 'never stored' })
await provider.forceFlush()
await provider.shutdown()
step('a wrong key is a failure', results.length === 1 && results[0].code !== 0)
