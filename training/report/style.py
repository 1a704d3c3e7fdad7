"""How the page looks: on light and dark screens, narrow ones, and on paper."""

STYLE = """
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: #1c2430; --soft: #576273; --line: #d9dee6; --panel: #f5f7fa;
  --good: #10693a; --bad: #a3212b; --unsure: #6d5200; --link: #0b57a4; --hit: #dff3e5;
  --series-0: #0b62b8; --series-1: #c2410c; --series-2: #0f7a53; --series-3: #8b3fb0;
  --series-4: #a16207; --series-5: #be185d; --series-6: #4b5563; --series-7: #0e7490;
}
@media (prefers-color-scheme: dark) { :root {
  --paper: #12161c; --ink: #e6eaf0; --soft: #a5b0c0; --line: #333c49; --panel: #1b212a;
  --good: #6fd699; --bad: #ff9a9a; --unsure: #e8c75b; --link: #8cc2ff; --hit: #17402a;
  --series-0: #6db3ff; --series-1: #ff9d6b; --series-2: #57d4a0; --series-3: #d49bf2;
  --series-4: #e6bd54; --series-5: #ff8fc0; --series-6: #b3bcc8; --series-7: #5fd0e6;
} }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
main, header, footer { max-width: 72rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 2.5rem; }
h1 { font-size: 2rem; line-height: 1.2; margin: 0 0 .25rem; }
h2 { font-size: 1.4rem; margin: 3rem 0 .5rem; padding-top: 1rem;
  border-top: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 1.75rem 0 .4rem; overflow-wrap: anywhere; }
p { max-width: 46rem; margin: .5rem 0; }
p, li { overflow-wrap: anywhere; }
a { color: var(--link); }
.soft, caption, figcaption { color: var(--soft); }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.1rem; list-style: none; padding: 0; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); gap: 1rem;
  margin: 1.25rem 0; padding: 0; list-style: none; }
.cards li { background: var(--panel); border: 1px solid var(--line); border-radius: .6rem;
  padding: 1rem 1.1rem; }
.cards strong { display: block; font-size: 1.9rem; line-height: 1.25; }
.cards h3 { margin: 0; }
.good, .bad, .unsure { font-weight: 600; }
.good { color: var(--good); } .bad { color: var(--bad); } .unsure { color: var(--unsure); }
figure { margin: 1rem 0; overflow-x: auto; }
figure svg { width: 100%; min-width: 36rem; height: auto; display: block; }
.scroll { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; width: 100%; font-size: .92rem;
  font-variant-numeric: tabular-nums; }
caption { text-align: left; padding-bottom: .4rem; }
th, td { text-align: left; padding: .4rem .7rem .4rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; }
td:last-child { overflow-wrap: anywhere; min-width: 9rem; }
thead th { color: var(--soft); font-weight: 600; }
tbody th { font-weight: 600; }
td small { color: var(--soft); white-space: nowrap; display: block; }
code { white-space: nowrap; }
details { margin: .75rem 0; }
summary { cursor: pointer; color: var(--link); }
.visitor { border: 1px solid var(--line); border-radius: .6rem; padding: .2rem 1.1rem 1rem;
  margin: 1.25rem 0; }
.lists { display: grid; gap: 1rem 1.25rem;
  grid-template-columns: repeat(auto-fit, minmax(11.5rem, 1fr)); }
.lists h4 { margin: .6rem 0 .2rem; font-size: .95rem; }
.lists ol, .lists ul { margin: 0; padding-left: 1.5rem; font-size: .88rem; line-height: 1.4; }
.lists li { overflow-wrap: anywhere; padding: .1rem .25rem; }
.lists li.hit { background: var(--hit); border-radius: .25rem; font-weight: 600; }
.lists small { color: var(--soft); font-weight: 400; }
footer { color: var(--soft); padding-bottom: 3rem; margin-top: 3rem; }
@media print {
  :root { color-scheme: light;
    --paper: #fff; --ink: #000; --soft: #444; --line: #bbb; --panel: #fff; --good: #0b5029;
    --bad: #86121c; --unsure: #4f3c00; --link: #000; --hit: #e8e8e8;
    --series-0: #0b62b8; --series-1: #c2410c; --series-2: #0f7a53; --series-3: #8b3fb0;
    --series-4: #a16207; --series-5: #be185d; --series-6: #4b5563; --series-7: #0e7490; }
  body { font-size: 10.5pt; }
  nav { display: none; }
  .visitor, figure, tr, .cards li { break-inside: avoid; }
  h2, h3, caption { break-after: avoid; }
  .scroll, figure { overflow: visible; }
  figure svg { min-width: 0; }
  details::details-content { content-visibility: visible; block-size: auto; }
}
@media (forced-colors: active) { .lists li.hit { outline: 1px solid; } }
"""
