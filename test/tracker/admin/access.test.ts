import assert from 'node:assert/strict'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  makeHashesCheap,
  PASSWORDS,
  startAdmin,
  userLine,
  startForms,
} from '../../support/admin.js'
import { assertShows, Visitor } from '../../support/visitor.js'
import { plantCertificate, tlsArgs, unlessOpenssl } from '../../support/certificates.js'
import { filesBelow, torrentNamed } from '../../support/collection.js'
import { assertError, runBtkit } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'
import { longTest } from '../../support/long.js'

test('without --admin-users there is no administration', async () => {
  const refused = await runBtkit(['track', '--open', '--admin-listen', '127.0.0.1:0'])
  assertError(refused, 'usage', '--admin-listen needs --admin-users')
})

longTest('all pages lead to the log-in, and the password opens them', async (t) => {
  const { visitor } = await startAdmin(t)
  const browser = visitor()
  for (const [path, login] of [
    ['/', 'login'],
    ['/log', 'login?to=log'],
  ] as const) {
    const { status, location, text } = await browser.get(path)
    assert.deepEqual([status, location], [303, login], path)
    assert.match(text, /^the page has moved; [^\n]*\n$/)
  }
  assert.equal((await browser.logIn('alice', PASSWORDS['alice']!)).location, './')
  assert.match((await browser.get('/')).text, /<h1>Tracker<\/h1>/)
  assert.equal((await browser.get('/login')).status, 303)
})

test('an unknown address is a page that leads back, without a cookie before the log-in', async (t) => {
  const { visitor, logIn } = await startAdmin(t)
  for (const [browser, way] of [
    [visitor(), 'href="../login"'],
    [await logIn(), 'href=".././"'],
  ] as const) {
    const before = browser.cookie
    const { status, text } = await browser.get('/no/such')
    assert.equal(status, 404)
    assert.match(text, /<main[^]*There is no such page/)
    assertShows(text, way)
    assert.equal(browser.cookie, before)
  }
})

longTest('wrong names and passwords get the same answer', async (t) => {
  const { visitor } = await startAdmin(t)
  const answers = []
  for (const [name, password] of [
    ['alice', 'wrong horse battery'],
    ['alice', ''],
    ['alice', ` ${PASSWORDS['alice']!}`],
    ['nobody', PASSWORDS['alice']!],
    ['__proto__', 'x'],
    ['alice\0', PASSWORDS['alice']!],
  ] as const) {
    const { status, text } = await visitor().logIn(name, password)
    answers.push([status, /role="alert">([^<]+)/.exec(text)?.[1]])
  }
  assert.deepEqual(
    answers,
    Array.from({ length: 6 }, () => [403, 'The name or the password is wrong.']),
  )
})

longTest(
  'an address has ten attempts, and a name sixty from addresses that it never used',
  async (t) => {
    const clock = { now: 1 }
    const proxy = ['--trust-proxy', '127.0.0.1']
    const { visitor } = await startAdmin(t, { args: proxy, io: { monotonic: () => clock.now } })
    const attempt = async (address: string, password: string) => {
      const browser = visitor()
      browser.headers = { 'X-Forwarded-For': address }
      return (await browser.logIn('alice', password)).status
    }
    for (let at = 0; at < 10; at++) assert.equal(await attempt('198.51.100.1', 'guess'), 403)
    assert.equal(await attempt('198.51.100.3', ''), 403)
    assert.equal(await attempt('198.51.100.1', PASSWORDS['alice']!), 429)
    assert.equal(await attempt('198.51.100.2', PASSWORDS['alice']!), 303)
    for (let at = 0; at < 50; at++) assert.equal(await attempt(`203.0.113.${at}`, 'guess'), 403)
    assert.equal(await attempt('203.0.113.99', PASSWORDS['alice']!), 429)
    assert.equal(await attempt('198.51.100.2', PASSWORDS['alice']!), 303)
    clock.now += 16 * 60_000
    assert.equal(await attempt('198.51.100.1', PASSWORDS['alice']!), 303)
  },
)

test('a log-in that succeeds is no attempt', async (t) => {
  const { visitor } = await startAdmin(t, { args: ['--trust-proxy', '127.0.0.1'] })
  for (let at = 0; at < 12; at++) {
    const browser = visitor()
    browser.headers = { 'X-Forwarded-For': '198.51.100.1' }
    assert.equal((await browser.logIn('alice', PASSWORDS['alice']!)).status, 303)
  }
})

