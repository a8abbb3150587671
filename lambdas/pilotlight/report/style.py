"""The look of the report: one style sheet, light and dark, with nothing from outside."""

STYLE = """
:root{color-scheme:light dark;--bg:#f4f5f8;--card:#fff;--ink:#151a22;--soft:#596273;--line:#e0e4ea;--faint:#eef0f4;
--work:#3557c9;--good:#177245;--bad:#b9282b;--ask:#935800;--calm:#56606f;--on:#fff}
@media(prefers-color-scheme:dark){:root{--bg:#0d1016;--card:#161b23;--ink:#e9edf3;--soft:#9ca7b6;--line:#2b333f;
--faint:#1e242e;--work:#86a3ff;--good:#56c98f;--bad:#ff8078;--ask:#f2b857;--calm:#a5b0be;--on:#0d1016}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,-apple-system,
"Segoe UI",Roboto,"Noto Sans",sans-serif;
-webkit-text-size-adjust:100%}
main{max-width:1120px;margin:0 auto;padding:28px 20px 60px}
header{border-left:6px solid var(--tone);padding:2px 0 2px 20px;margin-bottom:22px}
h1{font-size:30px;line-height:1.2;margin:8px 0 6px;letter-spacing:-.01em;text-wrap:balance}
h2{font-size:13px;letter-spacing:.06em;text-transform:uppercase;color:var(--soft);margin:34px 0 10px;font-weight:650}
p{margin:6px 0}bdi{overflow-wrap:anywhere}
code,.mono{font:12.5px/1.5 ui-monospace,SFMono-Regular,Menlo,"DejaVu Sans Mono",monospace}
.pill{display:inline-block;background:var(--tone);color:var(--on);
border-radius:99px;padding:3px 13px;font-weight:650;font-size:13px}
.lead{font-size:17px;max-width:78ch}
.soft{color:var(--soft)}
.card{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:16px 20px}
.good{--tone:var(--good)}.bad{--tone:var(--bad)}
.asking{--tone:var(--ask)}.at-work{--tone:var(--work)}.calm{--tone:var(--calm)}
.need{border-left:6px solid var(--ask);margin:0 0 16px}
.drafts details{margin:6px 0}.drafts pre{white-space:pre-wrap;overflow-wrap:anywhere}
.need pre,.drafts pre{background:var(--faint);border-radius:8px;padding:10px 12px;margin:10px 0 0;
overflow:auto;user-select:all}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:16px;margin-top:16px}
.big{font-size:30px;font-weight:680;letter-spacing:-.01em;font-variant-numeric:tabular-nums}
.kept{color:var(--good);font-weight:650}.missed{color:var(--bad);font-weight:650}
.ribbon{display:grid;grid-template-columns:repeat(5,1fr);list-style:none;margin:0;padding:0}
.ribbon li{position:relative;padding:26px 8px 0 0}
.ribbon li:before{content:"";position:absolute;left:0;top:8px;width:100%;height:2px;background:var(--line)}
.ribbon li:last-child:before{display:none}
.ribbon li:after{content:"";position:absolute;left:0;top:3px;width:12px;
height:12px;border-radius:50%;background:var(--card);border:2px solid var(--soft)}
.ribbon li.reached:after{background:var(--tone);border-color:var(--tone)}
.ribbon li.way:before{background:var(--tone)}
.ribbon b{display:block}.ribbon .at{font-size:19px;font-weight:650;font-variant-numeric:tabular-nums}
.ribbon .gap{position:absolute;top:-9px;left:22px;right:10px;text-align:center;font-size:12px;color:var(--soft)}
.ribbon small,.axis-words{color:var(--soft);font-size:12.5px;line-height:1.35;display:block}
.budget{width:100%;height:auto;display:block;margin-top:10px}
.chart{overflow-x:auto}.chart svg{min-width:760px;width:100%;height:auto;display:block}
svg text{font-family:inherit;font-size:12.5px;fill:var(--ink);
paint-order:stroke;stroke:var(--card);stroke-width:4px;stroke-linejoin:round}
svg .axis,svg .clock-name{fill:var(--soft);text-anchor:middle;font-size:11.5px}
svg .clock-name{fill:var(--work);font-weight:600}
svg .stage{font-weight:680;font-size:12px;fill:var(--soft)}svg .quiet{fill:var(--soft);font-size:12px}
svg .before{text-anchor:end}svg .inside{fill:var(--on);stroke:none;font-size:12px;font-weight:600}
svg .tick,svg .rule{stroke:var(--line)}svg .clock{stroke:var(--work);stroke-dasharray:3 3;fill:none}
svg .settled{fill:var(--good)}svg .running{fill:var(--work)}svg .failed{fill:var(--bad)}svg .skipped{fill:var(--calm)}
svg .stripe{fill:var(--card);opacity:.45}svg .cross{stroke:var(--card);stroke-width:1.2;opacity:.6}
svg .call{stroke:var(--ink);stroke-width:1.5}svg .refused{stroke:var(--bad);stroke-width:3}
svg g:focus{outline:2px solid var(--work)}
svg .track{fill:var(--faint)}svg .used{fill:var(--tone)}svg .usual{fill:none;stroke:var(--soft);stroke-dasharray:3 2}
.step{border-top:1px solid var(--line);padding:12px 0}.step:first-child{border-top:0}
.step .top{display:flex;flex-wrap:wrap;gap:2px 14px;align-items:baseline}
.step .top b{font-size:15.5px}
.state{font-weight:650;white-space:nowrap}
.settled>.top .state{color:var(--good)}.failed>.top .state{color:var(--bad)}.running>.top .state{color:var(--work)}
.fix{border-left:4px solid var(--ask);padding-left:10px}
ul.calls{list-style:none;margin:6px 0 0;padding:0}ul.calls li{padding:1px 0;overflow-wrap:anywhere}
ul.calls .refused{color:var(--bad);font-weight:650}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:14px}
th{text-align:left;color:var(--soft);font-weight:600;font-size:12.5px;padding:4px 12px 4px 0}
td{border-top:1px solid var(--line);padding:6px 12px 6px 0;vertical-align:top}
td.n{font-variant-numeric:tabular-nums;white-space:nowrap;color:var(--soft)}td.k{white-space:nowrap}
.ledger table{font-size:12.5px}summary{cursor:pointer;font-weight:600}
footer{margin-top:30px;color:var(--soft);font-size:12.5px;overflow-wrap:anywhere}
@media(max-width:720px){.pair{grid-template-columns:1fr}.ribbon{grid-template-columns:1fr;gap:10px}
.ribbon li{padding:0 0 0 26px}.ribbon li:before{left:5px;top:8px;width:2px;height:110%}
.ribbon li{display:flex;flex-direction:column}.ribbon .gap{position:static;text-align:left;order:9}
h1{font-size:24px}}
@media print{body{background:#fff}.card{break-inside:avoid}details>*{display:block}}
"""
