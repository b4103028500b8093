import { spawn } from 'node:child_process'
import { createHash, randomInt } from 'node:crypto'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer as createWebServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { tryOr } from '../../src/base/errors.js'
import type { Step } from './blocks.js'
import { isAsShown } from './blocks.js'

// Needs the built program: guides run its commands.

// Runs a guide's commands, one after the other in one shell, in a scratch directory that stands
// for the machine:
//
// - /srv/… and /var/lib/torrent_service/… are below that directory;
// - https://cdn.example.org/ is a web server that shows /srv/cdn;
// - ports 8080, 6969, 6970 and 9091 are free ones of this machine;
// - `btkit serve`, `btkit track` and the like run in the background from when they answer until the
//   next program of that name, or the end of the guide;
// - a command must end with status 0, unless the next one is `echo $?`.

const ABSOLUTE = /(?<![\w.$])\/(srv|var\/lib\/torrent_service)\b/g
/** Programs that run until they are stopped, and the ports on which they answer. */
const SERVICES: readonly (readonly [RegExp, string])[] = [
  [/^btkit serve /, '8080'],
  [/^(btkit track|bttrack) /, '6969'],
  [/^transmission-daemon /, '9091'],
]
/** Where `btkit track` has its administration. */
const ADMIN_PORT = '6970'
const LIMIT = 120_000

/** The web server of the files that are on no disk of the machine. */
const CDN = 'https://cdn.example.org'

/** Runs a guide's steps; returns the faults of the guide by line, none if all is as it says. */
export async function runGuide(steps: readonly Step[], scratch: string): Promise<string[]> {
  const machine = await makeMachine(scratch)
  const script = join(scratch, 'script')
  const toRun = machine.toMachine(steps.map(toShell).join('\n'))
  writeFileSync(script, `${PROLOGUE}\n${toRun}\n`)
  await runScript(script, machine.env)
  machine.close()
  return steps.flatMap((step, index) => {
    const output = machine.toGuide(read(join(scratch, 'out', String(index))))
    const status = read(join(scratch, 'out', `${index}.status`)).trim()
    return faultsOf(step, { output, status, mayFail: steps[index + 1]?.command === 'echo $?' })
  })
}

const PROLOGUE = `
trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT
ready() {
  for ((i = 0; i < 600; i++)); do
    (exec 3<>/dev/tcp/127.0.0.1/$1) 2>/dev/null && return 0
    kill -0 $2 2>/dev/null || return 1
    sleep 0.05
  done
  return 1
}
status=0`

/** A step in the shell's words; what it printed and its status are in files of its number. */
function toShell({ command }: Step, index: number): string {
  const out = `"$OUT/${index}"`
  const end = `status=$?; echo $status >"$OUT/${index}.status"`
  const port = portOf(command)
  if (port === undefined) return `(exit $status); {\n${command}\n} >>${out} 2>&1; ${end}`
  const pid = `service_${port}`
  const ports = command.includes(`:${ADMIN_PORT}`) ? [port, ADMIN_PORT] : [port]
  const ready = ports.map((each) => `ready ${each} $${pid}`).join(' && ')
  return `[ -z "\${${pid}-}" ] || { kill $${pid}; wait $${pid}; }
{ exec ${command.replace(/\s*&$/, '')}
} >>${out} 2>&1 &
${pid}=$!; ${ready}; ${end}`
}

function portOf(command: string): string | undefined {
  return command.includes('--help') ? undefined : SERVICES.find(([is]) => is.test(command))?.[1]
}

function faultsOf(
  { line, command, expected }: Step,
  { output, status, mayFail }: { output: string; status: string; mayFail: boolean },
): string[] {
  if (status === '') return [`line ${line}: ${command}: not run`]
  if (status !== '0' && !mayFail) return [`line ${line}: ${command}: status ${status}\n${output}`]
  // A service goes on to print
  const shown = portOf(command) === undefined ? expected : expected && `${expected}…`
  if (shown === null || shown === '' || isAsShown(output, shown)) return []
  return [`line ${line}: ${command}: printed\n${output}instead of\n${expected}`]
}

