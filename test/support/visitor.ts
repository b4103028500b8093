import assert from 'node:assert/strict'
import { request } from 'node:http'
import { request as requestTls } from 'node:https'
import type { Files } from './scratch.js'
import { until } from './until.js'

/** An answer as text. */
export interface Page {
  readonly status: number
  readonly location: string
  readonly text: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

/** Fields of a form; in pairs, a name may occur several times. */
export type Fields = readonly (readonly [name: string, value: string])[]
/** Fields of a form by their names; those that occur several times have a list. */
type Values = Readonly<Record<string, string | readonly string[]>>
type Form = Fields | Readonly<Record<string, string>> | FormData

interface Asking {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly form?: Form | undefined
  /** The Unix socket to ask, in place of the host of the URL. */
  readonly socketPath?: string
}

/** Asks for a page without following redirects; `headers` may name another Host. */
export async function ask(url: string, asking: Asking = {}): Promise<Page> {
  const { form, headers, ...options } = asking
  const fields = form as ConstructorParameters<typeof URLSearchParams>[0]
  const body = form && new Response(form instanceof FormData ? form : new URLSearchParams(fields))
  const type = body && { 'Content-Type': body.headers.get('content-type') ?? '' }
  const all = { ...options, headers: { ...type, ...headers }, agent: false }
  const bytes = body && Buffer.from(await body.arrayBuffer())
  return new Promise((resolve, reject) => {
    const send = url.startsWith('https:') ? requestTls : request
    const sent = send(url, { ...all, rejectUnauthorized: false }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text += chunk))
      response.on('end', () => {
        const { statusCode: status = 0, headers: answered } = response
        resolve({ status, location: answered.location ?? '', text, headers: answered })
      })
    })
    sent.on('error', reject)
    sent.end(bytes)
  })
}

/** Waits for a job to end, of which `get` fetches pages, and returns its page. */
export async function followJob(
  { get }: { readonly get: (path: string) => Promise<Page> },
  path: string,
): Promise<Page> {
  await until('the job ends', async () => {
    const { state } = JSON.parse((await get(`${path}/state`)).text) as { readonly state: string }
    return state !== 'running'
  })
  return get(path)
}

/** A browser with cookies and no scripts. */
export class Visitor {
  cookie = ''
  /** Further headers of all requests. */
  headers: Record<string, string> = {}

  /** `pages` is their URL, or the path of a Unix socket. */
  constructor(private readonly pages: string) {}

  get = (path: string): Promise<Page> => this.ask('GET', path)

  /** Opens a page and sends a form with its token. */
  async send(path: string, fields: Record<string, string>, from = path): Promise<Page> {
    const token = await this.token(from)
    return this.ask('POST', path, { token, ...fields })
  }

  /** Sends a form with a token. The text is that of the page to which the answer leads. */
  async post(path: string, fields: Fields | Values): Promise<Page> {
    const pairs = isPairs(fields) ? fields : Object.entries(fields).flatMap(pairsOf)
    return this.#follow(path, [['token', await this.token()], ...pairs])
  }

  /** Uploads files as `post` sends a form, by default into the first category. */
  async upload(files: Files, fields: Readonly<Record<string, string>> = {}): Promise<Page> {
    const form = new FormData()
    const all = { token: fields['token'] ?? (await this.token()), to: '0', ...fields }
    for (const [name, value] of Object.entries(all)) form.append(name, value)
    for (const [file, content] of Object.entries(files))
      form.append('files', new Blob([Buffer.from(content)]), file)
    return this.#follow('/upload', form)
  }

  async #follow(path: string, form: Form): Promise<Page> {
    const answer = await this.ask('POST', path, form)
    if (answer.status !== 303) return answer
    const { pathname, search } = new URL(answer.location, this.pages + path)
    return { ...answer, text: (await this.get(pathname + search)).text }
  }

  /** The token in the first form of a page. */
  async token(path = '/'): Promise<string> {
    const { text } = await this.get(path)
    return /name="token" value="([^"]+)"/.exec(text)?.[1] ?? ''
  }

  logIn(name: string, password: string): Promise<Page> {
    return this.send('/login', { name, password })
  }

  /** Sends a request, with a form if there are fields. */
  async ask(method: string, path: string, form?: Form): Promise<Page> {
    const headers = { Cookie: this.cookie, ...this.headers }
    const isSocket = this.pages.startsWith('/')
    const page = await ask((isSocket ? 'http://localhost' : this.pages) + path, {
      method,
      headers,
      form,
      ...(isSocket && { socketPath: this.pages }),
    })
    for (const each of page.headers['set-cookie'] ?? []) this.cookie = each.split(';', 1)[0] ?? ''
    return page
  }
}

function isPairs(fields: Fields | Values): fields is Fields {
  return Array.isArray(fields)
}

function pairsOf([name, value]: [string, string | readonly string[]]): Fields {
  return [value].flat().map((each) => [name, each])
}

/**
 * The fields in the content of a page, except tokens, as a browser sends them if nobody changes
 * them; and all boxes that have a value, checked or not. A field of one line loses line ends, and
 * others get CRLF.
 */
export function fieldsOf(page: Pick<Page, 'text'>): [string, string][] {
  const text = page.text.split('<main')[1] ?? page.text
  const inputs = [...text.matchAll(/<input\b[^>]*>/g)].flatMap(([tag]): [string, string][] => {
    const [name, type, value] = ['name', 'type', 'value'].map((key) => attribute(tag, key))
    const isBox = type === 'checkbox' && value === null
    if (name == null || (isBox ? !/\schecked\b/.test(tag) : value === null)) return []
    return [
      [name, type === 'hidden' ? crlf(value ?? '') : (value ?? 'on').replaceAll(/[\r\n]/g, '')],
    ]
  })
  const areas = text.matchAll(/(<textarea\b[^>]*>)\n?([^<]*)<\/textarea/g)
  const typed = Array.from(areas, ([, tag = '', value = '']): [string, string] => {
    return [attribute(tag, 'name') ?? '', crlf(unescapeHtml(value))]
  })
  return [...inputs, ...typed].filter(([name]) => name !== 'token')
}

function attribute(tag: string, name: string): string | null {
  const [, value] = new RegExp(`\\b${name}="([^"]*)"`).exec(tag) ?? []
  return value === undefined ? null : unescapeHtml(value)
}

function crlf(text: string): string {
  return text.replaceAll(/\r\n?|\n/g, '\r\n')
}

function unescapeHtml(text: string): string {
  const named: Readonly<Record<string, string>> = {
    amp: '&',
    lt: '<',
    gt: '>',
    quot: '"',
    '#39': "'",
  }
  return text.replaceAll(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => named[name]!)
}

/** Asserts that a page has a text; a failure says which, and the report of tests shows the page. */
export function assertShows(page: string, text: string): void {
  assert.ok(page.includes(text), `no ${JSON.stringify(text)} in\n${page}`)
}

/** The fields that a page marks as wrong. Each leads to the error of the page. */
export function faultyFields(page: string): string[] {
  const marked = page.match(/<(?:input|textarea|select)[^>]*aria-invalid="true"[^>]*>/g) ?? []
  return marked.map((tag) => {
    const [, name = ''] = /\bname="([^"]*)"/.exec(tag) ?? []
    const isTied = /aria-describedby="error\b/.test(tag) && page.includes('id="error"')
    return isTied ? name : `${name} without the error`
  })
}
