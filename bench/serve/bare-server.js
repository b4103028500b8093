// Node's own limit: the same answers, with their headers, by a server that does nothing else.
//
//   node bench/serve/bare-server.js DIRECTORY
//
// Each NAME in the directory is a body; NAME.json has the headers that go with it.
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'

const [, , directory] = process.argv
const answers = new Map()
for (const name of readdirSync(directory)) {
  if (name.endsWith('.json')) continue
  const headers = JSON.parse(readFileSync(join(directory, `${name}.json`), 'utf8'))
  answers.set(`/${name}`, { headers, body: readFileSync(join(directory, name)) })
}

const server = createServer({ keepAliveTimeout: 30_000 }, (request, response) => {
  const { headers, body } = answers.get(request.url)
  response.writeHead(200, headers).end(body)
})
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  console.log(`address: http://127.0.0.1:${server.address().port}`)
})
