/** The style of all pages: fits any width and follows the preference for dark or light. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #fff; --text: #1c2128; --muted: #59636e; --line: #d5dbe1; --soft: #f4f6f8;
  --link: #0a58ca; --visited: #6f42c1; --seeds: #2a7d2a; --peers: #3565c4;
  --accent: #0b6e69; --accent-text: #fff;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #11151a; --text: #e4e8ec; --muted: #9aa5b1; --line: #2e363f; --soft: #1a2027;
    --link: #82b4ff; --visited: #c3a6ff; --seeds: #6c6; --peers: #8ab4ff;
    --accent: #5cc9c1; --accent-text: #06201e;
  }
}
* { box-sizing: border-box }
html { background: var(--ground); color: var(--text) }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 84rem; margin: 0 auto; padding: 1rem }
a { color: var(--link); text-decoration: none } a:visited { color: var(--visited) }
a:hover { text-decoration: underline }
p a, dd a, footer a, .tools a { text-decoration: underline }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 2px }
.skip { position: absolute; left: -99rem }
.skip:focus { left: 1rem; top: .5rem; padding: .3rem .6rem; background: var(--ground) }
h1 { font-size: 1.4rem; line-height: 1.3; margin: 0 0 .3rem; overflow-wrap: anywhere }
h2 { font-size: 1.1rem; margin: 1.5rem 0 .5rem; overflow-wrap: anywhere }
p, form, dl, svg { margin: .6rem 0 }
.masthead { display: flex; flex-wrap: wrap; align-items: center; gap: .3rem 1.2rem; padding: 0 0 .8rem; margin-bottom: 1rem; border-bottom: 1px solid var(--line) }
.brand { display: flex; align-items: center; gap: .5rem; font-weight: 700 } .brand, .brand:visited { color: var(--text) }
.brand svg { width: 1.5rem; height: 1.5rem; margin: 0; background: none; color: var(--accent) } .brand svg path { fill: currentColor; stroke: none }
.masthead nav { display: flex; flex-wrap: wrap; gap: .2rem .3rem; flex: 1 1 17rem } .masthead nav a { margin: 0; padding: .25rem .7rem; border-radius: 4px; color: var(--text) }
.masthead nav a[aria-current] { background: var(--accent); color: var(--accent-text) } .masthead form { margin: 0 }
.masthead .search { flex: 0 1 19rem; flex-wrap: nowrap; gap: .3rem } .masthead .search input { min-width: 0 } .masthead .search button { padding: .35rem .6rem }
.pages a { text-decoration: underline; padding: .25rem 0 } .title { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between; gap: 0 1rem }
.place { display: block; color: var(--muted); font-size: .8rem } .listing tbody th .place { padding-left: 1.7rem; background: none; font-weight: 400 }
.scroll { overflow-x: auto }
table { border-collapse: collapse; width: 100% }
caption { text-align: left; color: var(--muted); padding: .3rem 0 }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line) }
th { white-space: nowrap; vertical-align: bottom }
td, tbody th { vertical-align: baseline }
tbody th { font-weight: inherit; white-space: normal }
tbody tr:hover { background: var(--soft) }
tfoot td { font-weight: 600 }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
.name { overflow-wrap: anywhere; min-width: 12rem } .stack tbody th.name { width: 50% }
.muted { color: var(--muted) }
code { font: .8em ui-monospace, monospace; overflow-wrap: anywhere }
input, button { font: inherit; color: inherit; border: 1px solid var(--muted); border-radius: 4px }
input { padding: .2rem .5rem; max-width: 100%; background: var(--ground) }
button { padding: .2rem .8rem; background: var(--soft) }
button:hover { background: var(--line) }
progress { width: 100%; height: 1.2rem; accent-color: var(--seeds) }
nav a, nav b { margin-right: .8rem }
dt { font-weight: 600 } dd { margin: 0 0 .4rem; overflow-wrap: anywhere }
svg { display: block; width: 100%; max-width: 48rem; height: 9rem; background: var(--soft) }
svg path { fill: none; stroke-width: 2; vector-effect: non-scaling-stroke }
.seeds { stroke: var(--seeds); color: var(--seeds) } .peers { stroke: var(--peers); color: var(--peers) }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 1rem 2rem }
.chart { margin: 0; min-width: 0 } .chart svg { height: 164px; max-width: none; margin: .3rem 0; background: none; overflow: visible }
.chart svg svg { height: 124px; margin: 0 } .chart figcaption { font-weight: 600 } .chart figcaption span { font-weight: 400; margin-left: .8rem }
.chart line { stroke: var(--line) } .chart text { fill: var(--muted); font-size: .75rem; stroke: var(--ground); stroke-width: 4px; paint-order: stroke } .chart .time { text-anchor: middle }
.chart path { stroke-linecap: round; stroke-linejoin: round } .chart path.peers { stroke-dasharray: 6 4 }
.chart path.completed { fill: var(--accent); stroke: none } .chart .completed { color: var(--accent) }
.chart .peers::before { content: "┅ " } .chart .seeds::before { content: "━ " } .chart .completed::before { content: "▮ " }
ol.path { display: flex; flex-wrap: wrap; gap: .2rem .5rem; list-style: none; margin: 0 0 .6rem; padding: 0 }
.path li + li::before { content: "/"; color: var(--muted); margin-right: .5rem }
.path li { overflow-wrap: anywhere; min-width: 0 } .path a { margin: 0 }
.tools { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: 0 1.5rem }
.tools form, .tools p { margin: .3rem 0 }
.tools form { display: flex; flex-wrap: wrap; align-items: center; gap: .4rem .6rem } .tools input { flex: 1 1 9rem; min-width: 0 }
.date { white-space: nowrap; font-variant-numeric: tabular-nums; color: var(--muted) }
.swarm { min-width: 7rem; color: var(--muted) } @media (min-width: 60rem) { .swarm { white-space: nowrap } }
.get { white-space: nowrap } .tools .get { white-space: normal } p.get { display: flex; flex-wrap: wrap; gap: .4rem 1.2rem; white-space: normal } p.get a, p.get button { margin: 0 } .get a + a, .get a + button { margin-left: .6rem }
.qr { background: #fff; padding: .5rem; border-radius: 4px; width: 12rem; flex: none } .qr svg { width: 100%; height: auto; margin: 0; background: #fff }
.qr svg path { fill: #000; stroke: none }
.stored { font-size: .8rem; color: var(--muted); padding-left: 1.7rem }
.pick { width: 1.6rem; padding-right: 0 } .pick input { margin: 0; width: 1.1rem; height: 1.1rem } .listing .up td { border-bottom: 1px solid var(--line) }
.copy { position: relative; width: 1.6rem; height: 1.6rem; padding: 0; border: 0; background: none; vertical-align: middle; color: var(--muted) } td.get .copy { margin: -.3rem 0 } .copy:hover { color: var(--text) }
.copy:empty::before, .copy:empty::after { content: ""; position: absolute; left: .4rem; top: .35rem; width: .6rem; height: .7rem; border: 1.5px solid; border-radius: 2px } .copy:empty::after { left: .6rem; top: .55rem; background: var(--ground) }
.bar { position: sticky; bottom: 0; align-items: center; background: var(--ground); border-top: 1px solid var(--line); padding: .6rem 0; margin: 0 } [hidden] { display: none !important }
.swarm .seeds { color: var(--seeds) } .swarm .peers { color: var(--peers) }
.disc { --kind: #7a5af8 } .archive { --kind: #c98f1d } .pack { --kind: #0b8a82 } .image { --kind: #d6409f } .sign { --kind: #2a8d2a }
.dir a, .file a { display: block; padding-left: 1.7rem; white-space: pre-wrap; overflow-wrap: anywhere; background-repeat: no-repeat }
.dir a { font-weight: 600; background-image: linear-gradient(#c98f1d, #c98f1d), linear-gradient(#e0a93a, #e0a93a);
  background-size: .5rem .2rem, 1.1rem .75rem; background-position: 0 .25rem, 0 .4rem }
.file a { background-image: linear-gradient(var(--kind, var(--muted)), var(--kind, var(--muted))), linear-gradient(var(--muted), var(--muted)), linear-gradient(var(--soft), var(--soft)), linear-gradient(var(--muted), var(--muted));
  background-size: calc(.8rem - 4px) .35rem, .4rem 1px, calc(.8rem - 2px) calc(1rem - 2px), .8rem 1rem;
  background-position: calc(.15rem + 2px) .8rem, .35rem .55rem, calc(.15rem + 1px) calc(.25rem + 1px), .15rem .25rem }
@media (min-width: 50.01rem) { .listing thead .name { width: 100% } }
tr[hidden] { display: none !important }
@media (max-width: 50rem) {
  .listing { display: flex; flex-wrap: wrap; justify-content: space-between; align-items: baseline } .listing caption, .listing thead, .listing tbody { display: block } .listing caption { order: 1; font-size: .85rem; padding: 0 } .listing tbody { order: 2; flex: 0 0 100%; min-width: 0 }
  .listing tr { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 .5rem; padding: .25rem 0; border-bottom: 1px solid var(--line) }
  .listing th, .listing td { border: 0; padding: 0 }
  .listing thead .name { min-width: 0 } .listing thead tr { gap: .9rem; flex-wrap: nowrap } .listing thead th { flex: none }
  .listing tbody tr { padding-left: 1.7rem }
  .listing tbody th { flex: 0 0 calc(100% + 1.7rem); margin-left: -1.7rem }
  .listing td { font-size: .8rem } .listing thead tr { border: 0 } .listing tbody { border-top: 1px solid var(--line) } td.get a + a { margin-left: .4rem } .listing td a { display: inline-block; padding: .2rem 0 } .listing td:empty, .date .ago { display: none }
  .listing td.get { margin-left: auto } .listing thead .get, .listing thead .swarm, .listing .details { display: none } .swarm { min-width: 0 }
  .listing tr { position: relative } .listing .pick { position: absolute; top: .4rem; right: 0 } .listing tbody .pick + th { padding-right: 2rem } .listing .up td { display: none }
  .listing th:has(.place) { display: flex; gap: .6rem } .listing tbody th .place { flex: 1 1 0; padding: .2rem 0 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap }
  .bar .button { padding: .2rem .6rem; font-size: .9rem }
}
@media (max-width: 40rem) {
  body { padding: .6rem 1rem } .masthead { gap: .3rem .8rem; padding-bottom: .4rem; margin-bottom: .5rem }
  .masthead .search { flex: 1 1 8rem; min-width: 0 } .masthead .search input, .tools .search input, main > .search input { flex: 1 1 0; width: 0; min-width: 0 } .search button { display: none } .tools form { flex: 1 1 8rem } .tools .get a { margin-left: .2rem } .masthead nav { order: 1; flex: 1 0 100% } .masthead nav a { padding: .25rem .6rem }
  h1.again, .only-wide { position: absolute; left: -99rem } ol.path { margin-bottom: .2rem } .tools form, .tools p, .tools .get, main > .search { margin: .2rem 0 } .tools { gap: 0 .8rem }
}
@media (max-width: 50rem) {
  .stack, .stack caption, .stack tbody { display: block } .stack thead { display: none }
  .stack tr { display: flex; flex-wrap: wrap; gap: 0 1rem; padding: .4rem 0; border-bottom: 1px solid var(--line) }
  .stack td { border: 0; padding: 0 } .stack td:empty { display: none } .stack .name { flex: 0 0 100%; min-width: 0 }
  .stack .n::before { content: attr(data-label) " "; color: var(--muted) }
}
pre { font: .875rem/1.5 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere;
  background: var(--soft); border: 1px solid var(--line); border-radius: 6px; padding: .8rem 1rem; margin: 0 }
.readme { max-width: 52rem; overflow-wrap: anywhere } .readme h3, .readme h4, .readme h5, .readme h6 { margin: 1.2rem 0 .4rem; line-height: 1.3 }
.readme h3 { font-size: 1.3rem } .readme h4 { font-size: 1.1rem } .readme h5, .readme h6 { font-size: 1rem }
.readme > #readme { font-size: .85rem; font-weight: 400; color: var(--muted) } .readme a { text-decoration: underline } .readme ul, .readme ol { padding-left: 1.5rem; margin: .6rem 0 } .readme table { width: auto; overflow-wrap: break-word } .readme pre { margin: .6rem 0 }
.readme blockquote { margin: .6rem 0; padding-left: 1rem; border-left: 3px solid var(--line); color: var(--muted) }
[aria-labelledby=description] p { white-space: pre-line } .readme hr { border: 0; border-top: 1px solid var(--line) } .readme pre code { font-size: inherit }
.search { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem }
.search input { flex: 1 1 12rem; max-width: 30rem; padding: .35rem .7rem } .search button, .button { padding: .35rem 1rem; cursor: pointer }
.pages { margin: .8rem 0 } .note { border-left: 4px solid var(--accent); background: var(--soft); padding: .5rem .9rem }
.actions { display: flex; flex-wrap: wrap; gap: .6rem }
.actions .button, .actions .button:visited { background: none; padding: .35rem 1rem; cursor: pointer; border: 1px solid var(--accent); border-radius: 4px; text-decoration: none; color: var(--accent); font-weight: 600 }
.actions .button:first-child, .actions .button:first-child:visited { background: var(--accent); color: var(--accent-text) }
.figures { display: flex; flex-wrap: wrap; gap: .8rem 2.2rem; padding: .8rem 0; border: solid var(--line); border-width: 1px 0 }
.figures dt { font-weight: inherit; color: var(--muted); font-size: .85rem } .figures dd { margin: 0; font-size: 1.35rem; font-variant-numeric: tabular-nums }
.figures .seeds dd { color: var(--seeds) } .figures .peers dd { color: var(--peers) }
.facts { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .3rem 1.5rem; align-items: baseline } .facts dt { font-weight: inherit; color: var(--muted) } .facts dd { margin: 0 }
.hash { display: block; white-space: nowrap; overflow-x: auto; overflow-wrap: normal; font-size: .85em }
.tree ul { list-style: none; margin: 0; padding: 0 } .tree ul ul { padding-left: 1.3rem }
.tree li > span, .tree summary > span { overflow-wrap: anywhere; min-width: 0 } .tree summary { cursor: pointer; font-weight: 600 }
.tree li { border-top: 1px solid var(--line) } .tree > ul > li:first-child { border: 0 }
.tree li:not(:has(> details)) { display: flex; justify-content: space-between; gap: 1rem; padding: .15rem 0 }
.tree summary data { float: right; font-weight: 400 } .tree data { white-space: nowrap; color: var(--muted); font-variant-numeric: tabular-nums }
.urls { list-style: none; margin: .4rem 0; padding: .4rem .9rem; border-left: 2px solid var(--line) } .urls li { overflow-wrap: anywhere; font: .85em/1.6 ui-monospace, monospace }
@media (max-width: 40rem) { .facts { grid-template-columns: minmax(0, 1fr); gap: 0 } .facts dd { margin-bottom: .5rem } }
.copied { display: flex; gap: .6rem; align-items: baseline } .copied .hash { min-width: 0 } .copied button { flex: none; padding: .1rem .6rem }
footer a { margin-left: .6rem } footer > a:first-child { margin-left: 0 }
footer { margin-top: 2rem; color: var(--muted); font-size: .9rem }
@media (forced-colors: active) { .masthead nav a[aria-current] { outline: 2px solid } }
@media (min-width: 60rem) { .swarms code { white-space: nowrap } }
@media (max-width: 80rem) { .swarms .hash { display: none } } @media (max-width: 60rem) { .swarms tr > :nth-last-child(2) { display: none } }
@media (max-width: 40rem) {
  .swarms, .swarms thead, .swarms tbody, .swarms tfoot { display: block }
  .swarms tr { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 .9rem; padding: .3rem 0; border-bottom: 1px solid var(--line) } .swarms thead tr { flex-wrap: nowrap; overflow-x: auto }
  .swarms th, .swarms td { border: 0; padding: 0 } .swarms .name { flex: 0 0 100%; min-width: 0 } .swarms td { font-size: .85rem } .swarms td.name { font-size: 1rem }
  .swarms thead th, .swarms thead .name { flex: none } .swarms thead .get, .swarms td:empty, .swarms td.downloaded, .swarms td.transferred { display: none } .swarms td.get { margin-left: auto }
  .swarms td.complete::before { content: "↑" } .swarms td.downloading::before { content: "↓" }
}
@media print { .masthead nav, .search, .tools, .actions, .pick, .pages, .skip, button, footer { display: none !important } a, a:visited { color: inherit } }
`
