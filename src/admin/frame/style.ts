/** The style of the administration, after that of pages with forms. */
export const ADMIN_STYLE = `
.who { display: flex; align-items: center; gap: .6rem } .who span { color: var(--muted) }
.log-in { max-width: 26rem } .log-in .field { grid-template-columns: 6rem 1fr } .log-in input { width: 100% }
input[type=password] { width: 100% }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: 1rem; margin: 0 0 1rem }
.figures div { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .8rem 1.2rem }
.figures dt { font-weight: 400; color: var(--muted) } .figures dd { margin: 0; font-size: 1.6rem; font-variant-numeric: tabular-nums }
.name .muted a { text-decoration: underline; margin: 0 }
.shelf { display: grid; grid-template-columns: 14rem minmax(0, 1fr); gap: 1.5rem; align-items: start }
.categories ul { list-style: none; margin: 0; padding: 0 } .categories li { display: flex; justify-content: space-between; gap: .6rem; padding: .25rem 0; border-bottom: 1px solid var(--line) }
.categories a { margin: 0; overflow-wrap: anywhere } .categories a[aria-current] { font-weight: 700; color: var(--text) }
.categories .level-2 { padding-left: 1rem } .categories .level-3 { padding-left: 2rem } .categories .level-4, .categories .level-5 { padding-left: 3rem }
.masthead nav { min-width: 0 } .masthead nav a { padding: .25rem .5rem } input[type=checkbox], input[type=radio] { accent-color: var(--accent) }
@media (min-width: 44.01rem) { td form.with { min-width: 19rem } }
td .with, td form.with { display: flex; flex-wrap: wrap; gap: .4rem; margin: 0 } td .with input { flex: 1 1 8rem; min-width: 6rem }
td ul { margin: .3rem 0 0; padding-left: 1.2rem } td.name input { width: 100% }
.acts > .with { display: flex; flex-wrap: wrap; align-items: center; gap: .4rem; margin-left: auto } .acts .field { display: flex; align-items: center; gap: .5rem; margin: 0 } .acts .field label { padding: 0; white-space: nowrap }
.chosen .acts { margin: 0 }
.dropping fieldset { border: 2px dashed var(--accent) } input[type=file] { padding: .6rem; width: 100% }
@media (max-width: 58rem) {
  .masthead nav { order: 3; flex: 0 0 100%; flex-wrap: nowrap; overflow-x: auto; padding: .2rem } .masthead nav a { flex: none }
  .masthead .who { margin-left: auto }
}
@media (max-width: 50rem) {
  .shelf { grid-template-columns: minmax(0, 1fr) } .acts > .with { margin-left: 0 }
  .categories ul { max-height: 12rem; overflow-y: auto }
}
td button { padding: .1rem .6rem } td form { margin: 0 }
`
