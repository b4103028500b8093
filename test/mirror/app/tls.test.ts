import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { connect as connectPlain } from 'node:net'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import {
  certificateFiles,
  plantCertificate,
  tlsArgs,
  unlessOpenssl,
} from '../../support/certificates.js'
import { decodeTorrent } from '../../support/decode-torrent.js'
import { runProgram } from '../../support/programs.js'
import { runBtkit } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'
import { hurryTls } from '../../support/quick-times.js'
import { startTrack } from '../../support/track.js'
import { serveMirror, type ServedMirror } from '../../support/serve.js'
import { ask } from '../ask.js'
import { rawRequest, requestText } from '../hostile/raw.js'
import { until } from '../../support/until.js'

const TORRENT = '/yum/torrent_service/single/yum/good.rpm'

/** A mirror over TLS, with its certificate and key. */
async function serveSecure(t: TestContext, args: readonly string[] = []) {
  const directory = makeScratch(t)
  const cert = plantCertificate(directory, 'first')
  const files = { 'yum/good.rpm': 'good' }
  const served = await serveMirror(t, { files, args: [...tlsArgs(directory), ...args] })
  return { ...served, directory, cert }
}

/** A tracker over TLS, with its certificate and key. */
async function trackSecure(t: TestContext) {
  const directory = makeScratch(t)
  const cert = plantCertificate(directory, 'first')
  return { ...(await startTrack(t, { args: tlsArgs(directory) })), directory, cert }
}

/** The answer that an agent gets, and the certificate that it saw. */
function askSecurely(agent: Agent, { address }: Pick<ServedMirror, 'address'>, path: string) {
  return new Promise<{ status: number | undefined; body: Buffer; name: string }>(
    (resolve, reject) => {
      const asked = request(`${address}${path}`, { agent }, (answer) => {
        const name = (answer.socket as Partial<TLSSocket>).getPeerCertificate?.().subject
          .CN as string
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('end', () => {
          resolve({ status: answer.statusCode, body: Buffer.concat(chunks), name })
        })
      })
      asked.on('error', reject).end()
    },
  )
}

function agentFor(t: TestContext, ca: string): Agent {
  const agent = new Agent({ ca, keepAlive: true, maxSockets: 1 })
  t.after(() => {
    agent.destroy()
  })
  return agent
}

function testTls(title: string, act: (t: TestContext) => Promise<void>): void {
  void test(title, unlessOpenssl, act)
}

