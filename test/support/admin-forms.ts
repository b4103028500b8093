import type { TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { startAdmin, type TestAdmin } from './admin.js'
import type { Files } from './scratch.js'

/** Fields of a form; a name may occur several times. */
export type Fields = readonly (readonly [name: string, value: string])[]

/** An answer as text. */
interface Answered {
  readonly status: number
  readonly location: string
  readonly text: string
}

/** Somebody who is logged in, and sends forms. */
export interface Worker {
  readonly get: (path: string) => Promise<Answered>
  /** Sends a form with a token. The text is that of the page to which the answer leads. */
  readonly post: (path: string, fields: Fields) => Promise<Answered>
  /** Uploads files, by default into the first category and with a token. */
  readonly upload: (files: Files, fields?: Readonly<Record<string, string>>) => Promise<Answered>
  readonly token: () => Promise<string>
}

/** Starts a tracker with an administration over planted files: `torrents/…`, `data/…`. */
export async function startForms(t: TestContext, files: Files = {}, args: readonly string[] = []) {
  const admin = await startAdmin(t, { files, args: [...args] })
  const logIn = (name?: string) => logInToForms(admin, name)
  return { ...admin, logIn }
}

/** Logs somebody in who sends forms. */
export async function logInToForms(
  { pages, logIn }: Pick<TestAdmin, 'pages' | 'logIn'>,
  name?: string,
): Promise<Worker> {
  const { cookie } = await logIn(name)
  const ask = async (path: string, init: RequestInit = {}): Promise<Answered> => {
    const headers = { ...(init.headers as Record<string, string>), Cookie: cookie }
    const answer = await fetch(pages + path, { ...init, headers, redirect: 'manual' })
    const { status } = answer
    return { status, location: answer.headers.get('location') ?? '', text: await answer.text() }
  }
  /** Sends a form, and goes where the answer leads. */
  const send = async (path: string, init: RequestInit): Promise<Answered> => {
    const answer = await ask(path, { method: 'POST', ...init })
    if (answer.status !== 303) return answer
    const { pathname, search } = new URL(answer.location, pages + path)
    return { ...answer, text: (await ask(pathname + search)).text }
  }
  const token = async () => {
    const { text } = await ask('/')
    return /name="token" value="([^"]+)"/.exec(text)?.[1] ?? ''
  }
  return {
    get: ask,
    token,
    post: async (path, fields) => {
      const body = new URLSearchParams({ token: await token() })
      for (const [field, value] of fields) body.append(field, value)
      const headers = { 'Content-Type': 'application/x-www-form-urlencoded' }
      return send(path, { headers, body: body.toString() })
    },
    upload: async (uploaded, fields = {}) => {
      const form = new FormData()
      const all = { token: fields['token'] ?? (await token()), to: '0', ...fields }
      for (const [name, value] of Object.entries(all)) form.append(name, value)
      for (const [file, content] of Object.entries(uploaded))
        form.append('files', new Blob([Buffer.from(content)]), file)
      return send('/upload', { body: form })
    },
  }
}

/** The values of a page's hidden and text fields, except tokens. */
export function fieldsOf({ text }: Pick<Answered, 'text'>): [string, string][] {
  const inputs = text.matchAll(/<input[^>]*?\bname="([^"]+)"\s+value="([^"]*)"/g)
  const areas = text.matchAll(/<textarea[^>]*?\bname="(\w+)"[^>]*>\n([^<]*)<\/textarea/g)
  return [...inputs, ...areas]
    .map(([, name = '', value = '']): [string, string] => [name, value])
    .filter(([name]) => name !== 'token')
}

/** Waits for a job to end, and returns its page. */
export async function followJob(worker: Worker, location: string): Promise<Answered> {
  for (;;) {
    const { text } = await worker.get(`/${location}/state`)
    const { state } = JSON.parse(text) as { state: string }
    if (state !== 'running') return worker.get(`/${location}`)
    await setTimeout(10)
  }
}
