import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { asBtkitError, BtkitError } from '../../errors.js'
import { html } from '../../text/html.js'
import { json, seeOther, type Answer } from '../../pages/frame.js'
import { page, TOOLS, WINDOW_SCRIPT } from '../window.js'
import { answerForm } from '../../pages/form-page.js'
import { formOf, queryOf, send, serveFiles, statusOf } from '../../pages/http.js'
import { PAGES_STYLE } from '../../pages/style.js'
import { CheckTool } from '../tools/check.js'
import { CompleteTool } from '../tools/complete.js'
import { EditTool } from '../tools/edit.js'
import { MakeTool } from '../tools/make.js'
import type { Tool, Workshop } from '../tools/tool.js'
import { jobPage, jobStatus } from '../../pages/job-page.js'
import type { Job } from '../../pages/jobs.js'
import type { Presence } from './presence.js'

/** The parts that the pages share. */
export interface RoutesParts {
  readonly shop: Workshop
  readonly presence: Presence
  /** Ends the program. */
  readonly quit: () => void
}

/** A fastify plugin with all pages of the window. */
export function guiRoutes(app: FastifyInstance, { shop, presence, quit }: RoutesParts): void {
  const tools = [
    new MakeTool(shop),
    new CompleteTool(shop),
    new CheckTool(shop),
    new EditTool(shop),
  ]
  app.get('/', (_, reply) => send(reply, home(shop.jobs.list())))
  for (const tool of tools) {
    app.get(`/${tool.path}`, async (request, reply) =>
      send(reply, await tool.show(queryOf(request))),
    )
    app.post(`/${tool.path}`, async (request, reply) =>
      send(reply, await answerForm(formOf(request), tool)),
    )
  }
  jobRoutes(app, shop, tools)
  showFailures(app)
  serveFiles(app, PAGES_STYLE, WINDOW_SCRIPT)
  app.get('/alive', (request, reply) => {
    holdOpen(request, reply, presence)
  })
  app.post('/quit', (_, reply) => {
    send(reply, page({ title: 'btkit has ended', content: html`<p>You can close this page.</p>` }))
    quit()
  })
}

/** Answers requests that fail with a page, and passes on internal errors. */
function showFailures(app: FastifyInstance): void {
  app.setNotFoundHandler(() => {
    throw new BtkitError('not-found', 'there is no such page; choose one in the menu')
  })
  app.setErrorHandler((error, { url }, reply) => {
    if (!(error instanceof BtkitError)) throw error
    const [path = ''] = url.slice(app.prefix.length + 1).split('?')
    const root = '../'.repeat(path.split('/').length - 1)
    const title = 'That did not work'
    return send(reply, page({ title, error, root, content: null, status: statusOf(error) }))
  })
}

function jobRoutes(app: FastifyInstance, { jobs }: Workshop, tools: readonly Tool[]): void {
  const find = ({ params }: FastifyRequest) => jobs.get((params as { readonly id: string }).id)
  const results = new WeakMap<Job, Answer>()
  app.get('/job/:id', (request, reply) => {
    const job = find(request)
    const tool = tools.find(({ path }) => path === job.about.tool)
    if (job.state !== 'done' || !tool?.result)
      return send(
        reply,
        jobPage(job, (parts) => page({ ...parts, tool: tool?.path })),
      )
    // A result never changes, and its page may be large
    const result = results.get(job) ?? tool.result(job)
    results.set(job, result)
    return send(reply, result)
  })
  app.get('/job/:id/state', (request, reply) => send(reply, json(jobStatus(find(request)))))
  app.post('/job/:id/cancel', (request, reply) => {
    const job = find(request)
    job.cancel()
    send(reply, seeOther(`../${job.id}`))
  })
  app.get('/job/:id/torrent', async (request, reply) => {
    const path = MakeTool.madeBy(find(request))
    if (path === null) throw new BtkitError('not-found', 'this job made no torrent')
    return send(reply, {
      status: 200,
      headers: {
        'Content-Type': 'application/x-bittorrent',
        'Content-Disposition': `attachment; filename*=UTF-8''${encodeURIComponent(basename(path))}`,
        'X-Content-Type-Options': 'nosniff',
      },
      body: await readFile(path).catch((error: unknown) => {
        throw asBtkitError(error, path)
      }),
    })
  })
}

function home(jobs: readonly Job[]): Answer {
  const cards = TOOLS.map(({ path, title, text }) => {
    return html`<a class="card" href="${path}"><b>${title}</b><br />${text}</a>`
  })
  const rows = jobs.map(({ id, about, state }) => {
    return html`<li><a href="job/${id}">${about.title}</a>: ${state}</li>`
  })
  return page({
    title: 'What do you want to do?',
    content: html`<div class="cards">${cards}</div>
      ${
        jobs.length > 0 &&
        html`<section>
          <h2>Recent work</h2>
          <ul>
            ${rows}
          </ul>
        </section>`
      }`,
  })
}

/** Keeps the connection of a page open, as a stream of events without an event. */
function holdOpen(request: FastifyRequest, reply: FastifyReply, presence: Presence): void {
  reply.hijack()
  reply.raw.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' })
  reply.raw.write(': open\n\n')
  request.raw.socket.once('close', presence.open())
}
