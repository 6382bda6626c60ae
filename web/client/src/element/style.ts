// The style of <job-status>, as a constructed style sheet, which a CSP without unsafe-inline allows.

const CSS = `
:host {
  --_text: var(--job-status-text, light-dark(#1b1f24, #e8ebef));
  --_soft: var(--job-status-soft, light-dark(#57606a, #a3adb8));
  --_line: var(--job-status-line, light-dark(#d5dae0, #3a424c));
  --_back: var(--job-status-background, light-dark(#ffffff, #16191d));
  --_work: var(--job-status-work, light-dark(#0b5fc4, #6ab0ff));
  --_good: var(--job-status-good, light-dark(#136c34, #5fd08a));
  --_bad: var(--job-status-bad, light-dark(#b3261e, #ff8f85));
  --_doubt: var(--job-status-doubt, light-dark(#8a4b00, #f2b45c));
  display: block;
  color-scheme: light dark;
  font: 0.9375rem/1.45 system-ui, sans-serif;
  color: var(--_text);
}
:host([hidden]) { display: none; }
.card { border: 1px solid var(--_line); border-radius: 0.75rem; padding: 0.875rem 1rem; background: var(--_back); }
.top { display: flex; gap: 0.75rem; align-items: baseline; justify-content: space-between; }
.title { font-weight: 600; overflow-wrap: anywhere; }
.state { white-space: nowrap; color: var(--_soft); }
.state[data-state='completed'] { color: var(--_good); }
.state[data-state='failed'] { color: var(--_bad); }
.state[data-state='stale'], .state[data-state='lost'], .state[data-state='unknown'] { color: var(--_doubt); }
progress {
  appearance: none; display: block; inline-size: 100%; block-size: 0.5rem; margin-block: 0.625rem;
  border: 0; border-radius: 1rem; overflow: hidden; background: var(--_line);
}
progress::-webkit-progress-bar { background: var(--_line); }
progress::-webkit-progress-value { background: var(--_work); border-radius: 1rem; transition: inline-size 0.3s; }
progress::-moz-progress-bar { background: var(--_work); border-radius: 1rem; }
progress[data-state='completed']::-webkit-progress-value { background: var(--_good); }
progress[data-state='failed']::-webkit-progress-value { background: var(--_bad); }
progress:indeterminate { background: linear-gradient(90deg, var(--_line) 30%, var(--_work) 50%, var(--_line) 70%) 0 0 / 300% 100%; animation: wander 2s linear infinite; }
progress:indeterminate::-webkit-progress-bar { background: none; }
progress:indeterminate::-moz-progress-bar { background: none; }
@keyframes wander { from { background-position: 100% 0; } to { background-position: -50% 0; } }
ul { list-style: none; margin: 0; padding: 0; display: grid; gap: 0.375rem; }
li { display: grid; grid-template-columns: 1.25rem 1fr auto; gap: 0 0.5rem; }
.mark { text-align: center; color: var(--_soft); }
li[data-state='in-progress'] .mark { color: var(--_work); }
li[data-state='success'] .mark { color: var(--_good); }
li[data-state='error'] .mark { color: var(--_bad); }
li[data-state='stale'] .mark, li[data-state='lost'] .mark, li[data-state='unknown'] .mark { color: var(--_doubt); }
.name { overflow-wrap: anywhere; }
.agent-state { color: var(--_soft); font-variant-numeric: tabular-nums; }
.activity { grid-column: 2 / -1; color: var(--_soft); font-size: 0.875em; overflow-wrap: anywhere; }
.note { margin: 0.625rem 0 0; font-size: 0.8125em; color: var(--_doubt); }
.note:empty, .activity:empty, ul:empty { display: none; }
.announcement { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (prefers-reduced-motion: reduce) { * { animation: none !important; transition: none !important; } }
@media (forced-colors: active) { progress { border: 1px solid; } }
`;

let sheet: CSSStyleSheet | null = null;

/** One sheet for all elements of the page. */
export function styleSheet(): CSSStyleSheet {
  if (sheet === null) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
  }
  return sheet;
}
