import { readFileSync } from 'node:fs'
import { sep } from 'node:path'

// Few enough that a crash or a slow folder holds up little
const FILES_A_PROCESS = 16
// The mark of a file that changes its process (umask, limits), or that another file may disturb
const ALONE = /^\/\/ In a process of its own: /m

/**
 * Files in groups that share a process each, those first that take longest. A group is of one
 * folder of test/; tests of whole programs, and what asks for it, have processes of their own.
 */
export function groupTests(files, times) {
  const groups = []
  const open = new Map()
  for (const file of files) {
    if (isAlone(file)) {
      groups.push([file])
      continue
    }
    const folder = file.source.split(sep)[1]
    const group = open.get(folder)
    if (group !== undefined && group.length < FILES_A_PROCESS) {
      group.push(file)
    } else {
      open.set(folder, [file])
      groups.push(open.get(folder))
    }
  }
  const seconds = (group) => group.reduce((sum, file) => sum + times.of(file), 0)
  return groups.sort((a, b) => seconds(b) - seconds(a))
}

function isAlone({ source }) {
  const [, folder] = source.split(sep)
  return folder === 'integration' || ALONE.test(readFileSync(source, 'utf8'))
}