test('a stranger at an address that many share locks out one name, and for the time that is said', async (t) => {
  const clock = { now: 1 }
  const { visitor } = await startAdmin(t, { io: { monotonic: () => clock.now } })
  const attempt = (name: string, password: string) => visitor().logIn(name, password)
  for (let at = 0; at < 10; at++) assert.equal((await attempt('alice', 'guess')).status, 403)
  clock.now += 90_000
  const { status, text } = await attempt('alice', PASSWORDS['alice']!)
  assert.equal(status, 429)
  assert.match(text, /Too many attempts\. Try again in 4 minutes\./)
  assert.equal((await attempt('bob', PASSWORDS['bob']!)).status, 303)
  clock.now += 4 * 60_000
  assert.equal((await attempt('alice', PASSWORDS['alice']!)).status, 303)
})

test('a log-in gives a new id: one that was planted before is worth nothing', async (t) => {
  const { visitor } = await startAdmin(t)
  const victim = visitor()
  await victim.get('/login')
  const planted = victim.cookie
  await victim.logIn('alice', PASSWORDS['alice']!)
  assert.notEqual(victim.cookie, planted)
  const attacker = visitor()
  attacker.cookie = planted
  assert.equal((await attacker.get('/')).location, 'login')
})

test('ids that this program did not sign are refused', async (t) => {
  const { logIn, visitor } = await startAdmin(t)
  const { cookie } = await logIn()
  const thief = visitor()
  for (const forged of [cookie.replace(/\.[^.]*$/, ''), `${cookie}x`, 'btkit-admin=a.b']) {
    thief.cookie = forged
    assert.equal((await thief.get('/')).location, 'login')
  }
  thief.cookie = cookie
  assert.equal((await thief.get('/')).status, 200)
})

test('a session ends at the log-out, and a copy of its cookie with it', async (t) => {
  const { logIn, visitor } = await startAdmin(t)
  const browser = await logIn()
  const thief = visitor()
  thief.cookie = browser.cookie
  const { location, headers } = await browser.send('/logout', {}, '/')
  assert.deepEqual([location, headers['clear-site-data']], ['login', '"cache"'])
  assert.equal((await thief.get('/')).location, 'login')
})

test('a session ends after half an hour without a request, and after twelve hours', async (t) => {
  const clock = { now: 1 }
  const { logIn } = await startAdmin(t, { io: { monotonic: () => clock.now } })
  const minute = 60_000
  const browser = await logIn()
  for (const [minutes, status] of [
    [29, 200],
    [29, 200],
    [31, 303],
  ] as const) {
    clock.now += minutes * minute
    assert.equal((await browser.get('/')).status, status)
  }
  const busy = await logIn()
  for (let at = 0; at < 24; at++) {
    clock.now += 29 * minute
    assert.equal((await busy.get('/')).status, 200)
  }
  clock.now += 29 * minute
  assert.equal((await busy.get('/')).status, 303)
})

test('after the end of a session, a log-in leads on to the page and its form, and nowhere else', async (t) => {
  const { logIn } = await startAdmin(t)
  const browser = await logIn()
  const token = await browser.token('/categories')
  await browser.send('/logout', {}, '/')
  const fields = { token, act: 'create', name: 'new & old' }
  const { location } = await browser.ask('POST', '/categories', fields)
  assert.match(location, /^login\?to=categories/)
  browser.cookie = 'btkit-admin=gone'
  const { text } = await browser.get(`/${location}`)
  assert.match(text, /Your session has ended/)
  const password = PASSWORDS['alice']!
  const entered = await browser.send('/login', { name: 'alice', password, to: 'log?user=a%26b' })
  assert.equal(entered.location, './log?user=a%26b')
  for (const to of ['//evil.example', 'https://evil.example', '/x', '../x', 'a\\b']) {
    const other = await startVisit(browser, password, to)
    assert.equal(other, './', to)
  }
})

test('after the end of a session, the address of the log-in has no password of a form', async (t) => {
  const { logIn } = await startAdmin(t)
  const browser = await logIn()
  const token = await browser.token('/account')
  await browser.send('/logout', {}, '/')
  const fields = { token, current: 'secret-old-1', fresh: 'secret-new-1', again: 'secret-new-1' }
  const { location } = await browser.ask('POST', '/account', fields)
  assert.equal(location, 'login?to=account&lost=form')
})

