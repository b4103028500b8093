import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { basename, dirname } from 'node:path'
import { createInterface } from 'node:readline'
import { awaitOr, BtkitError, tryOr } from '../../base/errors.js'
import { counted, formatBytes } from '../../base/text/quantity.js'
import type { Form } from '../forms/form.js'
import type { Answer } from '../../server/headers/answer.js'
import { type PageParts, seeOther } from '../forms/frame.js'
import type { Job, Run } from '../forms/jobs.js'
import { fieldPath, requirePath } from '../forms/picker.js'
import { inShell } from '../../base/text/escape.js'
import { fieldValue, html, type Html } from '../../base/text/html.js'
import type { HandedOver } from '../work/seed-torrent.js'
import { startWork } from '../forms/start-work.js'
import { lookAt } from './look.js'
import type { WindowParts } from './window.js'

/** A torrent that was made. */
export interface SeededTorrent {
  readonly torrent: string
  /** The file or directory that it is of. */
  readonly source: string
  /** Whether it names trackers. Without one, only the DHT can tell peers of the seed. */
  readonly hasTrackers: boolean
}

/** The form of the button that starts to seed a torrent. */
export function seedForm({ torrent, source, hasTrackers }: SeededTorrent): Html {
  return html`<form method="post" action="../make" id="seed" hidden>
    <input type="hidden" name="torrent" value="${fieldValue(fieldPath(torrent))}" />
    <input type="hidden" name="path" value="${fieldValue(fieldPath(source))}" />
    ${!hasTrackers && html`<input type="hidden" name="dht" value="on" />`}
  </form>`
}

/** The command that seeds a torrent that was made, for a shell. */
export function seedCommand(made: SeededTorrent): string {
  return ['btkit seed', ...seedArguments(made).map(inShell)].join(' ')
}

function seedArguments({ torrent, source, hasTrackers }: SeededTorrent): string[] {
  const data = dirname(source)
  return [
    ...(hasTrackers ? [] : ['--dht']),
    ...(data === dirname(torrent) ? [] : ['--data', data]),
    torrent,
  ]
}

/** Gives a torrent that was made to the user's client, or else seeds it until the window ends. */
export async function seed(parts: WindowParts, form: Form): Promise<Answer> {
  const { client, directory, jobs, patience, seedProgram } = parts
  const torrent = await requirePath(form, 'torrent', directory)
  const source = await requirePath(form, 'path', directory)
  const about = { title: `Seeding of ${basename(torrent)}`, tool: 'make', path: torrent, form }
  if (client !== null) {
    const request = { torrent, data: dirname(source), client }
    const show = ({ status }: HandedOver, job: Job) => seedingPage(SEEDED[status], job)
    return startWork(parts, { about: { ...about, show }, name: 'seed', request })
  }
  if (seedProgram === null) throw new BtkitError('usage', 'no client is set; set BTKIT_CLIENT')
  const before = jobs.list().find(({ state, about: { lasts, path } }) => {
    return state === 'running' && lasts === LASTS && path === torrent
  })
  if (before) return seeOther(`job/${before.id}`)
  const made = { torrent, source, hasTrackers: !form.has('dht') }
  // A file that is no torrent is a mistake that the seed reports
  const { magnet = null } = (await awaitOr(null, parts.work.run('look', torrent))) ?? {}
  const run = (running: Run) => runSeed([...seedProgram, '--json', ...seedArguments(made)], running)
  const show = (_: null, job: Job) => seedingPage('The seeding has ended.', job)
  const { id } = await jobs.begin({ ...about, show, magnet, lasts: LASTS }, run, patience)
  return seeOther(`job/${id}`)
}

const LASTS =
  'btkit uploads it to peers until you stop it here, or until btkit gui ends. Keep a page open.'

const SEEDED: Readonly<Record<HandedOver['status'], string>> = {
  published: 'Your client seeds it now.',
  already: 'Your client seeds it already.',
  adopted: 'Your client seeds it already.',
  checking: 'Your client has it. It checks the files first, and seeds them then.',
}

function seedingPage(told: string, { about }: Pick<Job, 'about'>): PageParts {
  return {
    title: basename(about.path),
    content: html`<p class="note" role="status">${told}</p>
      <p class="acts">
        <a class="button main" href="../${lookAt(about.path)}">Inspect</a>
        <a class="button" href="../make">Create another</a>
      </p>`,
  }
}

/** Milliseconds in which a seed says goodbye to its trackers. */
const GOODBYE = 3000

/**
 * Runs a program that seeds, and tells its last line.
 * @throws BtkitError `interrupted`, or `client` with the last line of a program that failed
 */
async function runSeed([program = '', ...args]: string[], { signal, tell }: Run): Promise<null> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const end = () => child.kill()
  process.once('exit', end)
  signal.addEventListener('abort', () => {
    end()
    setTimeout(() => child.kill('SIGKILL'), GOODBYE).unref()
  })
  let [state, warning] = ['', '']
  const follow = (input: NodeJS.ReadableStream, note: (line: string) => void) => {
    createInterface({ input }).on('line', (line) => {
      note(line.replace(/^btkit: /, ''))
      tell([state, warning].filter((each) => each !== '').join('; '))
    })
  }
  follow(child.stdout, (line) => {
    state = seedingInWords(line) ?? state
  })
  follow(child.stderr, (line) => {
    // The names of seeded torrents are no warnings
    if (line.startsWith('added ')) state ||= seedingInWords(BEGUN) ?? ''
    else warning = line
  })
  try {
    const [status] = (await once(child, 'close')) as [number | null]
    if (signal.aborted) throw new BtkitError('interrupted', 'the seeding has ended')
    if (status !== 0) throw new BtkitError('client', `btkit seed: ${warning || NOT_STARTED}`)
    return null
  } catch (error) {
    // A program that is not there
    if (error instanceof BtkitError) throw error
    throw new BtkitError('client', `btkit seed: ${(error as Error).message}`)
  } finally {
    process.off('exit', end)
  }
}

const NOT_STARTED = 'it could not be started'

/** A line of the seed: what it says of its torrent. */
interface SeedLine {
  readonly state: string
  readonly peers: number
  readonly uploadRate: number
  readonly ratio: number
  readonly size: number
  readonly message: string | null
}

/** The first line of a seed, which it prints only after a while. */
const BEGUN = '{"state":"seeding"}'

/** A line of the seed in words; null for one that is about no torrent. */
function seedingInWords(line: string): string | null {
  const told = tryOr(null, () => JSON.parse(line) as Partial<SeedLine> | null)
  if (told?.state === undefined) return null
  const { state, peers = 0, uploadRate = 0, ratio = 0, size = 0, message = null } = told
  const figures = [
    counted(peers, 'peer'),
    `${formatBytes(uploadRate)}/s`,
    `${formatBytes(Math.round(ratio * size))} sent`,
  ]
  return [state === 'seeding' ? figures.join(' · ') : state, message].filter(Boolean).join('; ')
}
