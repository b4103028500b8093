import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeHashesCheap, PASSWORDS, startAdmin, type TestAdmin } from '../../../support/admin.js'
import { torrentNamed } from '../../../support/collection.js'
import { inputOf, runBtkit } from '../../../support/run-btkit.js'
import type { Visitor } from '../../../support/visitor.js'

const FRESH = 'a password of my own'

/** Presses a button of the page of users; returns the text of the page that follows. */
async function press(admin: Visitor, act: string, fields: Record<string, string>): Promise<string> {
  const { status, text } = await admin.send('/users', { act, ...fields })
  return status === 303 ? (await admin.get('/users')).text : text
}

function passwordIn(page: string): string {
  return /with the password <code>([\w-]{16})<\/code>/.exec(page)?.[1] ?? ''
}

const usersFile = ({ root }: TestAdmin) => readFileSync(join(root, 'users'), 'utf8')

test('an admin adds a user, who chooses a password at the first log-in and then works', async (t) => {
  makeHashesCheap(t)
  const setup = await startAdmin(t)
  const alice = await setup.logIn()
  assert.equal((await alice.send('/users', { act: 'add', name: 'dave' })).status, 303)
  const kept = (await alice.get('/users')).headers['cache-control']
  assert.equal(kept, 'no-store', 'no browser keeps a password')
  const page = await press(alice, 'add', { name: 'carol', role: 'uploader' })
  const password = passwordIn(page)
  assert.match(page, />carol<\/a>[^]*uploader, with a temporary password/)
  assert.equal(passwordIn((await alice.get('/users')).text), '', 'shown once')
  assert.match(
    usersFile(setup),
    /^carol:uploader:scrypt\$65536\$8\$2\$[^:]+:[\da-f]{16}:temporary$/m,
  )
  const carol = setup.visitor()
  assert.equal((await carol.logIn('carol', password)).status, 303)
  for (const path of ['/', '/torrents', '/log?q=x'])
    assert.equal((await carol.get(path)).location.replace('../', ''), 'account', path)
  assert.equal((await carol.send('/upload', {}, '/account')).location, 'account')
  const { text } = await carol.get('/account')
  assert.match(text, /An administrator set this password\. Choose one/)
  assert.doesNotMatch(text, /href="torrents"/)
  const change = { current: password, fresh: FRESH, again: FRESH }
  assert.equal((await carol.send('/account', change)).location, 'account')
  assert.match((await carol.get('/torrents')).text, /<h1>Torrents</)
  assert.match(usersFile(setup), /^carol:uploader:scrypt[^:]+:[\da-f]{16}$/m)
  assert.equal((await setup.visitor().logIn('carol', password)).status, 403)
  assert.equal((await setup.visitor().logIn('carol', FRESH)).status, 303)
})

test('a reset ends the sessions and the password of a user, and a removal ends the user', async (t) => {
  makeHashesCheap(t)
  const setup = await startAdmin(t)
  const [alice, bob] = [await setup.logIn(), await setup.logIn('bob')]
  const password = passwordIn(await press(alice, 'reset', { name: 'bob' }))
  assert.equal((await bob.get('/')).location, 'login')
  assert.equal((await bob.logIn('bob', PASSWORDS['bob']!)).status, 403)
  assert.equal((await bob.logIn('bob', password)).status, 303)
  assert.match(usersFile(setup), /^bob:uploader:.*:temporary$/m)
  const page = (await alice.get('/user?name=bob')).text
  assert.match(page, /<summary>Remove bob…<\/summary>[^]*value="remove"[^]*<\/details>/)
  assert.match(await press(alice, 'remove', { name: 'bob' }), /bob was removed\./)
  assert.equal((await bob.get('/account')).location, 'login?to=account')
  assert.equal((await bob.logIn('bob', password)).status, 403)
  assert.doesNotMatch(usersFile(setup), /^bob/m)
  const log = readFileSync(join(setup.root, 'state/admin.log'), 'utf8')
  const acts = [...log.matchAll(/"user":"alice".*"action":"([^"]*)","target":"(bob)"/g)]
  assert.deepEqual(
    acts.map(([, action]) => action),
    ['reset the password', 'remove user'],
  )
  assert.equal(log.includes(password), false)
  assert.match((await alice.get('/log')).text, /removed the user/)
})

/** The addresses of the torrents that a user may change. */
async function owned(browser: Visitor): Promise<(string | undefined)[]> {
  const { text } = await browser.get('/torrents')
  return [...text.matchAll(/name="torrent"\s+value="([^"]+)"/g)].map(([, address]) => address)
}

for (const way of ['pages', 'btkit admin']) {
  test(`a new user by the name of a removed one owns nothing of that one, by ${way}`, async (t) => {
    makeHashesCheap(t)
    const setup = await startAdmin(t)
    const [alice, users] = [await setup.logIn(), join(setup.root, 'users')]
    const admin = (...args: string[]) =>
      runBtkit(['admin', ...args, '--admin-users', users], { stdin: inputOf(`${FRESH}\n`) })
    const renewBob = async () => {
      const bob = setup.visitor()
      if (way === 'pages') {
        await press(alice, 'remove', { name: 'bob' })
        const current = passwordIn(await press(alice, 'add', { name: 'bob', role: 'uploader' }))
        await bob.logIn('bob', current)
        await bob.send('/account', { current, fresh: FRESH, again: FRESH })
        return bob
      }
      await admin('remove', 'bob')
      await admin('passwd', 'bob', '--role', 'uploader')
      await bob.logIn('bob', FRESH)
      return bob
    }
    let bob = await setup.logIn('bob')
    // The line of the first one has no id
    for (const film of ['first', 'second']) {
      await bob.upload({ [`${film}.torrent`]: torrentNamed(film) })
      assert.deepEqual(await owned(bob), [`0/${film}.torrent`])
      bob = await renewBob()
      assert.deepEqual(await owned(bob), [])
      const { text } = await bob.post('/torrents', { act: 'delete', torrent: `0/${film}.torrent` })
      assert.match(text, /bob may not do this/)
    }
    await bob.upload({ 'third.torrent': torrentNamed('third') })
    await admin('passwd', 'bob')
    const again = setup.visitor()
    await again.logIn('bob', FRESH)
    assert.deepEqual(await owned(again), ['0/third.torrent'], 'with another password')
    assert.match((await again.get('/torrents')).text, /by bob[^:]/)
  })
}

test('nobody else manages users, and nobody the own account; mistakes change nothing', async (t) => {
  makeHashesCheap(t)
  const setup = await startAdmin(t)
  const [alice, bob] = [await setup.logIn(), await setup.logIn('bob')]
  const before = usersFile(setup)
  assert.equal((await bob.get('/users')).status, 403)
  const sent = { act: 'add', name: 'mallory', role: 'admin' }
  assert.equal((await bob.send('/users', sent, '/account')).status, 403)
  assert.doesNotMatch((await bob.get('/')).text, /href="users"/)
  for (const [act, name, why] of [
    ['remove', 'alice', /This is your own account/],
    ['reset', 'alice', /This is your own account/],
    ['add', 'bob', /bob: already exists/],
    ['add', 'a:b', /Not a name; use up to 32 letters/],
    ['add', '', /Not a name/],
    ['remove', 'nobody', /nobody: was removed before/],
    ['other', 'bob', /Unknown action/],
  ] as const)
    assert.match(await press(alice, act, { name }), why)
  assert.equal(usersFile(setup), before)
})
