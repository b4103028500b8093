// A program of node:http without a framework. It sends a file that it reads whole, or the range that is
// asked for.
//
//   node bench/serve/plain-server.js ROOT
import { open, readFile } from 'node:fs/promises'
import { createReadStream, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'

const [, , root] = process.argv
const TYPE = 'application/octet-stream'
const WHOLE = 4 * 1024 * 1024

const server = createServer({ keepAliveTimeout: 30_000 }, async (request, response) => {
  const path = join(root, request.url)
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
  const { size } = statSync(path)
  const headers = { 'Content-Type': TYPE, 'Content-Length': size }
  if (from !== undefined) {
    const part = Buffer.allocUnsafe(Number(to) - Number(from) + 1)
    const file = await open(path)
    await file.read(part, 0, part.length, Number(from))
    await file.close()
    const ranged = { 'Content-Length': part.length, 'Content-Range': `bytes ${from}-${to}/${size}` }
    response.writeHead(206, { ...headers, ...ranged }).end(part)
  } else if (size > WHOLE) {
    response.writeHead(200, headers)
    createReadStream(path).pipe(response)
  } else {
    response.writeHead(200, headers).end(await readFile(path))
  }
})
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  console.log(`address: http://127.0.0.1:${server.address().port}`)
})
