// SPDX-License-Identifier: Apache-2.0
//
// How the page looks. Text has a contrast of 4.5 to 1 at least, shapes of 3 to 1 (WCAG 2.2, 1.4.3
// and 1.4.11), in light and dark; the test computes it.
#include "milter/ctl/report/page_parts.h"

namespace icm::ctl::report {

const std::string_view page_style = R"css(
:root {
  color-scheme: light dark;
  --paper: #fdfcfa; --ink: #1f1e1b; --soft: #5d5a53; --hair: #dcd8cf; --line: #7d786d;
  --accepted: #3f6184; --would: #94680a; --held: #6a5a94; --deferred: #ad5c14; --refused: #9c2a2c;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #171715; --ink: #e8e5dd; --soft: #a9a59b; --hair: #383630; --line: #8f8a7e;
    --accepted: #7f9fc4; --would: #d3a93f; --held: #aa9bd6; --deferred: #de935a; --refused: #e0696c;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0 auto; padding: clamp(1.5rem, 6vw, 5rem) clamp(1rem, 4vw, 2.5rem); max-width: 58rem;
  background: var(--paper); color: var(--ink);
  font: 1.0625rem/1.55 "Iowan Old Style", "Palatino Linotype", Palatino, "URW Palladio L", P052,
    "TeX Gyre Pagella", Charter, "Source Serif 4", Georgia, "Liberation Serif", serif;
  font-variant-numeric: lining-nums tabular-nums; hyphens: manual;
}
h1 { font-size: clamp(2.25rem, 6vw, 3.5rem); line-height: 1.05; font-weight: 400; margin: 0;
  letter-spacing: -.015em; }
h2 { font-size: 1.5rem; line-height: 1.2; font-weight: 400; margin: 0 0 1rem; }
p { margin: 0 0 .75rem; }
header { margin-bottom: 3.5rem; }
.span { color: var(--soft); margin: .75rem 0 2rem; }
.lede { font-size: clamp(1.25rem, 2.4vw, 1.5rem); line-height: 1.45; max-width: 40rem; }
section { border-top: 1px solid var(--hair); padding: 1.5rem 0 2.5rem; }
ul { padding-left: 1.1rem; margin: 0; }
li { margin-bottom: .4rem; overflow-wrap: anywhere; }
code { font: .875em/1.4 ui-monospace, "SF Mono", "Cascadia Mono", Menlo, "DejaVu Sans Mono",
    "Liberation Mono", monospace; overflow-wrap: anywhere; }
.none, .more, .key, .zero, .missing, figcaption, .change, .most, .axis, .page, .fix, summary {
  color: var(--soft); }
figure { margin: 0; }
figcaption { margin-bottom: 1.25rem; }
.row { display: grid; grid-template-columns: 12rem 1fr; gap: 1.5rem; margin-bottom: 1.5rem; }
.what { margin: 0; line-height: 1.2; }
.what .name { display: inline-block; }
.what .name::first-letter { text-transform: uppercase; }
.what strong { display: block; font-size: 1.75rem; font-weight: 400; margin: .15rem 0; }
.change { font-size: .875rem; }
.row .none { align-self: end; border-bottom: 1px solid var(--line); margin: 0; line-height: 1.4; }
.plot { position: relative; }
.plot svg { display: block; width: 100%; height: 4.25rem; border-bottom: 1px solid var(--line); }
.most { position: absolute; right: 0; top: -1.1rem; font-size: .8125rem; margin: 0; line-height: 1; }
.now { fill: var(--tone); }
.before { fill: none; stroke: var(--ink); stroke-width: 1; vector-effect: non-scaling-stroke; }
.row.accepted { --tone: var(--accepted); } .row.would { --tone: var(--would); }
.row.held { --tone: var(--held); } .row.deferred { --tone: var(--deferred); }
.row.refused { --tone: var(--refused); }
.axis { display: flex; justify-content: space-between; font-size: .8125rem; margin-left: 13.5rem; }
summary { cursor: pointer; width: fit-content; }
summary:focus-visible, .wide:focus-visible { outline: 2px solid var(--ink); outline-offset: 3px; }
details[open] summary { margin-bottom: 1rem; }
.wide { overflow-x: auto; margin-bottom: 1rem; }
table { border-collapse: collapse; width: 100%; }
caption { text-align: left; color: var(--soft); padding-bottom: .75rem; }
th, td { text-align: left; vertical-align: top; font-weight: 400; padding: .55rem 0 .55rem 1.25rem;
  border-bottom: 1px solid var(--hair); }
th:first-child { padding-left: 0; min-width: 13rem; width: 45%; overflow-wrap: anywhere; }
details th:first-child { min-width: 9rem; width: auto; }
td code { font-size: .8em; }
thead th { font-size: .875rem; line-height: 1.25; color: var(--soft); vertical-align: bottom;
  border-bottom: 1px solid var(--line); }
.n { text-align: right; white-space: nowrap; }
thead .n { white-space: normal; }
tbody p { margin: .1rem 0 0; line-height: 1.4; }
.page { font-size: .875rem; overflow-wrap: anywhere; }
.fix { font-size: .875rem; font-style: italic; overflow-wrap: anywhere; }
td .change { display: block; }
.bar { display: block; width: 100%; max-width: 20rem; height: .45rem; margin: .35rem 0; }
.bar + .bar { margin-top: -.15rem; }
rect.accepted { fill: var(--accepted); } rect.would { fill: var(--would); }
rect.held { fill: var(--held); } rect.deferred { fill: var(--deferred); }
rect.refused { fill: var(--refused); }
.key { font-size: .875rem; }
.swatch { display: inline-block; width: 1.5rem; height: .45rem; vertical-align: middle; }
.swatch.would { background: var(--would); } .swatch.refused { background: var(--refused); }
.missing { border-left: 2px solid var(--line); padding-left: .9rem; overflow-wrap: anywhere; }
@media (max-width: 40rem) {
  .row { grid-template-columns: 1fr; gap: .6rem; margin-bottom: 2rem; }
  .what strong { display: inline; font-size: 1.375rem; margin: 0 .35rem; }
  .axis { margin-left: 0; } .axis span:nth-child(2) { display: none; }
  .most { top: auto; bottom: -1.1rem; }
}
@media print {
  @page { margin: 18mm 16mm; }
  :root {
    --paper: #fff; --ink: #000; --soft: #444; --hair: #bbb; --line: #666; color-scheme: light;
    --accepted: #3f6184; --would: #94680a; --held: #6a5a94; --deferred: #ad5c14; --refused: #9c2a2c;
  }
  html { font-size: 9.5pt; }
  body { padding: 0; max-width: none; font-size: 1rem; }
  h1 { font-size: 28pt; } .lede { font-size: 13pt; }
  header { margin-bottom: 1.5rem; } section { padding: 1rem 0 1.25rem; }
  h2, caption, thead { break-after: avoid; } .row, tr, li { break-inside: avoid; }
  .wide { overflow: visible; } summary { display: none; }
  details::details-content { content-visibility: visible; height: auto; display: block; }
  details table { font-size: 8pt; } details th, details td { padding-top: .1rem; padding-bottom: .1rem; }
  svg, .swatch { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
)css";

}  // namespace icm::ctl::report
