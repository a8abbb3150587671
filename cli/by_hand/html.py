"""The page of a plan as one HTML file that needs nothing else: from a USB stick, on paper, by day and by night.

Its one script copies lines and remembers ticks, and the page's policy lets no other run. Without it all is there but
the buttons. Every text is escaped; no command is cut.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256

from cli.by_hand.view import Block, Page, Section, Task
from pilotlight.domain.handwork import Command
from pilotlight.report.markup import own
from pilotlight.report.style import STYLE

_STYLE = """
nav ol{columns:2;margin:0;padding-left:22px}nav a{color:inherit}
section{margin-top:40px}h2{font-size:22px;letter-spacing:0;text-transform:none;color:var(--ink);margin:0 0 8px}
h2 small,h3 small{color:var(--soft);font-weight:400}
h3{font-size:17px;margin:0;display:inline}h4{font-size:13px;color:var(--soft);margin:16px 0 4px;font-weight:650}
.task{margin-top:14px;break-inside:auto}.tags{color:var(--soft);font-size:13px;margin:4px 0 0 30px}
.stop{border-left:6px solid var(--bad);padding:6px 14px;margin:12px 0;background:var(--faint);border-radius:0 8px 8px 0}
.stop b{color:var(--bad)}
input[type=checkbox]{width:18px;height:18px;margin:0 10px 0 0;vertical-align:-3px;accent-color:var(--good)}
.command{margin:8px 0 12px;break-inside:avoid}.command label{display:block}
.line{display:flex;gap:8px;align-items:flex-start;margin:4px 0 0 30px}
.line pre{flex:1;min-width:0;margin:0;background:var(--faint);border-radius:8px;padding:8px 12px;
white-space:pre-wrap;overflow-wrap:anywhere}
button{font:inherit;font-size:12.5px;color:var(--ink);background:var(--card);border:1px solid var(--line);
border-radius:8px;padding:6px 12px;cursor:pointer;min-width:76px}
.line i{font-style:normal;white-space:nowrap}
.aside{border-left:3px dotted var(--soft);padding-left:14px;margin-top:14px;opacity:.75}
.shows{margin:3px 0 0 30px;color:var(--soft);font-size:13.5px}.shows b{color:var(--good)}
.irreversible{color:var(--bad);font-weight:650}.disruptive{color:var(--ask);font-weight:650}
.harmless{color:var(--good);font-weight:650}
.blank{margin:10px 0 0;display:flex;gap:10px}.blank i{flex:1;border-bottom:1px solid var(--soft);min-height:24px}
@media(max-width:720px){nav ol{columns:1}.line,.shows,.tags{margin-left:0}}
@media print{button{display:none}main{max-width:none;padding:0}.line pre{background:none;border:1px solid #bbb}
section{break-before:auto}h2,h3,h4{break-after:avoid}.stop{background:none}}
"""
_AN_OPTION = re.compile(r"(?<= )(--[a-z0-9-]+)")
_SCRIPT = """
"use strict";
const said=button=>{button.textContent="copied";setTimeout(()=>{button.textContent="copy"},1500)};
const old=text=>{const area=document.createElement("textarea");area.value=text;document.body.append(area);area.select();
const done=document.execCommand("copy");area.remove();return done};
document.addEventListener("click",event=>{const button=event.target;if(button.tagName!=="BUTTON")return;
const text=button.parentElement.querySelector("code").textContent;
if(navigator.clipboard)navigator.clipboard.writeText(text).then(()=>said(button),()=>{if(old(text))said(button)});
else if(old(text))said(button)});
const key="pilotlight "+document.documentElement.dataset.digest;
let ticks={};try{ticks=JSON.parse(localStorage.getItem(key))||{}}catch(nothing){ticks={}}
for(const box of document.querySelectorAll("input")){box.checked=Boolean(ticks[box.id]);
box.addEventListener("change",()=>{ticks[box.id]=box.checked;
try{localStorage.setItem(key,JSON.stringify(ticks))}catch(nothing){return}})}
"""


def html_of(page: Page) -> str:
    """The whole file; the same page gives the same text."""
    hashed = b64encode(sha256(_SCRIPT.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{hashed}'"
    contents = "".join(f'<li><a href="#{own(s.name)}">{own(s.title)}</a></li>' for s in page.sections)
    sections = "".join(_section(number, section) for number, section in enumerate(page.sections, start=1))
    return (
        f'<!doctype html><html lang="en" data-digest="{own(page.digest)}"><head><meta charset="utf-8">'
        f'<title>{own(page.title)}</title><meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f'<style>{STYLE}{_STYLE}</style></head><body><main class="calm">'
        f'<header><h1>{own(page.title)}</h1><p class="lead">{own(page.lead)}</p>'
        f'<p class="soft">{own(" · ".join(page.facts))}</p></header>'
        f'<nav class="card"><ol>{contents}</ol></nav>{sections}'
        f"<footer>plan SHA-256 <code>{own(page.digest)}</code><br>A page of another digest is of another plan: "
        "<code>./pilotlight runbook</code> writes it anew.</footer></main>"
        f"<script>{_SCRIPT}</script></body></html>\n"
    )


def _section(number: int, section: Section) -> str:
    says = "".join(f"<p>{own(sentence)}</p>" for sentence in section.says)
    tasks = "".join(_task(section, task) for task in section.tasks)
    return (
        f'<section id="{own(section.name)}"><h2><small>{number}.</small> {own(section.title)}</h2>{says}'
        f"{_stop(section.stop_if)}{tasks}</section>"
    )


def _task(section: Section, task: Task) -> str:
    name = f"{section.name}/{task.name}"
    tags = " · ".join(f'<span class="{own(tag)}">{own(tag)}</span>' for tag in task.tags)
    said = f"<p>{own(task.says)}</p>" if task.says else ""
    blocks = "".join(_block(f"{name}/{number}", block) for number, block in enumerate(task.blocks))
    return (
        f'<div class="card task"><label><input type="checkbox" id="{own(name)}"><h3>{own(task.title)}</h3></label>'
        f"{f'<p class=tags>{tags}</p>' if tags else ''}{said}{_stop(task.stop_if)}{blocks}</div>"
    )


def _block(name: str, block: Block) -> str:
    commands = "".join(_commands(name, block.commands))
    blanks = "".join(f'<p class="blank">{own(blank)}<i></i></p>' for blank in block.blanks)
    look = ' class="aside"' if block.aside else ""
    return f"<div{look}><h4>{own(block.heading)}</h4>{commands}{blanks}</div>"


def _commands(name: str, commands: Iterable[Command]) -> Iterable[str]:
    for number, command in enumerate(commands):
        shows = f'<p class="shows"><b>must show</b> {own(command.shows)}</p>' if command.shows else ""
        yield (
            f'<div class="command"><label><input type="checkbox" id="{own(f"{name}/{number}")}">{own(command.why)}'
            f'</label><div class="line"><pre><code>{_line(command.line)}</code></pre>'
            f'<button type="button">copy</button></div>{shows}</div>'
        )


def _line(line: str) -> str:
    """The line, escaped; no option is broken in two, for whoever types from paper."""
    return _AN_OPTION.sub(r"<i>\1</i>", own(line))


def _stop(condition: str) -> str:
    return f'<p class="stop"><b>Stop if</b> {own(condition)}</p>' if condition else ""