test('after the end of a session, the page says that an upload or a form was not accepted', async (t) => {
  const admin = await startForms(t)
  const { root, visitor, logIn } = admin
  const bob = await logIn('bob')
  const token = await bob.token()
  await bob.post('/logout', [])
  for (const [sent, page, told] of [
    [
      () => bob.upload({ 'a.torrent': torrentNamed('a') }, { token }),
      './upload',
      'uploaded; choose the files',
    ],
    [
      () => bob.post('/categories', [['name', 'new']]),
      './categories?name=new',
      'changed; send the form',
    ],
    [() => bob.get('/upload'), './upload', ''],
  ] as const) {
    const { location } = await sent()
    const browser = visitor()
    const { text } = await browser.get(`/${location}`)
    const [to = '', lost = ''] = ['to', 'lost'].map(
      (name) => new RegExp(`name="${name}" value="([^"]*)"`).exec(text)?.[1],
    )
    const password = PASSWORDS['bob']!
    const entered = await browser.send('/login', { name: 'bob', password, to, lost })
    assert.equal(entered.location, page)
    const shown = (await browser.get(page.slice(1))).text
    assert.equal(/Nothing was (.*) again\./.exec(shown)?.[1] ?? '', told)
    assert.doesNotMatch((await browser.get(page.slice(1))).text, /Nothing was/)
  }
  assert.deepEqual(filesBelow(join(root, 'torrents')), [])
})

async function startVisit(browser: Visitor, password: string, to: string): Promise<string> {
  await browser.send('/logout', {}, '/')
  return (await browser.send('/login', { name: 'alice', password, to })).location
}

test('a changed password, role or file of users ends sessions at once', async (t) => {
  const { logIn, root, tracker } = await startAdmin(t)
  const users = join(root, 'users')
  const change = (text: string) => {
    writeFileSync(users, text)
  }
  const [alice, bob] = [
    userLine('alice', PASSWORDS['alice']!, 'admin'),
    readFileSync(users, 'utf8'),
  ]
  const first = await logIn()
  change(userLine('alice', 'another password', 'admin'))
  assert.equal((await first.get('/')).status, 303)
  change(alice)
  assert.equal((await first.get('/')).status, 303)
  const second = await logIn()
  change(alice.replace(':admin:', ':uploader:'))
  assert.equal((await second.get('/')).status, 303)
  change(bob)
  const third = await logIn()
  chmodSync(users, 0o644)
  assert.equal((await third.get('/')).status, 303)
  assert.match(tracker.stderr.text, /users: others may read or write it; run chmod 600; nobody/)
})

test('forms without a token, with that of another visitor or of an old session are refused', async (t) => {
  const { logIn, visitor } = await startAdmin(t)
  const [browser, other] = [await logIn(), await logIn('bob')]
  const send = (token: string) => browser.ask('POST', '/logout', { token })
  const anonymous = visitor()
  for (const token of ['', 'a-b-c', await other.token('/'), await anonymous.token('/login')])
    assert.equal((await send(token)).status, 403)
  assert.equal((await browser.get('/')).status, 200)
  const old = await browser.token('/')
  await browser.send('/logout', {}, '/')
  await browser.logIn('alice', PASSWORDS['alice']!)
  const login = { name: 'alice', password: PASSWORDS['alice']!, to: 'log' }
  for (const [page, title] of [
    [await send(old), 'That did not work'],
    [await browser.ask('POST', '/categories', { token: old, name: 'a' }), 'That did not work'],
    [await anonymous.ask('POST', '/login', login), 'Log in'],
  ] as const) {
    assert.equal(page.status, 403)
    assertShows(page.text, `<h1>${title}</h1>`)
    assertShows(page.text, 'form is not from this session')
  }
})

test('a log-in form that was open when the tracker was started again is shown again', async (t) => {
  const { visitor } = await startAdmin(t)
  const browser = visitor()
  const { text } = await browser.ask('POST', '/login', { token: 'old', name: 'alice', to: 'log' })
  for (const field of ['name="to" value="log"', 'value="alice"']) assertShows(text, field)
  const token = /name="token" value="([^"]+)"/.exec(text)?.[1] ?? ''
  const fields = { token, name: 'alice', password: PASSWORDS['alice']!, to: 'log' }
  assert.equal((await browser.ask('POST', '/login', fields)).location, './log')
})

test('requests of other sites and for other names are refused', async (t) => {
  const { logIn, pages } = await startAdmin(t)
  const browser = await logIn()
  const token = await browser.token('/')
  const status = async (headers: Record<string, string>, method = 'POST') => {
    browser.headers = headers
    const path = method === 'GET' ? '/' : '/logout'
    return (await browser.ask(method, path, method === 'GET' ? undefined : { token })).status
  }
  assert.equal(await status({ Host: 'evil.example' }, 'GET'), 403)
  assert.equal(await status({ Host: 'evil.example', Origin: 'http://evil.example' }), 403)
  assert.equal(await status({ Origin: 'http://evil.example' }), 403)
  assert.equal(await status({ Origin: 'null' }), 403)
  assert.equal(await status({ 'Sec-Fetch-Site': 'cross-site' }), 403)
  assert.equal(await status({ 'Sec-Fetch-Site': 'same-site' }), 403)
  assert.equal(await status({ Host: 'localhost:80' }, 'GET'), 200)
  assert.equal(await status({ Origin: pages, 'Sec-Fetch-Site': 'same-origin' }), 303)
})

