// Drives a running server with the real JavaScript clients of Elasticsearch and OpenSearch, and
// with pino's transport for them.
//
//     npm i @elastic/elasticsearch@9 es8@npm:@elastic/elasticsearch@8 \
//           @opensearch-project/opensearch pino pino-elasticsearch winston winston-elasticsearch
//     node tests/senders/bulk.mjs http://127.0.0.1:8000 wp_...
//
// Run it where the packages are installed (copy it there, or link node_modules). It stops at the
// first thing that is not as expected. Not a part of ./test: it needs the clients from npm.
import { createRequire } from 'node:module'
import path from 'node:path'

const require = createRequire(path.join(process.cwd(), 'package.json'))
const [address, key] = process.argv.slice(2)
const run = String(Date.now())

function step (what, truth) {
  console.log((truth ? 'ok   ' : 'FAIL ') + what)
  if (!truth) process.exit(1)
}

for (const name of ['@elastic/elasticsearch', 'es8']) {
  const { Client } = require(name)
  const client = new Client({ node: address, auth: { apiKey: key } })
  const info = await client.info()
  step(`${name}: info ${info.version.number}`, info.tagline !== '')
  step(`${name}: ping`, await client.ping())
  const documents = Array.from({ length: 500 }, (_, n) => ({ id: `${name}-${run}-${n}`, message: `js ${run} ${n}` }))
  const send = (op) => client.helpers.bulk({
    datasource: documents,
    flushBytes: 10_000,
    onDocument: ({ id }) => ({ [op]: { _index: 'logs-js', _id: id } }),
    onDrop: () => {}
  })
  const first = await send('create')
  step(`${name}: helpers.bulk stores 500`, first.successful === 500 && first.failed === 0)
  const again = await send('create')
  step(`${name}: created again, 500 conflicts`, again.successful === 0 && again.failed === 500)
  const mixed = await client.bulk({
    operations: [{ index: { _index: 'a' } }, { message: 'good' }, { delete: { _index: 'a', _id: '1' } }]
  })
  step(`${name}: a delete is refused by itself`,
    mixed.errors && mixed.items[0].index.status === 201 && mixed.items[1].delete.status === 400)
  const packed = new Client({ node: address, auth: { username: 'wp', password: key }, compression: true })
  const answer = await packed.bulk({ index: 'z', operations: [{ index: {} }, { message: 'packed '.repeat(200) }] })
  step(`${name}: gzip, Basic`, answer.errors === false)
  const refused = await new Client({ node: address, auth: { apiKey: 'wp_' + 'x'.repeat(43) } })
    .info().then(() => 200, (error) => error.meta.statusCode)
  step(`${name}: a wrong key is refused`, refused === 401)
}

{
  const { Client } = require('@opensearch-project/opensearch')
  const where = new URL(address)
  const client = new Client({ node: `${where.protocol}//wp:${key}@${where.host}` })
  const documents = Array.from({ length: 100 }, (_, n) => ({ message: `opensearch-js ${run} ${n}` }))
  const told = await client.helpers.bulk({
    datasource: documents,
    onDocument: () => ({ index: { _index: 'os' } })
  })
  step('opensearch-js: helpers.bulk stores 100', told.successful === 100 && told.failed === 0)
  const { body } = await client.info()
  step('opensearch-js: info', body.version.number !== '')
}

{
  const pino = require('pino')
  const transport = require('pino-elasticsearch')({
    index: 'logs-app', node: address, auth: { apiKey: key }, esVersion: 8, flushBytes: 1000, flushInterval: 100
  })
  const wrong = []
  for (const name of ['unknown', 'insertError', 'error']) transport.on(name, (error) => wrong.push([name, error]))
  const inserted = new Promise((resolve) => transport.on('insert', resolve))
  const logger = pino({ level: 'info' }, transport)
  for (let n = 0; n < 20; n++) logger.error({ src_ip: '198.51.100.7' }, `pino ${run} ${n}`)
  transport.end()
  const stats = await inserted
  step(`pino-elasticsearch: 20 stored ${JSON.stringify(wrong)}`,
    stats.successful === 20 && stats.failed === 0 && wrong.length === 0)
}
{
  const { ElasticsearchTransport } = require('winston-elasticsearch')
  const transport = new ElasticsearchTransport({
    level: 'info', index: 'app', ensureIndexTemplate: false, flushInterval: 100, clientOpts: { node: address, auth: { apiKey: key } }
  })
  const wrong = []
  for (const name of ['error', 'warning']) transport.on(name, (error) => wrong.push([name, error.message]))
  const { write } = transport.bulkWriter
  let answered = 0
  transport.bulkWriter.write = async function (body) { await write.call(this, body); answered += body.length / 2 }
  const logger = require('winston').createLogger({ transports: [transport] })
  for (let n = 0; n < 20; n++) logger.error(`winston-elasticsearch ${run} ${n}`, { src_ip: '198.51.100.7' })
  for (let left = 100; left > 0 && answered < 20; left--) await new Promise((done) => setTimeout(done, 100))
  step(`winston-elasticsearch: ${answered} stored ${JSON.stringify(wrong)}`, answered === 20 && wrong.length === 0)
}
console.log('all as expected')
process.exit(0)
