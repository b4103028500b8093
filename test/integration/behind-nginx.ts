import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { ask, FORM, type Answer } from '../mirror/ask.js'
import { certificateFiles, plantCertificate } from '../support/certificates.js'
import { listenLocally } from '../support/listen.js'
import { collect, projectRoot } from '../support/programs.js'
import { findPeer } from '../support/peers.js'
import { pseudoRandom } from '../support/pseudo-random.js'
import { makeScratch } from '../support/scratch.js'
import { serveMirror } from '../support/serve.js'
import { until } from '../support/until.js'

/** Not on the path of everybody who may start it. */
const nginx =
  findPeer('nginx') ?? ['/usr/sbin/nginx', '/usr/local/sbin/nginx'].find(existsSync) ?? null

export const unlessNginx = { skip: nginx === null && 'nginx is not installed' }

/** The public address that the service is configured with. */
export const PUBLIC = 'https://public.example'

/** The name that clients know nginx by. */
export const HOST = 'mirror.example'

export const FILES = {
  'yum/7/a.rpm': pseudoRandom(1_500_000, 1),
  'yum/7/b.rpm': pseudoRandom(70_000, 2),
  'yum/7/50% of [all] & more?.rpm': pseudoRandom(1_000, 3),
}

interface Proxied {
  /** Asks nginx; with a form, by POST. */
  readonly ask: (path: string, form?: string) => Promise<Answer>
  /** The paths of nginx's Unix sockets, without TLS and with it. */
  readonly socket: string
  readonly tlsSocket: string
  /** The service's own address. */
  readonly btkit: string
  /** The directory that both serve. */
  readonly root: string
}

/** Serves a mirror with nginx before it, configured as the guide says, until the test ends. */
export async function serveBehindNginx(
  t: TestContext,
  args = ['--no-files', '--public-url', PUBLIC],
  changes: Readonly<Record<string, string>> = {},
): Promise<Proxied> {
  const root = makeScratch(t, FILES)
  const { address, port } = await serveMirror(t, { root, args })
  const socket = await openNginx(t, 'mirror', HOST, {
    '127.0.0.1:8080': `127.0.0.1:${port}`,
    '/srv/mirror': root,
    ...changes,
  })
  const headers = { Host: HOST }
  return {
    ask: (path, form) => {
      if (form === undefined) return ask(socket, path, { headers })
      return ask(socket, path, { method: 'POST', headers: { ...headers, ...FORM }, body: form })
    },
    socket,
    tlsSocket: `${socket}.tls`,
    btkit: address,
    root,
  }
}

/**
 * Runs nginx as the guide of a service has it, with the certificate of `host`, until the test ends.
 * Returns its Unix socket; that with TLS has `.tls` behind it.
 */
export async function openNginx(
  t: TestContext,
  service: 'mirror' | 'tracker' | 'together',
  host: string,
  changes: Readonly<Record<string, string>>,
  change: (blocks: string) => string = String,
): Promise<string> {
  const scratch = makeScratch(t)
  // A socket of its own can't be taken by another program, as a free port could
  const socket = join(scratch, 'nginx.sock')
  plantCertificate(scratch, host)
  const [cert, key] = certificateFiles(scratch)
  const name = service === 'together' ? 'mirror' : service
  const certificates = `/etc/letsencrypt/live/${name}.example.org`
  const blocks = fill(change(serverBlocks(service)), {
    'listen 80': `listen unix:${socket}`,
    'listen 443 ssl': `listen unix:${socket}.tls ssl`,
    'listen [::]:80;': '',
    'listen [::]:443 ssl;': '',
    [`${certificates}/fullchain.pem`]: cert,
    [`${certificates}/privkey.pem`]: key,
    ...changes,
  })
  writeFileSync(join(scratch, 'nginx.conf'), configure(scratch, blocks))
  await startNginx(t, scratch, socket)
  return socket
}

/** A configuration of nginx that leaves all the rest of the system alone. */
export function configure(scratch: string, blocks: string): string {
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return `
    daemon off;
    master_process off;
    pid ${scratch}/nginx.pid;
    error_log ${scratch}/error.log;
    events {}
    http {
      access_log off;
      ${kinds.map((kind) => `${kind}_temp_path ${scratch}/${kind};`).join('\n')}
      ${blocks}
    }
  `
}

/**
 * Runs nginx with the configuration in a directory until the test ends; resolves when it listens.
 */
export async function startNginx(t: TestContext, scratch: string, socket: string): Promise<void> {
  const args = ['-p', scratch, '-e', join(scratch, 'error.log'), '-c', join(scratch, 'nginx.conf')]
  const child = spawn(nginx ?? '', args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = collect(child)
  t.after(async () => {
    child.kill('SIGTERM')
    await ended
  })
  await until('nginx listens', async () => {
    if (child.exitCode !== null) throw new Error(`nginx ended: ${(await ended).stderr}`)
    return canConnect(socket)
  })
}

/**
 * Lets a plain nginx show a directory until the test ends. Returns its address, and the file of
 * its log.
 */
export async function showByNginx(t: TestContext, root: string) {
  chmodSync(root, 0o755)
  const scratch = makeScratch(t)
  const [socket, log] = [join(scratch, 'nginx.sock'), join(scratch, 'access.log')]
  const blocks = `server { listen unix:${socket}; root ${root}; access_log ${log}; }`
  writeFileSync(join(scratch, 'nginx.conf'), configure(scratch, blocks))
  await startNginx(t, scratch, socket)
  // A port that nobody else can take
  const front = createServer((client) => {
    const behind = connect(socket)
    client.pipe(behind).pipe(client)
    for (const each of [client, behind]) each.on('error', () => undefined)
  })
  return { url: `http://127.0.0.1:${await listenLocally(t, front)}`, log }
}

function canConnect(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(socket)
    probe.once('error', () => {
      resolve(false)
    })
    probe.once('connect', () => {
      probe.destroy()
      resolve(true)
    })
  })
}

/** The guide's sections with a configuration. */
const SECTIONS = {
  mirror: 'A mirror',
  tracker: 'A tracker',
  together: 'A mirror with its tracker',
  path: 'Below a path',
}

/** The configuration in the guide, as a reader copies it. */
export function serverBlocks(service: keyof typeof SECTIONS, language = 'nginx'): string {
  const text = readFileSync(join(projectRoot, 'docs/nginx.md'), 'utf8')
  const [, section = ''] = text.split(`\n## ${SECTIONS[service]}\n`)
  const fence = new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, 'gm')
  const [[, block] = [], [, inServer] = []] = [...section.matchAll(fence)]
  assert.ok(block, `docs/nginx.md shows no ${language} for a ${service}`)
  if (service !== 'together' || language !== 'nginx') return block
  // It is what the guide adds to the configuration of a mirror
  const mirror = serverBlocks('mirror')
  assert.ok(inServer && mirror.endsWith('}\n'))
  return `${block}${mirror.slice(0, -'}\n'.length)}${inServer}}\n`
}

/** Puts a test's own places for the guide's, each of which has to be there. */
export function fill(text: string, places: Readonly<Record<string, string>>): string {
  let filled = text
  for (const [place, own] of Object.entries(places)) {
    assert.ok(filled.includes(place), `the guide's configuration has no ${place}`)
    filled = filled.replaceAll(place, own)
  }
  return filled
}
