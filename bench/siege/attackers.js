// The attacks of strangers on a mirror. Each lasts as long as the siege, within bounds of its own.
import { createHash, randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { getText, postText, send } from './client.js'
import { HUGE, MOUNT, PACKAGES } from './mirror.js'

const SINGLE = `${MOUNT}/single`
const PACKAGE_PATHS = PACKAGES.map((name) => `/yum/7/Packages/${name}`)

/** Addresses that attackers come from; the honest client has another. */
const ADDRESSES = Array.from({ length: 8 }, (_, i) => `127.0.0.${2 + i}`)

/** Attackers by their numbers. Each is given a Siege, and resolves when that is over. */
export const ATTACKERS = {
  1: { name: 'long tails behind a wildcard', attack: longTails },
  2: { name: 'planning for clients that left', attack: planning },
  3: { name: 'large character classes', attack: largeClasses },
  4: { name: 'huge cold files', attack: hugeFiles },
  5: { name: 'ever new sets', attack: newSets },
  6: { name: 'long queries', attack: longQueries },
  7: { name: 'slow downloads and refused connections', attack: downloads },
  8: { name: 'ever new connections for files', attack: connectionsForFiles },
  9: { name: 'ever new connections for cold torrents', attack: connectionsForTorrents },
  10: { name: 'ever new connections for patterns', attack: connectionsForPatterns },
  11: { name: 'unread torrents, each for a host of its own', attack: unreadTorrents },
  12: { name: 'downloads that stand still', attack: stillDownloads },
  13: { name: 'pipelined requests for missing files', attack: pipelines },
  14: { name: 'rounds of patterns for all files, whose clients leave at once', attack: rounds },
  15: { name: 'sets of all files, 150 at once', attack: allAtOnce },
  16: { name: 'unread torrents of 1.3 MB, for one host', attack: unreadSets },
  17: { name: 'unread torrents of 1.3 MB, each for a host of its own', attack: unreadSetsOfHosts },
  18: { name: 'searches of a million names, 50 at once', attack: searches },
}

/** The attacker that needs a mirror of very many names. */
export const SEARCHES = 18

/** A siege of a port until a moment on this process's clock, in milliseconds. */
export class Siege {
  /** How many answers there were of each status. */
  answers = {}
  /** Milliseconds of each request whose time counts. */
  took = []

  constructor(port, end) {
    this.port = port
    this.end = end
  }

  /** Repeats an act in some lanes at once, with a pause in milliseconds after each, until the end. */
  async repeat({ lanes, pause, limit }, act) {
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
    return this.#send(getText(target), turn, options)
  }

  post(paths, turn, options) {
    const digest = createHash('sha1').update(paths.join('\n')).digest('hex')
    return this.#send(postText(`${MOUNT}/digest/${digest}`, paths), turn, options)
  }

  raw(bytes, turn, options) {
    return this.#send(bytes, turn, options)
  }

  #send(bytes, turn, options = {}) {
    const left = Math.max(1, this.end - performance.now())
    const leaveAfter = Math.min(left, options.leaveAfter ?? 30_000)
    const from = ADDRESSES[turn % ADDRESSES.length]
    return send(this.port, bytes, { from, ...options, leaveAfter })
  }
}

/** 1: a literal tail that no path can have, behind a wildcard that matches 9,900 names. */
async function longTails(siege) {
  await siege.repeat({ lanes: 2, pause: 500, limit: 500 }, (turn) => {
    const tail = '/a'.repeat(turn % 2 === 0 ? 500 : 2000)
    return siege.get(`${SINGLE}/yum/7/Packages/*${tail}`, turn, { leaveAfter: 1000 })
  })
}

/** 2: distinct patterns whose clients leave at once, and forms of all there is. */
async function planning(siege) {
  const globs = siege.repeat({ lanes: 50, pause: 500, limit: 10_000 }, (turn) => {
    const stars = '*'.repeat(1 + (turn % 1000))
    return siege.get(`${SINGLE}/yum/7/Packages/${stars}`, turn, { leaveAfter: 20 })
  })
  const forms = siege.repeat({ lanes: 30, pause: 200, limit: 1000 }, (turn) => {
    return siege.post(rotated(PACKAGE_PATHS, turn), turn, { leaveAfter: 5000 })
  })
  await Promise.all([globs, forms])
}

