// The attacks of strangers on a mirror. Each lasts as long as the siege.
import { createHash, randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { getText, postText, send } from './client.js'
import { HUGE, MOUNT, PACKAGES } from './mirror.js'

const SINGLE = `${MOUNT}/single`
const FOLDER = '/yum/7/Packages'
const PACKAGE_PATHS = PACKAGES.map((name) => `${FOLDER}/${name}`)

/** Addresses that attackers come from; the honest client has another. */
const ADDRESSES = Array.from({ length: 8 }, (_, i) => `127.0.0.${2 + i}`)

/** The attacker that needs a mirror of very many names. */
export const SEARCHES = 18

/** What must hold under so many attackers: milliseconds, MiB, MB on disk, and seconds. */
export function goalsOf(count) {
  return { latency: count > 1 ? 1000 : 300, fresh: 3000, memory: 400, growth: 20, stop: 10 }
}

/** A siege of a port until a moment on this process's clock, in milliseconds. */
export class Siege {
  /** The port of the tracker; NaN if there is none. */
  trackerPort
  /** How many answers there were of each status. */
  answers = {}
  /** Milliseconds of each request whose time counts. */
  took = []

  constructor(port, end, trackerPort) {
    this.port = port
    this.end = end
    this.trackerPort = trackerPort
  }

  /**
   * Repeats an act in some lanes at once, with a pause in milliseconds after each, until the end.
   */
  async repeat({ lanes, pause, limit = 1_000_000 }, act) {
    let count = 0
    const run = async () => {
      while (performance.now() < this.end && count < limit) {
        const status = await act(count++)
        this.answers[status] = (this.answers[status] ?? 0) + 1
        if (pause > 0) await setTimeout(pause)
      }
    }
    await Promise.all(Array.from({ length: lanes }, run))
  }

  get(target, turn, options) {
    return this.raw(getText(target), turn, options)
  }

  post(paths, turn, options) {
    const digest = createHash('sha1').update(paths.join('\n')).digest('hex')
    return this.raw(postText(`${MOUNT}/digest/${digest}`, paths), turn, options)
  }

  raw(bytes, turn, options = {}) {
    const left = Math.max(1, this.end - performance.now())
    const leaveAfter = Math.min(left, options.leaveAfter ?? 30_000)
    const from = ADDRESSES[turn % ADDRESSES.length]
    return send(options.port ?? this.port, bytes, { from, ...options, leaveAfter })
  }
}

/**
 * Attackers by their numbers. Each is given a Siege, and resolves when that is over. `onTracker`:
 * the service is a tracker, too.
 */
export const ATTACKERS = {
  1: {
    name: 'long tails behind a wildcard that matches 9,900 names',
    attack: (siege) =>
      siege.repeat({ lanes: 2, pause: 500 }, (turn) => {
        const tail = '/a'.repeat(turn % 2 === 0 ? 500 : 2000)
        return siege.get(`${SINGLE}${FOLDER}/*${tail}`, turn, { leaveAfter: 1000 })
      }),
  },
  2: {
    name: 'patterns whose clients leave at once, and forms of all there is',
    attack: (siege) =>
      Promise.all([
        siege.repeat({ lanes: 50, pause: 500 }, (turn) => {
          const stars = '*'.repeat(1 + (turn % 1000))
          return siege.get(`${SINGLE}${FOLDER}/${stars}`, turn, { leaveAfter: 20 })
        }),
        siege.repeat({ lanes: 30, pause: 200, limit: 1000 }, (turn) =>
          siege.post(rotated(PACKAGE_PATHS, turn), turn, { leaveAfter: 5000 }),
        ),
      ]),
  },
  3: { name: 'large character classes that no name has, and many runs in a row', attack: classes },
  4: {
    name: 'huge cold files, whose hashing takes longer than anybody waits',
    attack: (siege) =>
      siege.repeat({ lanes: 4, pause: 1000 }, (turn) =>
        siege.get(`${SINGLE}/yum/huge/${turn % HUGE}`, turn, { leaveAfter: 1000 }),
      ),
  },
  5: {
    name: 'ever new sets and patterns',
    attack: (siege) =>
      Promise.all([
        siege.repeat({ lanes: 4, pause: 50 }, (turn) => {
          const first = (turn * 37) % (PACKAGES.length - 300)
          const paths = PACKAGE_PATHS.slice(first, first + 300)
          return siege.post(rotated(paths, turn), turn, { leaveAfter: 5000 })
        }),
        siege.repeat({ lanes: 4, pause: 50 }, (turn) =>
          siege.get(newPattern(turn), turn, { leaveAfter: 5000 }),
        ),
      ]),
  },
  6: {
    name: 'the address of a warm torrent with 15 KB of anything behind it',
    attack: (siege) =>
      siege.repeat({ lanes: 20, pause: 10, limit: 60_000 }, (turn) => {
        const query = randomBytes(7500).toString('hex')
        return siege.get(`${SINGLE}${PACKAGE_PATHS[turn % 10]}?${query}`, turn)
      }),
  },
  7: {
    name: 'downloads that stop half-way, refused connections, and long lines for the log',
    attack: (siege) =>
      Promise.all([
        siege.repeat({ lanes: 500, pause: 3000 }, (turn) =>
          siege.get('/yum/warm/image.iso', turn, { leaveAfter: 5000, appetite: 4 * 2 ** 20 }),
        ),
        siege.repeat({ lanes: 200, pause: 500 }, (turn) =>
          siege.raw('no request\r\n\r\n', turn, { appetite: -1 }),
        ),
        siege.repeat({ lanes: 20, pause: 5, limit: 60_000 }, (turn) =>
          siege.get(`/nothing?${randomBytes(7500).toString('hex')}`, turn),
        ),
      ]),
  },
  8: {
    name: 'ever new connections of one address for files',
    attack: (siege) => keepConnecting(siege, 1, (turn) => PACKAGE_PATHS[turn % PACKAGES.length]),
  },
  9: {
    name: 'ever new connections of one address for cold torrents',
    attack: (siege) =>
      keepConnecting(siege, 1, (turn) => {
        return `${SINGLE}${PACKAGE_PATHS.at(-1 - (turn % (PACKAGES.length - 10)))}`
      }),
  },
  10: {
    name: 'ever new connections of four addresses for new patterns',
    attack: (siege) => keepConnecting(siege, 4, newPattern),
  },
  11: {
    name: 'unread torrents of 330 KB, each for a host of its own',
    attack: (siege) => leaveUnread(siege, '/yum/warm/large.iso', (turn) => `m${turn}.`),
  },
  12: {
    name: 'downloads of 40 addresses that stand still',
    attack: (siege) =>
      siege.repeat({ lanes: 2000, pause: 100 }, (turn) => {
        const options = { from: addressOf(turn), appetite: 0, leaveAfter: 60_000 }
        return siege.get('/yum/warm/image.iso', turn, options)
      }),
  },
  13: {
    name: 'pipelined requests of one address for missing files',
    attack: (siege) => {
      const request = getText('/yum/nothing').replace('Connection: close\r\n', '')
      return siege.repeat({ lanes: 300, pause: 0 }, (turn) =>
        siege.raw(request.repeat(19) + getText(`/yum/nothing${turn}`), 0),
      )
    },
  },
  14: { name: 'rounds of a thousand patterns for all files, whose clients leave', attack: rounds },
  15: {
    name: 'forms of all files, each in an order of its own, 150 at once',
    attack: (siege) =>
      siege.repeat({ lanes: 150, pause: 1000 }, (turn) =>
        siege.post(rotated(PACKAGE_PATHS, turn), turn, { leaveAfter: 20_000 }),
      ),
  },
  16: {
    name: 'unread torrents of 1.3 MB, for one host',
    attack: (siege) => leaveUnread(siege, `${FOLDER}/*`, () => 'mirror.'),
  },
  17: {
    name: 'unread torrents of 1.3 MB, each for a host of its own',
    attack: (siege) => leaveUnread(siege, `${FOLDER}/*`, (turn) => `m${turn}.`),
  },
  19: {
    name: 'QR codes of ever new links, of ten addresses with 32 connections each',
    attack: (siege) =>
      keepAsking(siege, { addresses: 10, count: 4 }, () =>
        getText(`/-/qr.svg?magnet:?xt=urn:btih:${randomBytes(575).toString('hex')}`),
      ),
  },
  20: {
    name: 'pipelined requests of 40 addresses with 32 connections each',
    attack: (siege) =>
      keepAsking(siege, { addresses: 40, count: 400 }, () => getText('/yum/cold/0')),
  },
  21: {
    name: 'pipelined requests of one address whose answers nobody reads',
    attack: (siege) =>
      siege.repeat({ lanes: 300, pause: 100 }, (turn) => {
        const request = getText(PACKAGE_PATHS.at(turn % 10)).replace('Connection: close\r\n', '')
        return siege.raw(request.repeat(400), 0, { appetite: 0, leaveAfter: 20_000 })
      }),
  },
  22: {
    name: 'pages of the tracker, for seven addresses with 16 connections each',
    onTracker: true,
    attack: (siege) =>
      siege.repeat({ lanes: 7 * 16, pause: 0 }, (turn) =>
        siege.get('/index.html', turn % 7, { port: siege.trackerPort }),
      ),
  },
  24: {
    name: 'listings, two on each of 32 connections of 40 addresses',
    attack: (siege) => keepAsking(siege, { addresses: 40, count: 2 }, () => getText('/yum/cold/')),
  },
  25: {
    name: 'listings of 9,900 names, of 20 addresses with 8 connections each',
    attack: (siege) =>
      keepAsking(siege, { addresses: 20, connections: 8 }, () => getText(`${FOLDER}/`)),
  },
  26: {
    name: "downloads of the honest client's own address that stand still",
    attack: (siege) =>
      siege.repeat({ lanes: 40, pause: 100 }, (turn) => {
        const options = { from: '127.0.0.1', appetite: 0, leaveAfter: 60_000 }
        return siege.get('/yum/warm/image.iso', turn, options)
      }),
  },
  27: {
    name: 'cold torrents, of 20 addresses with 2 connections each',
    attack: (siege) =>
      keepAsking(siege, { addresses: 20, connections: 2 }, (turn) =>
        getText(`${SINGLE}${PACKAGE_PATHS.at(-1 - (turn % (PACKAGES.length - 10)))}`),
      ),
  },
  28: {
    name: 'packed listings, each with a filter of its own, of 20 addresses with 8 connections each',
    attack: (siege) =>
      keepAsking(siege, { addresses: 20, connections: 8 }, (turn) =>
        getText(`${FOLDER}/?filter=${turn % 1000}`).replace('\r\n\r\n', PACKED),
      ),
  },
  [SEARCHES]: { name: 'searches of a million names, 50 at once', attack: searches },
}

const PACKED = '\r\nAccept-Encoding: gzip\r\n\r\n'

/** Each connection sends so many requests at once, and another one comes when all are answered. */
async function keepAsking(siege, { addresses, connections = 32, count = 1 }, requestOf) {
  await siege.repeat({ lanes: connections * addresses, pause: 0 }, (turn) => {
    const requests = Array.from({ length: count }, () => requestOf(turn))
    const kept = requests.slice(1).map((each) => each.replace('Connection: close\r\n', ''))
    const from = `127.0.1.${1 + (turn % addresses)}`
    return siege.raw([...kept, requests[0]].join(''), 0, { from })
  })
}

/** Classes of characters each have a range of their own. */
async function classes(siege) {
  const characters = Array.from({ length: 3900 }, (_, i) => String.fromCharCode(0x3400 + 2 * i))
  const numbers = Array.from({ length: 100 }, (_, i) => i)
  const large = numbers.map((i) => `${FOLDER}/[${rotated(characters, i).join('')}]*`)
  const runs = numbers.map((i) => `${FOLDER}/${'*[a-z0-9]'.repeat(400)}${i}`)
  await siege.repeat({ lanes: 2, pause: 1000 }, (turn) => {
    const paths = turn % 2 === 0 ? large : runs
    return siege.post(rotated(paths, turn), turn, { leaveAfter: 10_000 })
  })
}

/** Every 5 s. */
async function rounds(siege) {
  let count = 0
  await siege.repeat({ lanes: 1, pause: 5000 }, async () => {
    const round = Array.from({ length: 1000 }, () => {
      const turn = count++
      const pattern = `[pa]${'*'.repeat(1 + (turn % 1000))}`
      return siege.get(`${SINGLE}${FOLDER}/${pattern}`, turn, { leaveAfter: 50 })
    })
    return (await Promise.all(round)).at(-1)
  })
}

/**
 * Words of all names, of some and of none, from 50 addresses; one of five clients leaves at once.
 */
async function searches(siege) {
  const queries =
    'rpm|zzzz|rpm+zzzz|pool+kernel-kernel|e+a+o|a+b+c+d+e+f+g+h|x86_64+lib-+999-29'.split('|')
  await siege.repeat({ lanes: 50, pause: 100 }, async (turn) => {
    const options = { from: `127.0.2.${1 + (turn % 50)}`, leaveAfter: turn % 5 === 4 ? 20 : 30_000 }
    const started = performance.now()
    const status = await siege.get(`/-/search?q=${queries[turn % queries.length]}`, 0, options)
    if (status === 200) siege.took.push(performance.now() - started)
    return status
  })
}

/** Every other client leaves before it can have an answer, and each lane goes on at once. */
async function keepConnecting(siege, addresses, targetOf) {
  await siege.repeat({ lanes: 1000 * addresses, pause: 20 }, (turn) => {
    const leaveAfter = turn % 2 === 0 ? 50 : 20_000
    return siege.get(targetOf(turn), turn % addresses, { leaveAfter })
  })
}

/** 1,500 connections of 40 addresses that stop to read. */
async function leaveUnread(siege, path, hostOf) {
  await siege.repeat({ lanes: 1500, pause: 100 }, (turn) => {
    const request = getText(`${SINGLE}${path}`).replace('mirror.', hostOf(turn))
    return siege.raw(request, 0, { from: addressOf(turn), appetite: 0, leaveAfter: 20_000 })
  })
}

function addressOf(turn) {
  return `127.0.1.${1 + (turn % 40)}`
}

/** A pattern that nobody asked for before, and nobody will again. */
function newPattern(turn) {
  const stars = '*'.repeat(1 + Math.floor(turn / 99))
  return `${SINGLE}${FOLDER}/${stars}-${String(turn % 99).padStart(2, '0')}??-*`
}

function rotated(items, by) {
  const at = by % items.length
  return [...items.slice(at), ...items.slice(0, at)]
}