test('the cookie is HttpOnly and Strict; it is Secure behind a proxy with TLS', async (t) => {
  const { pages } = await startAdmin(t)
  const cookieOf = async (url: string, headers: Record<string, string> = {}) => {
    const browser = new Visitor(url)
    browser.headers = headers
    const { headers: answered } = await browser.get('/login')
    return String(answered['set-cookie']).replace(/^btkit-admin=[^;]+/, '')
  }
  assert.equal(await cookieOf(pages), '; Path=/; HttpOnly; SameSite=Strict')
  const proxied = { 'X-Forwarded-Proto': 'https' }
  assert.equal(await cookieOf(pages, proxied), '; Path=/; HttpOnly; Secure; SameSite=Strict')
})

test(
  'with TLS the pages may be on any address, under any name, and cookies are Secure',
  unlessOpenssl,
  async (t) => {
    const keys = makeScratch(t)
    plantCertificate(keys, 'tracker.example')
    const { pages, visitor } = await startAdmin(t, {
      args: [...tlsArgs(keys), '--admin-listen', '0.0.0.0:0'],
    })
    assert.match(pages, /^https:/)
    const browser = visitor()
    browser.headers = { Host: 'tracker.example' }
    const { headers } = await browser.get('/login')
    assert.match(String(headers['set-cookie']), /; HttpOnly; Secure; SameSite=Strict$/)
    assert.equal(headers['strict-transport-security'], 'max-age=31536000')
    browser.headers = { Host: 'tracker.example', Origin: 'https://evil.example' }
    assert.equal((await browser.logIn('alice', PASSWORDS['alice']!)).status, 403)
    browser.headers = { Host: 'tracker.example', Origin: 'https://tracker.example' }
    assert.equal((await browser.logIn('alice', PASSWORDS['alice']!)).status, 303)
    assert.equal((await browser.get('/')).status, 200)
  },
)

test('no form is shown where a trusted proxy says that the browser uses plain HTTP', async (t) => {
  const plain = { 'X-Forwarded-Proto': 'http', 'X-Forwarded-For': '198.51.100.1' }
  const url = 'https://files.example/admin'
  for (const [args, status, hsts] of [
    [['--trust-proxy', 'unix', '--admin-url', url], 403, 'max-age=31536000'],
    [['--trust-proxy', 'unix'], 403, undefined],
    [['--trust-proxy', 'unix', '--admin-url', 'http://files.example/'], 200, undefined],
    [[], 200, undefined],
  ] as const) {
    const socket = join(makeScratch(t), 'admin.sock')
    await startAdmin(t, { args: [...args, '--admin-listen', socket] })
    const browser = new Visitor(socket)
    browser.headers = plain
    const { status: got, text, headers } = await browser.get('/login')
    assert.deepEqual([got, headers['strict-transport-security']], [status, hsts], args.join(' '))
    assert.equal(/type="password"/.test(text), status === 200)
    if (status === 403) assert.match(text, /in plain text; (open https:\/\/files|use https)/)
    browser.headers = { ...plain, 'X-Forwarded-Proto': 'https' }
    assert.equal((await browser.get('/login')).status, 200)
  }
})