testTls('over TLS, torrents and messages contain https', async (t) => {
  const served = await serveSecure(t)
  assert.match(served.address, /^https:\/\/127\.0\.0\.1:\d+$/)
  assert.match(served.stdout.text, /^try: +curl -fOJ 'https:/m)
  // The second answer comes from memory
  for (let time = 0; time < 2; time++) {
    const { status, body } = await askSecurely(agentFor(t, served.cert), served, TORRENT)
    assert.equal(status, 200)
    assert.deepEqual(decodeTorrent(new Uint8Array(body))['url-list'], [`${served.address}/yum/`])
  }
})

testTls('curl downloads over TLS with HTTP/1.1', async (t) => {
  const { address, directory } = await serveSecure(t)
  const [cert] = certificateFiles(directory)
  const told = '%{http_version} %{ssl_verify_result}'
  const args = ['-sS', '--http2', '--cacert', cert, '-w', told, `${address}/yum/good.rpm`]
  const { stdout, stderr } = await runProgram('curl', args)
  assert.deepEqual([stdout, stderr], ['good1.1 0', ''])
})

testTls('a Unix socket beside it has plain HTTP, whose torrents contain http', async (t) => {
  const path = join(makeScratch(t), 'socket')
  const served = await serveSecure(t, ['--host', '127.0.0.1', '--host', path])
  const headers = { Host: served.address.replace('https://', '') }
  const seeds = []
  for (const body of [
    (await askSecurely(agentFor(t, served.cert), served, TORRENT)).body,
    (await ask(path, TORRENT, { headers })).body,
    (await askSecurely(agentFor(t, served.cert), served, TORRENT)).body,
  ]) {
    seeds.push(decodeTorrent(new Uint8Array(body))['url-list'])
  }
  const secure = [`${served.address}/yum/`]
  assert.deepEqual(seeds, [secure, [secure[0]!.replace('https:', 'http:')], secure])
})

testTls('SIGHUP loads the new certificate, and open connections continue', async (t) => {
  const served = await serveSecure(t)
  const open = agentFor(t, served.cert)
  assert.equal((await askSecurely(open, served, '/yum/good.rpm')).name, 'first')
  const second = plantCertificate(served.directory, 'second')
  served.hangUp()
  // Until it is loaded, the old one is used
  // A resumed session shows no certificate
  const renewed = new Agent({ ca: [served.cert, second], maxCachedSessions: 0 })
  await until('the second is loaded', async () => {
    return (await askSecurely(renewed, served, '/yum/good.rpm')).name === 'second'
  })
  const { status, name } = await askSecurely(open, served, '/yum/good.rpm')
  assert.deepEqual([status, name, served.stderr.text.includes('warning')], [200, 'first', false])
})

for (const [what, start] of [
  ['serve', serveSecure],
  ['track', trackSecure],
] as const) {
  testTls(`${what} reads a renewed certificate by itself, and only a pair that fits`, async (t) => {
    hurryTls(t)
    const served = await start(t)
    const files = certificateFiles(served.directory)
    const [, firstKey] = files.map((file) => readFileSync(file, 'utf8'))
    const second = plantCertificate(served.directory, 'second')
    const [cert, key] = files
    const secondKey = readFileSync(key, 'utf8')
    const renewed = new Agent({ ca: [served.cert, second], maxCachedSessions: 0 })
    const name = async () => (await askSecurely(renewed, served, '/-/health')).name
    await until('the second is used', async () => (await name()) === 'second')
    writeFileSync(key, firstKey!)
    const told = `key.pem: is the key of another certificate than ${cert}; the old certificate stays in use`
    await until('it is told', () => served.stderr.text.includes(told))
    assert.equal(await name(), 'second')
    const third = plantCertificate(served.directory, 'third')
    assert.notEqual(readFileSync(key, 'utf8'), secondKey)
    renewed.options.ca = third
    await until('the third is used', async () => (await name().catch(() => '')) === 'third')
    assert.equal(served.stderr.text.split(told).length, 2, served.stderr.text)
  })
}

testTls('the end of a certificate is told two weeks before, once', async (t) => {
  hurryTls(t)
  const directory = makeScratch(t)
  plantCertificate(directory, 'ending', 90)
  let now = Date.now()
  const served = await serveMirror(t, { args: tlsArgs(directory), io: { now: () => now } })
  now += 70 * 86_400_000
  assert.doesNotMatch(served.stderr.text, /certificate/)
  now += 7 * 86_400_000
  const told = /warning: the certificate of CN=ending ends on .*; renew it\n/g
  await until('it is told', () => told.test(served.stderr.text))
  now += 86_400_000
  plantCertificate(directory, 'renewed', 400)
  const agent = new Agent({ rejectUnauthorized: false, maxCachedSessions: 0 })
  const name = async () => (await askSecurely(agent, served, '/-/health')).name
  await until('the new one is used', async () => (await name()) === 'renewed')
  assert.equal(served.stderr.text.match(/ends on/g)?.length, 1, served.stderr.text)
})

testTls('an invalid certificate leaves the old one in use, with one warning', async (t) => {
  const served = await serveSecure(t)
  const [certFile] = certificateFiles(served.directory)
  writeFileSync(certFile, 'nonsense')
  served.hangUp()
  await until('warned', () => served.stderr.text.includes('warning'))
  const { status } = await askSecurely(agentFor(t, served.cert), served, '/yum/good.rpm')
  assert.equal(status, 200)
  const warnings = served.stderr.text.split('\n').filter((line) => line.includes('warning'))
  assert.equal(warnings.length, 1)
  assert.match(
    warnings[0]!,
    /\/[^/]+: holds no certificate in PEM; the old certificate stays in use$/,
  )
})

testTls('a key that all users can read causes a warning', async (t) => {
  const directory = makeScratch(t)
  plantCertificate(directory, 'open')
  const [, key] = certificateFiles(directory)
  chmodSync(key, 0o644)
  const { stderr } = await serveMirror(t, { args: tlsArgs(directory) })
  assert.match(stderr.text, /warning: .*key\.pem: all users can read .*; run chmod 640 on it/)
})

testTls('only ciphers with forward secrecy and authentication are used', async (t) => {
  const served = await serveSecure(t)
  const cipherOf = (options: ConnectionOptions) =>
    new Promise<string>((resolve) => {
      const { port } = served
      const socket = connect({ ...options, host: '127.0.0.1', port, rejectUnauthorized: false })
      socket.once('secureConnect', () => {
        resolve(socket.getCipher().standardName)
        socket.destroy()
      })
      socket.once('error', () => {
        resolve('refused')
      })
    })
  const offers = async () => {
    const old = { maxVersion: 'TLSv1.2' } as const
    const gcm = 'ECDHE-ECDSA-AES128-GCM-SHA256'
    return [
      await cipherOf({}),
      await cipherOf({ ...old, ciphers: gcm }),
      await cipherOf({ ...old, ciphers: 'ECDHE-ECDSA-CHACHA20-POLY1305' }),
      await cipherOf({ ...old, ciphers: 'ECDHE-ECDSA-AES128-SHA256' }),
      await cipherOf({ ...old, ciphers: 'ECDHE-ECDSA-AES256-CCM8@SECLEVEL=0' }),
      await cipherOf({ ...old, ciphers: 'AES128-GCM-SHA256:AES128-SHA' }),
    ]
  }
  const right = [
    ...['TLS_AES_256_GCM_SHA384', 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'],
    ...['TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256', 'refused', 'refused', 'refused'],
  ]
  assert.deepEqual(await offers(), right)
  const second = plantCertificate(served.directory, 'second')
  served.hangUp()
  const renewed = new Agent({ ca: [served.cert, second], maxCachedSessions: 0 })
  const isRenewed = async () => (await askSecurely(renewed, served, '/-/health')).name === 'second'
  await until('the new certificate is used', isRenewed)
  assert.deepEqual(await offers(), right)
})

testTls('an expired certificate causes a warning', async (t) => {
  const directory = makeScratch(t)
  plantCertificate(directory, 'old')
  const now = () => Date.now() + 3 * 86_400_000
  const { stderr } = await serveMirror(t, { args: tlsArgs(directory), io: { now } })
  assert.match(stderr.text, /warning: the certificate of CN=old expired on /)
})

testTls('plain HTTP gets no answer', async (t) => {
  const { port } = await serveSecure(t)
  assert.equal(await rawRequest(port, requestText('GET /yum/good.rpm')), '')
})

testTls('of silent clients some are kept, and none delays the end', async (t) => {
  const { port, stop } = await serveSecure(t)
  let closed = 0
  const silent = Array.from({ length: 280 }, () => {
    return connectPlain(port, '127.0.0.1')
      .on('error', () => undefined)
      .on('close', () => closed++)
      .resume()
  })
  t.after(() => {
    for (const socket of silent) socket.destroy()
  })
  await until('closed', () => closed >= 30)
  assert.equal(closed, 30)
  assert.equal((await stop()).status, 0)
})

for (const [what, args, told] of [
  [
    'a key is missing',
    (files: string[]) => ['--tls-cert', files[0]!],
    /--tls-cert needs --tls-key/,
  ],
  [
    'a file is missing',
    (files: string[]) => ['--tls-cert', `${files[0]!}x`, '--tls-key', files[1]!],
    /cert\.pemx/,
  ],
  [
    'they do not belong together',
    (files: string[]) => ['--tls-cert', files[0]!, '--tls-key', files[3]!],
    /key\.pem: is the key of another certificate than .*cert\.pem/,
  ],
] as const) {
  testTls(`does not start if ${what}`, async (t) => {
    const directories = [makeScratch(t), makeScratch(t)]
    for (const directory of directories) plantCertificate(directory, 'x')
    const tls = args(directories.flatMap(certificateFiles))
    const { status, stdout, stderr } = await runBtkit([
      'serve',
      makeScratch(t),
      '--trackerless',
      ...tls,
    ])
    assert.notEqual(status, 0)
    assert.equal(stdout, '')
    assert.match(stderr, told)
  })
}

testTls('incomplete handshakes do not keep another IPv4 client from its own', async (t) => {
  const { port, cert } = await serveSecure(t, ['--host', '::'])
  let closed = 0
  const idle = Array.from({ length: 260 }, () => {
    const socket = connectPlain({ port, host: '127.0.0.1', localAddress: '127.0.0.2' })
    t.after(() => socket.destroy())
    return socket
      .on('error', () => undefined)
      .on('close', () => closed++)
      .resume()
  })
  await Promise.all(idle.map((socket) => once(socket, 'connect')))
  // Beyond its share
  await until('those are closed', () => closed >= 10)
  assert.equal(closed, 10)
  const address = `https://127.0.0.1:${port}`
  const { status } = await askSecurely(agentFor(t, cert), { address }, '/-/health')
  assert.equal(status, 200)
})

testTls(
  'a client with a hundred incomplete handshakes is served if it completes others',
  async (t) => {
    const { port, cert } = await serveSecure(t, ['--host', '127.0.0.1'])
    const idle = Array.from({ length: 100 }, () => {
      const socket = connectPlain({ port, host: '127.0.0.1' })
      t.after(() => socket.destroy())
      return socket.on('error', () => undefined).resume()
    })
    await Promise.all(idle.map((socket) => once(socket, 'connect')))
    const address = `https://127.0.0.1:${port}`
    for (let n = 0; n < 5; n++) {
      const { status } = await askSecurely(agentFor(t, cert), { address }, '/-/health')
      assert.equal(status, 200)
    }
  },
)

testTls('incomplete handshakes of many clients give way to those that come later', async (t) => {
  const { port, cert } = await serveSecure(t, ['--host', '127.0.0.1'])
  const idle = Array.from({ length: 1001 }, (_, n) => {
    const localAddress = `127.0.1.${1 + (n % 20)}`
    const socket = connectPlain({ port, host: '127.0.0.1', localAddress })
    t.after(() => socket.destroy())
    return socket.on('error', () => undefined).resume()
  })
  await Promise.all(idle.map((socket) => once(socket, 'connect')))
  const address = `https://127.0.0.1:${port}`
  const { status } = await askSecurely(agentFor(t, cert), { address }, '/-/health')
  assert.equal(status, 200)
  await until('one is closed', () => idle.some(({ closed }) => closed))
  // The oldest one, and the next one if the request came last
  const gone = idle.flatMap(({ closed }, n) => (closed ? [n] : []))
  assert.ok(gone.length <= 2 && gone.every((n) => n < 20), `closed: ${gone.join()}`)
})

testTls(
  'handshakes that a client gives up count, so that it cannot begin any number',
  async (t) => {
    const { port, cert } = await serveSecure(t, ['--host', '127.0.0.1'])
    const connectFrom = async (localAddress: string) => {
      const socket = connectPlain({ port, host: '127.0.0.1', localAddress })
      t.after(() => socket.destroy())
      await once(socket.on('error', () => undefined).resume(), 'connect')
      return socket
    }
    for (let n = 0; n < 250; n++) {
      const socket = await connectFrom('127.0.0.2')
      // The beginning of a handshake
      socket.end(Buffer.from('16030102', 'hex'))
      await once(socket, 'close')
    }
    const silent = await connectFrom('127.0.0.3')
    await once(await connectFrom('127.0.0.2'), 'close')
    assert.equal(silent.closed, false)
    const address = `https://127.0.0.1:${port}`
    const { status } = await askSecurely(agentFor(t, cert), { address }, '/-/health')
    assert.equal(status, 200)
  },
)

testTls(
  'does not start if certificate and key are of different kinds, or the key is encrypted',
  async (t) => {
    const directory = makeScratch(t)
    plantCertificate(directory, 'x')
    // The certificate has one for elliptic curves
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const [, keyFile] = certificateFiles(directory)
    const pem = { type: 'pkcs8', format: 'pem' } as const
    const start = () => runBtkit(['serve', makeScratch(t), '--trackerless', ...tlsArgs(directory)])
    writeFileSync(keyFile, privateKey.export({ ...pem, cipher: 'aes-256-cbc', passphrase: 'x' }))
    assert.match((await start()).stderr, /key\.pem: is encrypted; decrypt it: openssl pkey -in /)
    writeFileSync(keyFile, privateKey.export(pem))
    const { status, stderr } = await start()
    assert.notEqual(status, 0)
    assert.match(stderr, /key\.pem: is the key of another certificate than .*cert\.pem\n/)
  },
)
