import { request } from 'node:http'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type GuiOptions, openGui } from '../../src/gui/open-gui.js'
import { makeScratch, type Files } from './scratch.js'

/** An answer as text. */
export interface Page {
  readonly status: number
  readonly location: string
  readonly text: string
}

/** A window whose pages a test asks for. */
export interface TestGui {
  /** The directory of the planted files. */
  readonly root: string
  readonly address: string
  readonly file: string
  readonly ended: Promise<void>
  /** The URL of all pages. */
  readonly pages: string
  readonly get: (path: string) => Promise<Page>
  /** Sends a form, and follows the job that it begins to its result. */
  readonly send: (path: string, fields: Record<string, string>) => Promise<Page>
}

/** Opens a window over planted files; it closes when the test ends. */
export async function openTestGui(
  t: TestContext,
  files: Files = {},
  options: Partial<GuiOptions> = {},
): Promise<TestGui> {
  const root = makeScratch(t, files)
  const gui = await openGui({
    directory: root,
    places: [root],
    presets: [],
    cacheDirectory: null,
    cacheTrust: 'full',
    stateDirectory: join(root, '.state'),
    threads: 1,
    client: null,
    seedProgram: null,
    first: null,
    runtimeDirectory: root,
    monotonic: () => performance.now(),
    patience: 30_000,
    warn: () => undefined,
    onError: (error) => {
      throw error
    },
    ...options,
  })
  t.after(() => gui.close())
  const { location } = await ask(gui.address)
  const pages = new URL(location, gui.address).href
  const get = (path: string) => ask(new URL(path, pages).href)
  const send = async (path: string, fields: Record<string, string>) => {
    const url = new URL(path, pages)
    const answer = await ask(url.href, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(fields).toString(),
    })
    return answer.status === 303 ? followJob(new URL(answer.location, url).href) : answer
  }
  const { file, ended } = gui
  // The first address was used
  return { root, address: new URL(pages).origin, file, ended, pages, get, send }
}

async function followJob(url: string): Promise<Page> {
  for (;;) {
    const state = JSON.parse((await ask(`${url}/state`)).text) as { readonly state: string }
    if (state.state !== 'running') return ask(url)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

interface Asking {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** Asks for a page without following redirects; `headers` may name another Host. */
export function ask(url: string, { method = 'GET', headers = {}, body }: Asking = {}) {
  return new Promise<Page>((resolve, reject) => {
    const sent = request(url, { method, headers, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text += chunk))
      response.on('end', () => {
        const { statusCode = 0, headers: answered } = response
        resolve({ status: statusCode, location: answered.location ?? '', text })
      })
    })
    sent.on('error', reject)
    sent.end(body)
  })
}
