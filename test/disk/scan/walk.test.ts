import assert from 'node:assert/strict'
import { test } from 'node:test'
import { walk } from '../../../src/disk/scan/walk.js'

/** A tree of directories by their paths; a name that ends with a slash is a directory. */
const TREE: Readonly<Record<string, readonly (readonly string[])[]>> = {
  '': [['a', 'b/'], ['c', 'd/'], ['e']],
  'b/': [['f/'], ['g']],
  'b/f/': [['h']],
  'd/': [],
}

const ROOT: string = ''

function reader(closed: string[], broken = 'none') {
  return async function* (directory: string) {
    try {
      for (const names of TREE[directory] ?? []) {
        if (directory === broken) throw new Error(`cannot read ${directory}`)
        await Promise.resolve()
        yield names
      }
    } finally {
      closed.push(directory)
    }
  }
}

async function namesOf(steps: ReturnType<typeof walk<string, string>>) {
  const found: string[] = []
  for await (const { directory, entries, enter } of steps) {
    for (const name of entries) {
      found.push(directory + name)
      if (name.endsWith('/')) enter(directory + name)
    }
  }
  return found
}

test('an error that nobody receives ends the walk and closes all directories', async () => {
  const closed: string[] = []
  await assert.rejects(namesOf(walk(ROOT, { read: reader(closed, 'b/f/') })), /cannot read b\/f\//)
  assert.deepEqual(closed.sort(), ['', 'b/', 'b/f/'])
})

test('a walk that is left closes all directories', async () => {
  const closed: string[] = []
  for await (const { directory, enter } of walk(ROOT, { read: reader(closed) })) {
    if (directory === 'b/') break
    enter('b/')
  }
  assert.deepEqual(closed.sort(), ['', 'b/'])
})