/** 3: classes of characters that no name has, each a range of its own, and many runs in a row. */
async function largeClasses(siege) {
  const characters = Array.from({ length: 3900 }, (_, i) => String.fromCharCode(0x3400 + 2 * i))
  const classes = Array.from({ length: 100 }, (_, i) => {
    return `/yum/7/Packages/[${rotated(characters, i).join('')}]*`
  })
  const runs = Array.from({ length: 100 }, (_, i) => {
    return `/yum/7/Packages/${'*[a-z0-9]'.repeat(400)}${i}`
  })
  await siege.repeat({ lanes: 2, pause: 1000, limit: 200 }, (turn) => {
    const paths = turn % 2 === 0 ? classes : runs
    return siege.post(rotated(paths, turn), turn, { leaveAfter: 10_000 })
  })
}

/** 4: files whose hashing takes longer than anybody waits. */
async function hugeFiles(siege) {
  await siege.repeat({ lanes: 4, pause: 1000, limit: 500 }, (turn) => {
    return siege.get(`${SINGLE}/yum/huge/${turn % HUGE}`, turn, { leaveAfter: 1000 })
  })
}

/** 5: sets and patterns that nobody asked for before, and nobody will again. */
async function newSets(siege) {
  const sets = siege.repeat({ lanes: 4, pause: 50, limit: 10_000 }, (turn) => {
    const first = (turn * 37) % (PACKAGES.length - 300)
    const paths = PACKAGE_PATHS.slice(first, first + 300)
    return siege.post(rotated(paths, turn), turn, { leaveAfter: 5000 })
  })
  const globs = siege.repeat({ lanes: 4, pause: 50, limit: 10_000 }, (turn) => {
    const stars = '*'.repeat(1 + Math.floor(turn / 99))
    const pattern = `${stars}-${String(turn % 99).padStart(2, '0')}??-*`
    return siege.get(`${SINGLE}/yum/7/Packages/${pattern}`, turn, { leaveAfter: 5000 })
  })
  await Promise.all([sets, globs])
}

/** 6: the address of a warm torrent with 15 KB of anything behind it. */
async function longQueries(siege) {
  await siege.repeat({ lanes: 20, pause: 10, limit: 60_000 }, (turn) => {
    const query = randomBytes(7500).toString('hex')
    return siege.get(`${SINGLE}/yum/7/Packages/${PACKAGES[turn % 10]}?${query}`, turn)
  })
}

/** 7: 500 downloads that begin at once and stop half-way, and what is no request at all. */
async function downloads(siege) {
  const readers = siege.repeat({ lanes: 500, pause: 3000, limit: 20_000 }, (turn) => {
    return siege.get('/yum/warm/image.iso', turn, { leaveAfter: 5000, appetite: 4 * 2 ** 20 })
  })
  const refused = siege.repeat({ lanes: 200, pause: 500, limit: 20_000 }, (turn) => {
    return siege.raw('no request\r\n\r\n', turn, { appetite: -1 })
  })
  const lines = siege.repeat({ lanes: 20, pause: 5, limit: 60_000 }, (turn) => {
    return siege.get(`/nothing?${randomBytes(7500).toString('hex')}`, turn)
  })
  await Promise.all([readers, refused, lines])
}

/** 8: a thousand connections of one address, each for one small file, opened again when that is there. */
async function connectionsForFiles(siege) {
  await keepConnecting(siege, 1, (turn) => PACKAGE_PATHS[turn % PACKAGES.length])
}

/** 9: the same, each for the torrent of a file that nobody knows the digests of. */
async function connectionsForTorrents(siege) {
  await keepConnecting(siege, 1, (turn) => {
    return `${SINGLE}${PACKAGE_PATHS.at(-1 - (turn % (PACKAGES.length - 10)))}`
  })
}

/** 10: the same, of four addresses, each for a pattern that nobody asked for before. */
async function connectionsForPatterns(siege) {
  await keepConnecting(siege, 4, (turn) => {
    const stars = '*'.repeat(1 + Math.floor(turn / 99))
    return `${SINGLE}/yum/7/Packages/${stars}-${String(turn % 99).padStart(2, '0')}??-*`
  })
}

