import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { after, type TestContext } from 'node:test'
import { findPeer } from './peers.js'

// How to look at a page with Chromium, in a test file of its own:
//
//   test('…', unlessBrowser, async (t) => {
//     const { address } = await serveMirror(t, …)
//     const tab = await openTab(t, { colorScheme: 'dark' })
//     await tab.open(`${address}/`)
//     assert.deepEqual(await tab.violations(), [])
//     assert.deepEqual(tab.faults, [])
//     assert.equal(await tab.page.locator('h1').textContent(), '…')
//   })
//
// `tab.page` is a page of playwright-core: its locators and waitFor… methods await what a test
// needs.

const require = createRequire(import.meta.url)

/** For tests that need a browser. */
export const unlessBrowser = { skip: whyNoBrowser() }

function whyNoBrowser(): string | false {
  if (findPeer('chromium') === null) return 'chromium is not installed'
  return ['playwright-core', 'axe-core'].every(isInstalled) ? false : 'npm ci has not been run'
}

function isInstalled(name: string): boolean {
  try {
    return require.resolve(name) !== ''
  } catch {
    return false
  }
}

/** The part of playwright-core that tests use; it is loaded only if there is a browser. */
interface Locator {
  readonly click: () => Promise<void>
  readonly count: () => Promise<number>
  readonly fill: (text: string) => Promise<void>
  readonly setInputFiles: (paths: readonly string[]) => Promise<void>
  readonly setChecked: (isChecked: boolean) => Promise<void>
  readonly selectOption: (value: string) => Promise<unknown>
  readonly focus: () => Promise<void>
  readonly getAttribute: (name: string) => Promise<string | null>
  readonly innerText: () => Promise<string>
  readonly allInnerTexts: () => Promise<string[]>
  readonly inputValue: () => Promise<string>
  readonly isVisible: () => Promise<boolean>
  readonly press: (key: string) => Promise<void>
  readonly pressSequentially: (text: string) => Promise<void>
  readonly textContent: () => Promise<string | null>
  readonly waitFor: (options?: { state: 'visible' | 'hidden' }) => Promise<void>
  readonly first: () => Locator
  readonly nth: (index: number) => Locator
}

/** The same of its pages. */
interface Page {
  readonly addInitScript: (script: string) => Promise<unknown>
  readonly goto: (url: string) => Promise<{ status: () => number } | null>
  readonly reload: () => Promise<unknown>
  readonly goBack: () => Promise<{ status: () => number } | null>
  readonly url: () => string
  readonly title: () => Promise<string>
  readonly content: () => Promise<string>
  readonly locator: (selector: string) => Locator
  readonly getByText: (text: string) => Locator
  readonly getByRole: (
    role: string,
    options?: { name: string | RegExp; exact?: boolean },
  ) => Locator
  readonly keyboard: { readonly press: (key: string) => Promise<void> }
  readonly waitForURL: (url: string | RegExp) => Promise<void>
  readonly waitForLoadState: () => Promise<void>
  readonly waitForEvent: (
    event: 'download',
  ) => Promise<{ path: () => Promise<string>; suggestedFilename: () => string }>
  /** Runs JavaScript in the page, whatever its policy; the result is what JSON can hold. */
  readonly evaluate: (script: string) => Promise<unknown>
  readonly screenshot: (options: { path: string; fullPage?: boolean }) => Promise<unknown>
  readonly emulateMedia: (options: { media: 'print' }) => Promise<void>
  readonly setDefaultTimeout: (milliseconds: number) => void
  readonly on: (event: string, act: (subject: never) => void) => void
}

interface ConsoleMessage {
  readonly type: () => string
  readonly text: () => string
  readonly location: () => { url: string }
}

interface Context {
  readonly newPage: () => Promise<Page>
  readonly close: () => Promise<void>
  readonly newCDPSession: (page: Page) => Promise<{
    readonly send: (method: string, fields: object) => Promise<unknown>
  }>
}

interface Browser {
  readonly newContext: (options: object) => Promise<Context>
  readonly close: () => Promise<void>
}

interface Playwright {
  readonly chromium: { readonly launch: (options: object) => Promise<Browser> }
}

let browser: Promise<Browser> | null = null

after(async () => (await browser)?.close())

/** The tests of a file share one browser, which a slow machine may take long to start. */
function sharedBrowser(): Promise<Browser> {
  const { chromium } = require('playwright-core') as Playwright
  return (browser ??= chromium.launch({
    executablePath: findPeer('chromium') ?? '',
    // Without multicast, pages would not find each other's names of WebRTC
    args: [
      ...['--no-sandbox', '--disable-gpu', '--disable-quic'],
      '--disable-features=WebRtcHideLocalIpsWithMdns',
    ],
    timeout: 0,
  }))
}

