// Rows of content at URLs.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { plantFile, run } from '../../support.js'
import { startBare, startNginx, stop } from '../programs.js'
import { makeArgs } from './hashing.js'

const FILES = 400

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

export const ROWS = [
  large,
  {
    name: 'makemetafile, 400 files of a server 20 ms away',
    needs: ['curl'],
    figures: [{ key: 'seconds', unit: 's', limit: 2.5, beside: 'curl --parallel 8' }],
    async prepare(places) {
      const at = places.at('answer')
      const names = Array.from({ length: FILES }, (_, i) => `f${i}`)
      writeFileSync(join(at, 'body'), Buffer.alloc(2000, 1))
      writeFileSync(join(at, 'body.json'), '{"content-length":2000,"etag":"\\"1\\""}')
      writeFileSync(join(at, 'names'), names.join('\n'))
      const { child, port } = await startBare(at, '20')
      const url = `http://127.0.0.1:${port}/rel`
      const outputs = names.map((name) => `url = "${url}/${name}"\noutput = "/dev/null"\n`)
      writeFileSync(join(at, 'curl'), outputs.join(''))
      const curl = ['curl', '-s', '--parallel', '--parallel-max', '8', '-K', join(at, 'curl')]
      const args = makeArgs(
        places,
        '--no-cache',
        '--files-from',
        join(at, 'names'),
        '--base-url',
        url,
      )
      return {
        reference: () => run(curl),
        run: (who) => places.run(who, args),
        end: () => child.kill(),
      }
    },
  },
]