/** 11: 1,500 connections of 40 addresses, each for a torrent of 330 KB, that stop to read. */
async function unreadTorrents(siege) {
  await siege.repeat({ lanes: 1500, pause: 100, limit: 100_000 }, (turn) => {
    const request = getText(`${SINGLE}/yum/warm/large.iso`).replace('mirror.', `m${turn}.`)
    return siege.raw(request, 0, { from: addressOf(turn), appetite: 0, leaveAfter: 20_000 })
  })
}

/** 12: 2,000 downloads of 40 addresses that stop to read. */
async function stillDownloads(siege) {
  await siege.repeat({ lanes: 2000, pause: 100, limit: 100_000 }, (turn) => {
    const options = { from: addressOf(turn), appetite: 0, leaveAfter: 60_000 }
    return siege.get('/yum/warm/image.iso', turn, options)
  })
}

/** 13: 300 connections of one address, each with 20 requests for missing files. */
async function pipelines(siege) {
  const request = getText('/yum/nothing').replace('Connection: close\r\n', '')
  await siege.repeat({ lanes: 300, pause: 0, limit: 1_000_000 }, (turn) => {
    return siege.raw(request.repeat(19) + getText(`/yum/nothing${turn}`), 0)
  })
}

/** 14: a thousand patterns at once, every 5 s; each matches 9,900 names, and its client leaves. */
async function rounds(siege) {
  let count = 0
  await siege.repeat({ lanes: 1, pause: 5000, limit: 1000 }, async () => {
    const round = Array.from({ length: 1000 }, () => {
      const turn = count++
      const pattern = `[pa]${'*'.repeat(1 + (turn % 1000))}`
      return siege.get(`${SINGLE}/yum/7/Packages/${pattern}`, turn, { leaveAfter: 50 })
    })
    await Promise.all(round)
    return 0
  })
}

/** 15: forms of 9,900 paths, in an order of their own each. */
async function allAtOnce(siege) {
  await siege.repeat({ lanes: 150, pause: 1000, limit: 100_000 }, (turn) => {
    return siege.post(rotated(PACKAGE_PATHS, turn), turn, { leaveAfter: 20_000 })
  })
}

/** 16: 1,500 connections of 40 addresses, each for the torrent of all files, that stop to read. */
async function unreadSets(siege) {
  await leaveUnread(siege, 'mirror.')
}

/** 17: the same, each for a host of its own: no answer is that of another. */
async function unreadSetsOfHosts(siege) {
  await leaveUnread(siege)
}

async function leaveUnread(siege, host) {
  await siege.repeat({ lanes: 1500, pause: 100, limit: 100_000 }, (turn) => {
    const text = getText(`${SINGLE}/yum/7/Packages/*`)
    const request = text.replace('mirror.', host ?? `m${turn}.`)
    return siege.raw(request, 0, { from: addressOf(turn), appetite: 0, leaveAfter: 20_000 })
  })
}

function addressOf(turn) {
  return `127.0.1.${1 + (turn % 40)}`
}

/** 18: words of all names, of some and of none, from 50 addresses; one of five clients leaves at once. */
async function searches(siege) {
  const queries = [
    'rpm',
    'zzzz',
    'rpm zzzz',
    'pool kernel-kernel',
    'e a o',
    'a b c d e f g h',
    'x86_64 lib- 999-29',
  ]
  await siege.repeat({ lanes: 50, pause: 100, limit: 1_000_000 }, async (turn) => {
    const leaves = turn % 5 === 4
    const query = queries[turn % queries.length].replaceAll(' ', '+')
    const started = performance.now()
    const from = `127.0.2.${1 + (turn % 50)}`
    const target = `/-/search?q=${query}`
    const status = await siege.get(target, 0, { from, leaveAfter: leaves ? 20 : 30_000 })
    if (status === 200) siege.took.push(performance.now() - started)
    return status
  })
}

/** Every other client leaves before it can have an answer, and each lane goes on at once. */
async function keepConnecting(siege, addresses, targetOf) {
  await siege.repeat({ lanes: 1000 * addresses, pause: 20, limit: 1_000_000 }, (turn) => {
    const leaveAfter = turn % 2 === 0 ? 50 : 20_000
    return siege.get(targetOf(turn), turn % addresses, { leaveAfter })
  })
}

function rotated(items, by) {
  const at = by % items.length
  return [...items.slice(at), ...items.slice(0, at)]
}
