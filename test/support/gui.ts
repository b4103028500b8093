import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type GuiOptions, openGui } from '../../src/pages/gui/open-gui.js'
import { keepThread } from './kept-thread.js'
import { makeScratch, type Files } from './scratch.js'
import { ask, followJob, type Page } from './visitor.js'

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
  keepThread(t)
  const gui = await openGui({
    directory: root,
    places: [root],
    presets: [],
    cacheDirectory: null,
    stateDirectory: join(root, '.state'),
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
    const answer = await ask(url.href, { method: 'POST', form: fields })
    return answer.status === 303 ? followJob({ get }, new URL(answer.location, url).href) : answer
  }
  const { file, ended } = gui
  // The first address was used
  return { root, address: new URL(pages).origin, file, ended, pages, get, send }
}
