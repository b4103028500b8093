// Runs test files one after another in this process: node --test-reporter ... THIS FILE ...
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { END_OF_FILE } from './tell-parent.js'

for (const path of process.argv.slice(2)) await runFile(path)

/** Ends when all tests of the file have: those of one level run one after another. */
async function runFile(path) {
  let thrown = null
  try {
    await import(pathToFileURL(path).href)
  } catch (error) {
    thrown = { error }
  }
  await test(END_OF_FILE, () => {
    if (thrown) throw thrown.error
  })
}