test('works behind a path of a proxy, which passes it on or removes it', async (t) => {
  const url = 'https://files.example/tracker/admin'
  const socket = join(makeScratch(t), 'admin.sock')
  const args = ['--admin-url', url, '--admin-listen', socket]
  const { tracker } = await startAdmin(t, { args })
  assert.match(tracker.stdout.text, new RegExp(`^admin: {4}${url}$`, 'm'))
  for (const prefix of ['', '/tracker/admin']) {
    const browser = new Visitor(socket)
    browser.headers = { Host: 'localhost', Origin: 'https://files.example' }
    const token = await browser.token(`${prefix}/login`)
    const fields = { token, name: 'alice', password: PASSWORDS['alice']! }
    const { headers, location } = await browser.ask('POST', `${prefix}/login`, fields)
    assert.equal(location, './')
    assert.match(String(headers['set-cookie']), /; Path=\/tracker\/admin; HttpOnly; Secure/)
    assert.equal((await browser.get(`${prefix}/`)).status, 200)
    assert.doesNotMatch((await browser.get(`${prefix}/log`)).text, /(?:href|action|src)="\//)
  }
})

test('an address of the network needs TLS or a trusted proxy', async (t) => {
  const users = join(makeScratch(t, { users: '' }), 'users')
  const track = (...args: string[]) =>
    runBtkit(['track', '--open', '--admin-users', users, ...args])
  for (const address of ['0.0.0.0:0', '[::]:0', '192.0.2.1:80', 'tracker.example'])
    assert.match((await track('--admin-listen', address)).stderr, /in plain text; set --tls-cert/)
  for (const address of ['', ':', 'a:b', '1.2.3.4:99999', 'a b'])
    assert.equal((await track('--admin-listen', address)).status, 2, address)
})

test('no password and no hash is written anywhere', async (t) => {
  const { logIn, visitor, root, tracker } = await startAdmin(t, {
    args: ['--log', 'text', '--log-file', '-'],
  })
  await logIn()
  await visitor().logIn('alice', 'a secret that is wrong')
  const all = [
    tracker.stdout.text,
    tracker.stderr.text,
    readFileSync(join(root, 'state/admin.log')),
  ]
  assert.doesNotMatch(all.join(), /correct horse|a secret|scrypt/)
})

test('each failed log-in is recorded with its address, but without a name that nobody has', async (t) => {
  makeHashesCheap(t)
  const { visitor, root } = await startAdmin(t, { args: ['--trust-proxy', '127.0.0.1'] })
  const names = ['alice', 'perhaps a password', 'admin']
  for (const [at, name] of names.entries()) {
    const browser = visitor()
    browser.headers = { 'X-Forwarded-For': `198.51.100.${at}` }
    assert.equal((await browser.logIn(name, 'guess')).status, 403)
  }
  const lines = readFileSync(join(root, 'state/admin.log'), 'utf8').trim().split('\n')
  const entries = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  assert.deepEqual(
    entries.map(({ user, address, action }) => [user, address, action]),
    names.map((_, at) => [at === 0 ? 'alice' : '', `198.51.100.${at}`, 'fail to log in']),
  )
  // As fail2ban finds them
  for (const line of lines) assert.match(line, /"address":"[0-9.]+","action":"fail to log in"/)
})

test('the pages have the name of the site', async (t) => {
  const { visitor, logIn } = await startAdmin(t, { args: ['--site-name', 'Example <Site>'] })
  const alice = await logIn()
  for (const page of [
    await visitor().get('/login'),
    await visitor().get('/-'),
    await alice.get('/'),
  ])
    assert.match(page.text, /Example &lt;Site&gt; admin\s*<\/a>/)
})

test('a user changes the own password, which ends other sessions', async (t) => {
  makeHashesCheap(t)
  const { visitor, root } = await startForms(t)
  const [bob, elsewhere] = [visitor(), visitor()]
  for (const browser of [bob, elsewhere]) await browser.logIn('bob', PASSWORDS['bob']!)
  const [current, fresh] = [PASSWORDS['bob']!, 'another long password']
  const change = (fields: Record<string, string>) => bob.send('/account', fields)
  for (const [fields, why] of [
    [{ current: 'wrong', fresh, again: fresh }, /The current password is wrong/],
    [{ current, fresh, again: `${fresh}!` }, /The new passwords differ/],
    [{ current, fresh: 'short', again: 'short' }, /too short/],
    [{ current, fresh: current, again: current }, /This is the current password/],
  ] as const) {
    const { text } = await change(fields)
    assert.match(text, why)
  }
  assert.equal((await change({ current, fresh, again: fresh })).location, 'account')
  assert.match((await bob.get('/account')).text, /Your password is changed/)
  assert.equal((await elsewhere.get('/')).location, 'login')
  assert.equal((await visitor().logIn('bob', current)).status, 403)
  assert.equal((await visitor().logIn('bob', fresh)).status, 303)
  assert.doesNotMatch((await bob.get('/account')).text, /<h2>Users/)
  const alice = visitor()
  await alice.logIn('alice', PASSWORDS['alice']!)
  assert.match((await alice.get('/users')).text, />alice<\/a>[^]*>bob<\/a>[^]*uploader/)
  assert.match((await alice.get('/log')).text, /changed the password/)
  assert.match(readFileSync(join(root, 'users'), 'utf8'), /^bob:uploader:scrypt\$65536\$8\$2\$/m)
})
