import { InlineStyle } from '../../server/pages/policy.js'

/** The style of the catalogue's pages, after the style of all pages. */
export const CATALOGUE_STYLE = new InlineStyle(`
body { max-width: 76rem }
h1 { font-size: 1.7rem; margin: .2rem 0 .8rem } h2 { margin: 2rem 0 .4rem }
.search { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem }
.search input { flex: 1 1 12rem; max-width: 30rem; padding: .35rem .7rem } .search button, .button { padding: .35rem 1rem; cursor: pointer }
.categories { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: .7rem; list-style: none; margin: .6rem 0; padding: 0 }
.categories li { border: 1px solid var(--line); border-left: 4px solid var(--accent); border-radius: 6px; padding: .5rem .8rem; position: relative }
.categories li:hover { background: var(--soft) }
.categories a { display: block; font-weight: 600; overflow-wrap: anywhere } .categories a::after { content: ""; position: absolute; inset: 0 }
.categories span { display: block; color: var(--muted); font-size: .85rem }
.torrents .name { overflow-wrap: anywhere; min-width: 14rem } .torrents .place { display: block; color: var(--muted); font-size: .8rem }
.fixed caption { position: absolute; left: -99rem } th.date { color: inherit }
.torrents .complete { color: var(--seeds); font-weight: 600 } .torrents .none { color: var(--muted); font-weight: inherit }
.tag { font-size: .75rem; border: 1px solid var(--line); border-radius: 4px; padding: 0 .35rem; color: var(--muted) }
.pages { margin: .8rem 0 } .note { border-left: 4px solid var(--accent); background: var(--soft); padding: .5rem .9rem }
.actions { display: flex; flex-wrap: wrap; gap: .6rem }
.actions .button, .actions .button:visited { border: 1px solid var(--accent); border-radius: 4px; text-decoration: none; color: var(--accent); font-weight: 600 }
.actions .button:first-child, .actions .button:first-child:visited { background: var(--accent); color: var(--accent-text) }
.figures { display: flex; flex-wrap: wrap; gap: .8rem 2.2rem; padding: .8rem 0; border: solid var(--line); border-width: 1px 0 }
.figures dt { font-weight: inherit; color: var(--muted); font-size: .85rem } .figures dd { margin: 0; font-size: 1.35rem; font-variant-numeric: tabular-nums }
.figures .complete dd { color: var(--seeds) } .figures .downloading dd { color: var(--peers) }
.facts { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .3rem 1.5rem } .facts dt { font-weight: inherit; color: var(--muted) } .facts dd { margin: 0 }
.hash { display: block; white-space: nowrap; overflow-x: auto; overflow-wrap: normal; font-size: .85em }
.tree ul { list-style: none; margin: 0; padding: 0 } .tree ul ul { padding-left: 1.3rem }
.tree li > span, .tree summary > span { overflow-wrap: anywhere; min-width: 0 } .tree summary { cursor: pointer; font-weight: 600 }
.tree li { border-top: 1px solid var(--line) } .tree > ul > li:first-child { border: 0 }
.tree li:not(:has(> details)) { display: flex; justify-content: space-between; gap: 1rem; padding: .15rem 0 }
.tree summary data { float: right; font-weight: 400 } .tree data { white-space: nowrap; color: var(--muted); font-variant-numeric: tabular-nums }
.urls { list-style: none; margin: .4rem 0; padding: .4rem .9rem; border-left: 2px solid var(--line) } .urls li { overflow-wrap: anywhere; font: .85em/1.6 ui-monospace, monospace }
@media (max-width: 60rem) {
  .torrents, .torrents caption, .torrents thead, .torrents tbody { display: block }
  .torrents tr { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 .9rem; padding: .5rem 0; border-bottom: 1px solid var(--line) }
  .torrents th, .torrents td { border: 0; padding: 0 } .torrents tbody .name { flex: 0 0 100%; min-width: 0 }
  .fixed thead { display: none } .torrents thead .name { min-width: 0 } .torrents thead .get, .torrents td:empty { display: none } .torrents td { font-size: .85rem }
  .torrents td[data-label]::before { content: attr(data-label) " "; color: var(--muted); font-weight: 400 }
  .torrents td.get { margin-left: auto }
}
@media (max-width: 40rem) { .facts { grid-template-columns: minmax(0, 1fr); gap: 0 } .facts dd { margin-bottom: .5rem } }
`)
