import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BtkitError } from '../../../src/base/errors.js'
import { Form } from '../../../src/pages/forms/form.js'
import { framePage } from '../../../src/pages/forms/frame.js'
import { jobPage, Jobs } from '../../../src/pages/forms/jobs.js'

/** Runs work that fails. Returns the text of its page, and what the log got. */
async function pageOf(error: Error) {
  const logged: unknown[] = []
  const jobs = new Jobs(
    () => 0,
    (each) => logged.push(each),
  )
  const show = () => ({ title: '', content: '' })
  const about = { title: 'Work', tool: 'make', path: '/x', form: new Form(), show }
  const job = jobs.start(about, () => Promise.reject(error))
  await jobs.settled()
  const page = jobPage(job, (parts) => framePage(parts, { name: '', label: '', menu: [] }))
  return { text: /role="alert">([^<]*)/.exec(String(page.body))?.[1], logged }
}

test('an internal error of a job is in the log, and its text is on no page', async () => {
  const fault = new TypeError("Cannot read properties of undefined (reading 'pieces')")
  assert.deepEqual(await pageOf(fault), { text: 'Internal error.', logged: [fault] })
  const known = new BtkitError('io', '/x/a.iso: input/output error')
  assert.deepEqual(await pageOf(known), { text: `${known.message}.`, logged: [] })
})
