import type { TestContext } from 'node:test'
import { startAdmin, type TestAdmin } from './admin.js'
import type { Files } from './scratch.js'
import type { Fields, Page } from './visitor.js'

/** Somebody who is logged in, and sends forms. */
export interface Worker {
  readonly get: (path: string) => Promise<Page>
  /** Sends a form with a token. The text is that of the page to which the answer leads. */
  readonly post: (path: string, fields: Fields) => Promise<Page>
  /** Uploads files, by default into the first category and with a token. */
  readonly upload: (files: Files, fields?: Readonly<Record<string, string>>) => Promise<Page>
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
  const browser = await logIn(name)
  /** Sends a form, and goes where the answer leads. */
  const send = async (path: string, form: Fields | FormData): Promise<Page> => {
    const answer = await browser.ask('POST', path, form)
    if (answer.status !== 303) return answer
    const { pathname, search } = new URL(answer.location, pages + path)
    return { ...answer, text: (await browser.get(pathname + search)).text }
  }
  const token = () => browser.token('/')
  return {
    get: browser.get,
    token,
    post: async (path, fields) => send(path, [['token', await token()], ...fields]),
    upload: async (uploaded, fields = {}) => {
      const form = new FormData()
      const all = { token: fields['token'] ?? (await token()), to: '0', ...fields }
      for (const [name, value] of Object.entries(all)) form.append(name, value)
      for (const [file, content] of Object.entries(uploaded))
        form.append('files', new Blob([Buffer.from(content)]), file)
      return send('/upload', form)
    },
  }
}

/** The values of a page's hidden and text fields, except tokens. */
export function fieldsOf({ text }: Pick<Page, 'text'>): [string, string][] {
  const inputs = text.matchAll(/<input[^>]*?\bname="([^"]+)"\s+value="([^"]*)"/g)
  const areas = text.matchAll(/<textarea[^>]*?\bname="(\w+)"[^>]*>\n([^<]*)<\/textarea/g)
  return [...inputs, ...areas]
    .map(([, name = '', value = '']): [string, string] => [name, value])
    .filter(([name]) => name !== 'token')
}
