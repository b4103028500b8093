// The mirror of bench/siege.js: many small files in one directory, and a few that are huge.
import { closeSync, mkdirSync, openSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const GIB = 2 ** 30
const MIB = 2 ** 20

/** Files of 60 GB, of which nobody knows the digests. */
export const HUGE = 64

/** Files of 5 KB, of which nobody knows the digests either. */
export const COLD = 60

export const PACKAGES = Array.from({ length: 9900 }, (_, i) => {
  return `package-${String(i).padStart(4, '0')}-1.2.3-4.el7.x86_64.rpm`
})

export const MOUNT = '/yum/torrent_service'

/** Plants the mirror below a directory. Large files are holes, which take no room. */
export function plantMirror(root, { hasLarge, hasNames }) {
  for (const name of ['7/Packages', 'warm', 'huge', 'cold']) {
    mkdirSync(join(root, 'yum', name), { recursive: true })
  }
  for (const [i, name] of PACKAGES.entries()) {
    writeFileSync(join(root, 'yum/7/Packages', name), Buffer.alloc(2000 + i, name))
  }
  for (let i = 0; i < COLD; i++) writeFileSync(join(root, `yum/cold/${i}`), Buffer.alloc(5000, i))
  for (let i = 0; i < HUGE; i++) plantHole(join(root, `yum/huge/${i}`), 60 * GIB)
  // Its torrent has 4 KB
  plantHole(join(root, 'yum/warm/file'), 194 * MIB)
  plantHole(join(root, 'yum/warm/image.iso'), GIB)
  // Its torrent has 330 KB
  if (hasLarge) plantHole(join(root, 'yum/warm/large.iso'), 16 * GIB)
  if (hasNames) plantNames(join(root, 'pool'))
}

const WORDS =
  'lib python perl ruby node java font icon kernel driver tool dev doc common data core'.split(' ')

/** Plants a million empty files in a thousand directories. */
function plantNames(root) {
  const word = (number) => WORDS[number % WORDS.length]
  for (let i = 0; i < 1000; i++) {
    const directory = join(root, `${word(i)}-${i % 20}`, `${word(7 * i + 3)}-${i}`)
    mkdirSync(directory, { recursive: true })
    for (let k = 0; k < 1000; k++) {
      const name = `${word(k)}-${word(i + 5 * k)}-${k}-${(i * k) % 30}.x86_64.rpm`
      closeSync(openSync(join(directory, name), 'w'))
    }
  }
}

function plantHole(path, size) {
  writeFileSync(path, '')
  truncateSync(path, size)
}