export interface TabOptions {
  readonly colorScheme?: 'light' | 'dark'
  readonly width?: number
  readonly height?: number
  /** Whether scripts of pages are run, as usual. */
  readonly javaScript?: boolean
  /** The size of letters that its reader chose, in CSS pixels (default: 16). */
  readonly fontSize?: number
  /** Whether pages look as on paper. */
  readonly isPrinted?: boolean
  /** An address to open at once. */
  readonly at?: string
}

/** A tab of a browser without any history, which is closed when the test ends. */
export interface Tab {
  readonly page: Page
  /** Opens an address, and returns the status of the answer. */
  readonly open: (url: string) => Promise<number>
  /** Errors that the page logged, such as violations of its policy, and requests to other sites. */
  readonly faults: readonly string[]
  /** Faults that axe-core finds for people who cannot see the page or use no mouse. */
  readonly violations: () => Promise<string[]>
}

/** Makes sure that all people can use a page, and that it is no wider than the window. */
export async function checkPage(tab: Tab, what: string): Promise<void> {
  assert.deepEqual(await tab.violations(), [], what)
  assert.deepEqual(tab.faults, [], what)
  const script = 'document.documentElement.scrollWidth <= window.innerWidth'
  assert.equal(await tab.page.evaluate(script), true, `${what} is as wide as the window`)
}

export async function openTab(t: TestContext, options: TabOptions = {}): Promise<Tab> {
  const { colorScheme = 'light', width = 1024, height = 768, javaScript = true } = options
  const context = await (
    await sharedBrowser()
  ).newContext({ colorScheme, viewport: { width, height }, javaScriptEnabled: javaScript })
  t.after(() => context.close())
  const page = await context.newPage()
  page.setDefaultTimeout(0)
  if (options.fontSize !== undefined) {
    const session = await context.newCDPSession(page)
    await session.send('Page.setFontSizes', { fontSizes: { standard: options.fontSize } })
  }
  if (options.isPrinted === true) await page.emulateMedia({ media: 'print' })
  const faults: string[] = []
  let origin = ''
  page.on('request', (request: { url: () => string }) => {
    if (new URL(request.url()).origin !== origin) faults.push(`asked for ${request.url()}`)
  })
  page.on('console', (message: ConsoleMessage) => {
    // Browsers ask for an icon on their own; there need not be one
    if (message.type() !== 'error' || message.location().url.endsWith('/favicon.ico')) return
    faults.push(message.text())
  })
  page.on('pageerror', (error: Error) => faults.push(error.message))
  page.on('dialog', (dialog: { message: () => string; dismiss: () => Promise<void> }) => {
    faults.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  const open = async (url: string) => {
    origin = new URL(url).origin
    return (await page.goto(url))?.status() ?? 0
  }
  if (options.at !== undefined) await open(options.at)
  return { page, open, faults, violations: () => findViolations(page) }
}

interface Violation {
  readonly id: string
  readonly help: string
  readonly nodes: readonly { readonly html: string }[]
}

async function findViolations(page: Page): Promise<string[]> {
  const axe = require('axe-core') as { readonly source: string }
  await page.evaluate(axe.source)
  const found = (await page.evaluate(
    // Rules of WCAG 2.2 AA that axe leaves out by default
    `axe.run({ rules: { 'target-size': { enabled: true } } }).then((all) => all.violations)`,
  )) as Violation[]
  const covered = (await page.evaluate(COVERED)) as string[]
  return found
    .map(({ id, help, nodes }) => {
      return `${id}: ${help}: ${nodes.map(({ html }) => html.slice(0, 200)).join(' and ')}`
    })
    .concat(covered.map((html) => `covered while it has the focus: ${html}`))
}

/** Finds what lies under something else when somebody comes to it with the keyboard. */
const COVERED = `(() => {
  const found = []
  const all = [...document.querySelectorAll('a[href], button, input, select, textarea, summary')]
  for (const each of all.filter((e) => e.checkVisibility({ visibilityProperty: true }) && !e.disabled && e.tabIndex >= 0)) {
    each.focus()
    const { left, top, width, height } = each.getClientRects()[0] ?? new DOMRect()
    const over = document.elementFromPoint(left + width / 2, top + height / 2)
    const isSeen = over && (each.contains(over) || over.contains(each) || over.closest('label'))
    if (document.activeElement === each && !isSeen) found.push(each.outerHTML.slice(0, 200))
  }
  // The next Tab begins at the top again
  document.body.tabIndex = -1
  document.body.focus()
  document.body.removeAttribute('tabindex')
  scrollTo(0, 0)
  return found
})()`
