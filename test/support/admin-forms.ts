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
  /** Sends a form with a token. */
  readonly post: (path: string, fields: Fields) => Promise<Answered>
  /** Uploads files; by default with a token. */
  readonly upload: (files: Files, token?: string) => Promise<Answered>
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
      return ask(path, { method: 'POST', headers, body: body.toString() })
    },
    upload: async (uploaded, given) => {
      const form = new FormData()
      form.append('token', given ?? (await token()))
      for (const [file, content] of Object.entries(uploaded))
        form.append('files', new Blob([Buffer.from(content)]), file)
      return ask('/upload', { method: 'POST', body: form })
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
