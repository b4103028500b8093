// Rows of content at URLs.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { plantFile, run } from '../../support.js'
import { startBare, startNginx, stop } from '../programs.js'
import { makeArgs } from './hashing.js'

const HASHED = 'curl and openssl sha1'

const large = {
  name: 'makemetafile, a large file at a URL',
  needs: ['nginx', 'curl', 'openssl'],
  figures: [
    { key: 'seconds', unit: 's', limit: 1, beside: HASHED },
    { key: 'cpu', unit: 's', what: 'processor', limit: 0.7, beside: HASHED },
    { key: 'memory', unit: 'MiB', what: 'memory' },
  ],
  async prepare(places) {
    const root = await places.shared('url', (at) => {
      plantFile(join(at, 'large'), places.isQuick ? 256 : 2048)
    })
    const server = await startNginx(places, root)
    const url = `http://127.0.0.1:${server.port}/large`
    return {
      reference: () => run(['sh', '-c', `curl -s ${url} | openssl sha1`]),
      run: (who) => places.run(who, makeArgs(places, url, '--no-cache')),
      end: () => stop(server),
    }
  },
}

/** A row of a list of small files, which `serve` serves at the URL that it returns. */
function list({ name, needs, files, size, figures, serve }) {
  return {
    name: `makemetafile, ${name}`,
    needs: ['curl', ...needs],
    figures,
    async prepare(places) {
      const at = places.at('answer')
      const names = Array.from({ length: files }, (_, i) => `f${i}`)
      writeFileSync(join(at, 'names'), names.join('\n'))
      const { url, end } = await serve(places, names, Buffer.alloc(size, 1))
      const outputs = names.map((file) => `url = "${url}/${file}"\noutput = "/dev/null"\n`)
      writeFileSync(join(at, 'curl'), outputs.join(''))
      const curl = ['curl', '-s', '--parallel', '--parallel-max', '8', '-K', join(at, 'curl')]
      const listed = ['--files-from', join(at, 'names'), '--base-url', url]
      const args = makeArgs(places, '--no-cache', ...listed)
      return { reference: () => run(curl), run: (who) => places.run(who, args), end }
    },
  }
}

const CURL = 'curl --parallel 8'

const far = list({
  name: '400 files of a server 20 ms away',
  needs: [],
  files: 400,
  size: 2000,
  figures: [{ key: 'seconds', unit: 's', limit: 1.5, beside: CURL }],
  async serve(places, names, bytes) {
    const at = places.at('answer')
    writeFileSync(join(at, 'body'), bytes)
    writeFileSync(join(at, 'body.json'), '{"content-length":2000,"etag":"\\"1\\""}')
    const { child, port } = await startBare(at, '20')
    return { url: `http://127.0.0.1:${port}/rel`, end: () => child.kill() }
  },
})

const near = list({
  name: '10,000 files of a server on this machine',
  needs: ['nginx'],
  files: 10_000,
  size: 200,
  figures: [
    { key: 'seconds', unit: 's', limit: 5, beside: CURL },
    { key: 'cpu', unit: 's', what: 'processor', limit: 8, beside: CURL },
  ],
  async serve(places, names, bytes) {
    const root = places.at('root/rel')
    for (const name of names) writeFileSync(join(root, name), bytes)
    const server = await startNginx(places, places.at('root'))
    return { url: `http://127.0.0.1:${server.port}/rel`, end: () => stop(server) }
  },
})

export const ROWS = [large, far, near]
