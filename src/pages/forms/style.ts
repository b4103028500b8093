/** The style of pages with forms, after the style of all pages. */
export const PAGES_STYLE = `
:root { --good: #2a7d2a; --bad: #b3261e; --unsure: #8a6100; --card: #fff; --under: var(--soft) }
@media (prefers-color-scheme: dark) {
  :root { --good: #6c6; --bad: #ff8a80; --unsure: #e0b040; --card: #1a2026; --under: var(--ground) }
}
html { background: var(--under) }
body { padding: .8rem 1rem 3rem } h1 { margin-bottom: .8rem }
main > section, main form > section, main > form > fieldset, .card { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 1rem 1.2rem; margin: 0 0 1rem }
section > :first-child { margin-top: 0 } section > :last-child { margin-bottom: 0 }
fieldset legend { font-weight: 600; padding: 0 .4rem }
.cards { display: grid; gap: 1rem; margin: 1rem 0 } @media (min-width: 40rem) { .cards { grid-template-columns: 1fr 1fr } .cards .card:first-child { grid-column: span 2 } } @media (min-width: 70rem) { .cards { grid-template-columns: repeat(5, 1fr) } .cards .card:first-child { grid-column: auto } } .cards .card { margin: 0; display: block; color: inherit }
a.card:hover { border-color: var(--accent); text-decoration: none } .card b { color: var(--accent); font-size: 1.1rem }
.field { display: grid; grid-template-columns: 11rem 1fr; gap: .3rem 1rem; align-items: baseline; margin: .6rem 0 }
.field small { grid-column: 2; color: var(--muted) }
.field .with { display: flex; gap: .5rem } .field input[type=text], .field textarea, .field select { width: 100% }
.field:has(> textarea) > label { align-self: start; padding-top: .3rem } .field textarea { align-self: start }
textarea, select { font: inherit; color: inherit; background: var(--ground); border: 1px solid var(--muted); border-radius: 4px; padding: .3rem .5rem }
textarea { resize: vertical; min-height: 4.5rem; white-space: pre; overflow-x: auto } .choices { display: flex; flex-wrap: wrap; gap: .2rem 1rem }
button { padding: .35rem 1rem; cursor: pointer } button.main { background: var(--accent); color: var(--accent-text); border-color: var(--accent); font-weight: 600 }
.default, .said { position: absolute; left: -99rem }
.acts { display: flex; flex-wrap: wrap; gap: .6rem; margin: 1rem 0 0 } .acts + section { margin-top: 1rem }
.acts [data-sum] { align-self: center } .acts > a { border: 1px solid var(--muted); border-radius: 4px; padding: .35rem 1rem; color: inherit; background: var(--soft); text-decoration: none } .acts > a.main { background: var(--accent); color: var(--accent-text); border-color: var(--accent); font-weight: 600 }
.error { border-left: 4px solid var(--bad); padding: .5rem .9rem; background: var(--card) } .note { border-left: 4px solid var(--accent); padding: .5rem .9rem; background: var(--card) }
.good { color: var(--good) } .bad { color: var(--bad) } .unsure { color: var(--unsure) }
.map { height: auto; max-width: 30rem; background: none } .map path { stroke: none } .map .file { fill: transparent } .map .file:hover { stroke: var(--text); stroke-width: 1 }
.map .good { fill: color-mix(in srgb, var(--good) 37%, var(--card)) } .map .bad { fill: var(--bad) } .map .missing { fill: var(--muted) } .map .unread { fill: none; stroke: var(--muted); stroke-width: 1 }
.key { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; list-style: none; padding: 0; margin: .4rem 0 } .key svg { display: inline-block; width: .8rem; height: .8rem; margin: 0 .3rem 0 0 }
.picker td, .picker th { padding-block: 0 } .picker [type=search] { margin-bottom: .5rem } .picker table button, .crumbs button { border: 0; background: none; color: var(--link); padding: .3rem .2rem; text-align: left; overflow-wrap: anywhere }
.picker table button { width: 100%; outline-offset: -2px } .picker table [name=at] { font-weight: 600 } .picker table button::before { content: ""; display: inline-block; width: 1rem; height: .8rem; margin: 0 .5rem -.05rem 0; border: 1px solid var(--muted); border-radius: 2px; background: var(--soft) } .picker table [name=at]::before { background: #e0a93a; border-color: #c98f1d; border-top-width: 3px } .acts > .with { display: flex; flex-wrap: wrap; gap: .4rem; margin-left: auto }
details { margin: 0 0 1rem } main form > .card { display: block } .card > summary { font-weight: 600; cursor: pointer } [data-set] { font-weight: 400; margin-left: .8rem; overflow-wrap: anywhere } [data-set]:not(:empty)::before { content: "– " } section details { margin: 0 } del { color: var(--bad) } ins { color: var(--good); text-decoration: none } .diff { overflow-wrap: anywhere }
.tiers { list-style: none; padding: 0; margin: 0 } .tiers li { display: flex; flex-wrap: wrap; gap: .2rem .4rem; align-items: center; margin: .2rem 0 } .tiers .head { flex: 0 0 100%; order: -2; color: var(--muted); font-size: .9rem }
.tiers li.dragged { opacity: .4 } .tiers .grip { cursor: grab; padding: .2rem .5rem } .tiers input { flex: 1; min-width: 0 }
.stack tbody .box + .name:last-child { width: 100% } input[type=checkbox], input[type=radio] { accent-color: var(--accent) }
.box input, thead td input { width: 1.1rem; height: 1.1rem; vertical-align: -.2rem } li button { padding: .1rem .6rem } section li a { text-decoration: underline }
@media (min-width: 50.01rem) and (max-width: 60rem) { .scroll { font-size: .92em } .scroll th, .scroll td { padding-inline: .35rem } }
@media (min-width: 70rem) { .stack .name > br:first-of-type { display: none } .stack .name > .muted { margin-left: .5rem } }
@media (max-width: 50rem) {
  .stack thead:has(a) { display: block } .stack thead td:first-child { position: absolute; left: .2rem } .stack thead tr:has(> td) { position: relative; padding-left: 2.5rem } .stack thead .name { flex: none }
}
@media (max-width: 44rem) {
  .masthead nav { order: 3; flex: 0 0 100% } .masthead form { margin-left: auto }
}
@media (max-width: 50rem) {
  .stack tr:has(> .box) { position: relative; padding-left: 2.5rem } .stack .box { position: absolute; left: .2rem } .stack th { border: 0; padding: 0 }
}
@media (max-width: 40rem) {
  .field { grid-template-columns: 1fr } .field small { grid-column: 1 }
  .stack code { font-size: .74em } .diff dd { font-size: .85em }
  .tiers li { justify-content: flex-end; margin: .6rem 0 } .tiers input { order: -1; flex: 0 0 100% }
}
`
