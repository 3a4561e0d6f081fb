// Style: a constructed sheet, which the strictest policy allows.

import { HEAD_PX, NARROW_PX } from "./list.js";

// From this width on the details stand beside the list.
export const BESIDE_PX = 720;
// What a finger hits, as the platforms' own guides have it.
const FINGER_PX = 44;
export const SHEET = new CSSStyleSheet();
SHEET.replaceSync(`
:host { --ink: #1b1d22; --soft: #5b606b; --line: #dcdfe5; --paper: #fff; --wash: #f5f6f8; --mark: #2453c9; --glow: #e9effc;
  --good: #17663a; --warn: #8a4b00; color-scheme: light dark; display: block; position: relative;
  font: 15px/1.4 system-ui, sans-serif; color: var(--ink); container-type: inline-size; text-align: start }
@media (prefers-color-scheme: dark) { :host { --ink: #e9ebf0; --soft: #a4aab6; --line: #363b45; --paper: #191c22; --wash: #22262e;
  --mark: #8db1ff; --glow: #26334f; --good: #7fd6a2; --warn: #f1b76a } }
:host([hidden]), [hidden] { display: none !important }
* { box-sizing: border-box }
button, select, input { font: inherit; color: inherit }
:focus-visible { outline: 2px solid var(--mark); outline-offset: 1px }
.title { font-weight: 650 } .by { color: var(--soft); font-size: 13px } small { color: var(--soft); font-size: 12px; line-height: 1.35; display: block }
.mark { font-size: 11px; font-weight: 600; border-radius: 5px; padding: 1px 6px; background: var(--glow); color: var(--mark); white-space: nowrap; flex: none }
.mark.leaving { background: none; box-shadow: inset 0 0 0 1px currentColor; color: var(--warn) }
.mark.good { background: none; box-shadow: inset 0 0 0 1px currentColor; color: var(--good) }
.free { color: var(--good) }

/* What is said is English on a page of any direction: a number stays before its words, a full stop behind them. */
.mark, strong, b { unicode-bidi: isolate }
button, .head, .note p, .chart p, .about p, .about dd, small, :is(.said, .bar, .facts) span { unicode-bidi: plaintext }
:host(:dir(rtl)) :is(.head, .chart p, .about p:not([dir]), .about dd, small, .said span, .bar span) { text-align: right }

.field { position: relative }
.field input { width: 100%; padding: 11px 40px 11px 14px; border: 1px solid var(--line); border-radius: 10px; background: var(--paper); text-overflow: ellipsis }
:host(:dir(rtl)) .field input { padding: 11px 14px 11px 40px }
.field input:disabled { opacity: .6; cursor: not-allowed }
.field input::placeholder { color: var(--soft); opacity: 1 }
.eraser { position: absolute; inset-inline-end: 7px; top: calc(50% - 15px); width: 30px; height: 30px; border: 0; border-radius: 8px; background: none; color: var(--soft); font-size: 19px; line-height: 1; cursor: pointer }
.eraser:hover { background: var(--wash) }
.said { margin: 7px 2px 0; color: var(--soft); font-size: 13px; min-height: 19px; display: flex; flex-wrap: wrap; gap: 4px 10px; align-items: baseline; overflow-wrap: anywhere }

.panel { position: absolute; inset-inline: 0; top: 50px; z-index: 20; background: var(--paper); border: 1px solid var(--line);
  border-radius: 12px; box-shadow: 0 12px 32px rgb(0 0 0 / .16); overflow: hidden; min-width: min(100%, 280px) }
:host([inline]) .panel { position: static; box-shadow: none; margin-top: 10px }
:host(:not([inline])) .panel { display: flex; flex-direction: column; max-height: var(--room, 80vh) } .panel > * { flex: none }
.panel.is-above { top: auto; bottom: calc(100% + 6px) }
.panel:focus { outline: none }
.views { display: flex; gap: 20px; padding: 0 16px; border-bottom: 1px solid var(--line) }
.views [data-view] { border: 0; border-block: 2px solid transparent; background: none; padding: 9px 0; cursor: pointer; color: var(--soft); font-size: 14px }
.views .switch { margin-inline-start: auto; align-self: center }
.views [aria-pressed=true] { color: var(--ink); font-weight: 600; border-bottom-color: var(--mark) }
.tools, .chips, .orders, .choices { display: flex; flex-wrap: wrap; gap: 8px; align-items: center }
.tools { padding: 12px; border-bottom: 1px solid var(--line); row-gap: 10px }
.orders { margin-inline-start: auto }
.chip, select { border: 1px solid var(--line); background: var(--paper); padding: 4px 12px; cursor: pointer; font-size: 13px; min-height: 30px }
.chip { border-radius: 99px }
.chip[aria-pressed=true] { background: var(--glow); border-color: var(--mark); color: var(--mark) }
select { border-radius: 8px; padding: 4px 8px }
.switch { border: 0; background: none; padding: 0 4px; font-size: 13px; min-height: 30px; cursor: pointer; display: inline-flex; gap: 8px; align-items: center; border-radius: 8px }
.switch::before { content: ""; flex: none; width: 28px; height: 16px; border-radius: 9px; background: radial-gradient(circle at 8px 50%, var(--paper) 5px, transparent 5.5px) var(--soft) }
.switch[aria-checked=true]::before { background: radial-gradient(circle at 20px 50%, var(--paper) 5px, transparent 5.5px) var(--mark) }
.note button, .bar button, .choices button, .said button { border: 1px solid var(--line); border-radius: 8px; background: var(--paper); padding: 5px 12px; cursor: pointer; font-size: 14px }
.choices button[aria-pressed=true] { background: var(--glow); border-color: var(--mark); color: var(--mark) }
.choices .choose { background: var(--mark); border-color: var(--mark); color: var(--paper); font-weight: 600 }
.said button { padding: 2px 10px; font-size: 13px; color: var(--mark) }
.note { padding: 24px; min-height: min(240px, 40vh); display: grid; place-content: center; justify-items: center; text-align: center; color: var(--soft); text-wrap: balance }
.compare .note { min-height: 300px } .note p { margin: 0 0 14px } .note button { color: var(--ink) }
.bar { display: flex; flex-wrap: wrap; gap: 6px 12px; align-items: center; justify-content: space-between; padding: 8px 14px; font-size: 13px; color: var(--warn); border-bottom: 1px solid var(--line) }
.bar.is-good { color: var(--good) }
.bar button { color: var(--ink); font-size: 13px; padding: 3px 10px }

.body { display: grid; grid-template-columns: minmax(0, 1fr) }
:host(:not([inline])) .body { flex: 0 1 auto; min-height: 0; overflow: auto; grid-template-rows: minmax(0, 1fr) auto }
.list { position: relative; overflow-y: auto; height: min(480px, 60vh); overscroll-behavior: contain }
:host(:not([inline])) .list { height: auto; min-height: 0; max-height: min(480px, 60vh) } :host(:not([inline])) .about { max-height: min(320px, calc(var(--room, 80vh) * .4)) }
.is-tight .list, .is-tight .note { max-height: none !important; min-height: 60px } .is-tight:not(.is-reading) .about.is-shown { display: none !important }
.is-tight .tools { flex-wrap: nowrap; overflow-x: auto; scrollbar-width: none; padding-block: 8px } .is-tight :is(.chips, .orders) { flex-wrap: nowrap; flex: none; width: auto; min-width: 0; margin-block: 0 }
.space { position: relative }
.row, .head { position: absolute; inset-inline: 0; top: 0; padding-inline: 16px }
.head { height: ${HEAD_PX}px; padding-top: 12px; font-size: 12px; font-weight: 600; color: var(--soft) }
.row { height: var(--row); cursor: pointer; display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 1px 14px; align-content: center }
.row[data-active] { background: var(--wash); box-shadow: inset 3px 0 var(--mark) }
:host(:dir(rtl)) .row[data-active] { box-shadow: inset -3px 0 var(--mark) }
.row[aria-selected=true] .name { color: var(--mark) }
.name { font-weight: 550; display: flex; gap: 8px; align-items: center; min-width: 0 }
.name > bdi, .row .by { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; min-width: 0 }
.price { font-variant-numeric: tabular-nums; white-space: nowrap; font-size: 13px; text-align: end; unicode-bidi: plaintext } :host(:dir(rtl)) .price { text-align: left }
.facts { display: flex; gap: 7px; align-items: center; justify-content: flex-end; color: var(--soft); font-size: 13px }
.infos { position: absolute; top: 0; inset-inline-end: 0 }
.info { position: absolute; top: 0; inset-inline-end: 2px; width: 46px; height: var(--row); border: 0; background: none; padding: 0; cursor: pointer; display: grid; place-content: center; color: var(--soft) }
.info span { width: 22px; border: 1.5px solid; border-radius: 50%; font: italic 600 14px/19px Georgia, serif } .info:focus-visible { outline-offset: -4px; background: var(--paper) }
.info:not(:focus-visible) { opacity: 0; pointer-events: none }
.list:has(.info:focus-visible) .row { padding-inline-end: 50px }
.is-tight .info { opacity: 1 !important; pointer-events: auto !important } .is-tight .row { padding-inline-end: 50px }
@media (any-pointer: coarse) { .info { opacity: 1 !important; pointer-events: auto !important } .row { padding-inline-end: 50px } }
@media (pointer: coarse) { @container (max-width: ${BESIDE_PX - 1}px) { :host(:not([inline])) .panel[data-view=list]:not(.is-reading) .about.is-shown { display: none } } }
.icon { width: 15px; height: 15px; fill: none; stroke: currentColor; stroke-width: 1.3; stroke-linejoin: round; stroke-linecap: round; flex: none }

.about { display: none; padding: 16px 18px; border-top: 1px solid var(--line); overflow: auto; max-height: 320px; overflow-wrap: anywhere; font-size: 14px }
.about.is-shown { display: block }
.about .title { font-size: 16px } .about code { display: block; font-size: 12.5px; color: var(--soft) } .about p { margin: 10px 0 } .about a { color: var(--mark) }
.about .back { display: none; border: 0; background: none; padding: 10px 0; margin: -10px 0 4px; min-height: 44px; border-radius: 8px; color: var(--mark); cursor: pointer }
.is-reading .tools { display: none !important } .is-reading .about { max-height: none !important; border-top: 0 } .is-reading .about .back { display: block }
.about .choices { margin: 14px 0 16px } .about .choices button { padding: 4px 11px; font-size: 13px }
.about dl { display: grid; grid-template-columns: minmax(76px, auto) minmax(0, 1fr); gap: 6px 14px; margin: 12px 0 0; font-size: 13px }
.about dt { color: var(--soft) } .about dd { margin: 0 }
.prices { width: 100%; border-collapse: collapse; font-size: 13px; margin-top: 4px }
.prices caption { text-align: start; font-weight: 600; padding: 0 0 4px } .prices th { text-align: start; font-weight: 500; padding: 9px 0 3px }
.prices td { padding: 3px 0; border-top: 1px solid var(--line); color: var(--soft) }
.prices td + td { text-align: end; font-variant-numeric: tabular-nums; color: var(--ink) }

.chart { padding: 14px 16px 16px; min-width: 0 }
.chart-head { display: flex; justify-content: space-between; align-items: center; gap: 12px } .chart p { margin: 6px 0 10px }
.plot { display: block; max-width: 100%; margin-top: 10px; border-radius: 6px; touch-action: manipulation; direction: ltr; font-size: 12px } .plot text { fill: var(--soft) }
.plot .rule { stroke: var(--line); stroke-width: 1 }
.point { fill: var(--mark); fill-opacity: .26; stroke: var(--mark); stroke-opacity: .6; cursor: pointer } .point.is-marked { fill-opacity: 1 }
.ring { fill: none; stroke: var(--ink); stroke-width: 2; pointer-events: none }
.plot .point-name { fill: var(--ink); font-weight: 600; font-size: 13px; pointer-events: none; paint-order: stroke; stroke: var(--paper); stroke-width: 4px; stroke-linejoin: round }
summary { cursor: pointer; font-size: 13px; color: var(--mark) }
.sideways { overflow: auto } .sideways table { border-collapse: collapse; font-size: 13px; width: 100% }
.sideways th, .sideways td { text-align: start; vertical-align: top; padding: 8px 16px 8px 0; border-top: 1px solid var(--line); font-weight: 400 }
.sideways thead :is(th, td) { border-top: 0; padding-top: 2px } .sideways td { font-variant-numeric: tabular-nums; overflow-wrap: anywhere }
.chart .sideways { max-height: 320px; margin-top: 8px } .chart .sideways thead th { color: var(--soft) } .chart .sideways td { white-space: nowrap }

.compare { padding: 16px; min-width: 0 }
.compare table { min-width: calc(90px + var(--models, 2) * 124px); table-layout: fixed }
.compare thead td, .compare tbody th { width: 92px; padding-inline-end: 10px; color: var(--soft); position: sticky; inset-inline-start: 0; background: var(--paper) }
.compare thead .title { display: block; font-size: 15px } .compare thead .by { display: block; margin: 1px 0 9px } .compare thead .choices button { padding: 3px 10px; font-size: 13px }
.costs strong { font-size: 17px; font-weight: 600; margin-inline-end: 8px } .costs .is-unsaid { font-size: 14px; line-height: 24px } .amount { display: block; height: 4px; border-radius: 2px; background: var(--mark); margin: 7px 0 6px }
.usage { display: grid; grid-template-columns: repeat(auto-fit, minmax(220px, 1fr)); gap: 10px 32px; padding: 2px 0 18px; font-size: 13px }
.usage span { display: flex; justify-content: space-between; color: var(--soft) } .usage b { color: var(--ink); font-weight: 600; font-variant-numeric: tabular-nums }
.usage input { width: 100%; margin: 6px 0 0; accent-color: var(--mark) }

@container (max-width: 500px) {
  .views { flex-wrap: wrap; gap: 0 14px }
  .chips { flex-wrap: nowrap; overflow-x: auto; scrollbar-width: none; margin: -4px -12px; padding: 4px 12px; min-width: calc(100% + 24px) }
  .chip { flex: none } .orders { width: 100% } .orders .switch { flex: 1 0 100%; justify-content: start } .orders select { flex: 1 1 0; min-width: 0; text-overflow: ellipsis }
}
@container (max-width: ${NARROW_PX}px) {
  .row { padding-inline-start: 12px } .row .name, .row .facts { grid-column: 1 / -1 } .row .name { order: -2 } .row .by { order: -1 } .row .facts { justify-content: start }
}
@container (min-width: ${BESIDE_PX}px) {
  .compare thead td, .compare tbody th { width: 118px }
  .body:not(.is-whole) { grid-template-columns: minmax(0, 1fr) 320px }
  .body:not(.is-whole) .about { display: block; border-top: 0; border-inline-start: 1px solid var(--line); max-height: none; height: 0; min-height: 100% }
}
@media (pointer: coarse) {
  button, select, .chip, .switch, summary, .usage input { min-height: ${FINGER_PX}px; min-width: ${FINGER_PX}px } summary { padding-block: 12px }
  .field input { padding-inline-end: ${FINGER_PX}px !important; min-height: ${FINGER_PX}px }
  .eraser { inset-inline-end: 0; top: calc(50% - ${FINGER_PX / 2}px); width: ${FINGER_PX}px; height: ${FINGER_PX}px }
}
@media (prefers-reduced-motion: no-preference) {
  .chip, .switch::before { transition: background-color .12s }
  .note.is-loading p { animation: wait 1.2s ease-in-out infinite alternate } @keyframes wait { to { opacity: .45 } }
}
@media (forced-colors: active) { .row[data-active] { outline: 2px solid Highlight; outline-offset: -2px } .switch[aria-checked=true] { text-decoration: underline } }
`);