interface Machine {
  readonly env: NodeJS.ProcessEnv
  /** A guide's text in this machine's words, and the other way round. */
  readonly toMachine: (text: string) => string
  readonly toGuide: (text: string) => string
  readonly close: () => void
}

async function makeMachine(scratch: string): Promise<Machine> {
  const bin = join(scratch, 'bin')
  for (const name of ['bin', 'out', 'home']) mkdirSync(join(scratch, name), { recursive: true })
  const { bin: programs } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    bin: Record<string, string>
  }
  for (const [name, path] of Object.entries(programs)) symlinkSync(resolve(path), join(bin, name))
  const names = [...SERVICES.map(([, port]) => port), ADMIN_PORT]
  const ports = await freePorts(names.length)
  const cdn = createWebServer(showFiles(join(scratch, 'srv/cdn')))
  await new Promise<void>((listening) => cdn.listen(0, '127.0.0.1', listening))
  const { port: cdnPort } = cdn.address() as AddressInfo
  const cdnHere = `http://127.0.0.1:${cdnPort}`
  const portHere = (port: string) => String(ports[names.indexOf(port)])
  return {
    env: {
      PATH: `${bin}:${process.env['PATH'] ?? ''}`,
      LANG: 'C.UTF-8',
      TZ: 'UTC',
      HOME: join(scratch, 'home'),
      OUT: join(scratch, 'out'),
      // Root has its own in /etc
      NETRC: join(scratch, 'home/.config/btkit/netrc'),
      BTKIT_CACHE_DIR: join(scratch, 'cache'),
      BTKIT_STATE_DIR: join(scratch, 'state'),
      BTKIT_SERVE_PORT: portHere('8080'),
      BTKIT_TRACK_PORT: portHere('6969'),
    },
    toMachine: (text) =>
      text
        .replaceAll(CDN, cdnHere)
        .replace(ABSOLUTE, `${scratch}/$1`)
        .replace(new RegExp(`\\b(${names.join('|')})\\b`, 'g'), portHere),
    toGuide: (text) =>
      names
        .reduce((all, name) => all.replaceAll(portHere(name), name), text)
        .replaceAll(cdnHere, CDN)
        .replaceAll(scratch, ''),
    close: () => {
      cdn.closeAllConnections()
      cdn.close()
    },
  }
}

/** Answers with the files of a directory, and that they did not change. */
function showFiles(root: string): RequestListener {
  return ({ url = '', headers, method }, response) => {
    const bytes = tryOr(null, () => readFileSync(join(root, decodeURIComponent(url))))
    const tag = bytes && `"${createHash('sha256').update(bytes).digest('hex')}"`
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? []
    if (!bytes || !tag) response.writeHead(404).end()
    else if (headers['if-none-match'] === tag) response.writeHead(304).end()
    else {
      const part = from === undefined ? bytes : bytes.subarray(Number(from), Number(to) + 1)
      const range =
        from === undefined ? {} : { 'content-range': `bytes ${from}-${to}/${bytes.length}` }
      const all = { etag: tag, 'accept-ranges': 'bytes', 'content-length': part.length, ...range }
      response.writeHead(from === undefined ? 200 : 206, all)
      response.end(method === 'HEAD' ? undefined : part)
    }
  }
}

/** Below those that the system gives to others who ask for a free one. */
async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>()
  while (ports.size < count) {
    const port = randomInt(10_000, 30_000)
    if (await isFree(port)) ports.add(port)
  }
  return [...ports]
}

function isFree(port: number): Promise<boolean> {
  return new Promise((answer) => {
    const server = createServer()
    server.once('error', () => {
      answer(false)
    })
    server.listen(port, () => {
      server.close(() => {
        answer(true)
      })
    })
  })
}

/** Ends with the script, or ends it and all that it started after the limit. */
async function runScript(script: string, env: NodeJS.ProcessEnv): Promise<void> {
  const cwd = join(script, '..', 'home')
  const shell = spawn('bash', [script], { cwd, env, stdio: 'ignore', detached: true })
  const stop = () => shell.pid !== undefined && process.kill(-shell.pid, 'SIGKILL')
  const timer = setTimeout(stop, LIMIT)
  await new Promise((done) => shell.once('close', done))
  clearTimeout(timer)
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
