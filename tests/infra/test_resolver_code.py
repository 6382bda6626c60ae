"""What AppSync is given to read: no field without its guard, no directive without its mode."""

from __future__ import annotations

from pathlib import Path

import pytest

from statusbeam.cdk.api.resolver_code import (
    GUARD,
    LOGIN_CHECK,
    RESOLVERS,
    FieldName,
    ResolverError,
    check_held,
    function_code,
    resolver_code,
    root_fields,
    schema_text,
)

GET_JOB = FieldName(type_name="Query", field_name="getJob")
GUARDS = "function viewer(ctx) { return ctx; }\nfunction mayView(who, head) { return head.who === who; }\n"
IMPORT = "import { util } from '@aws-appsync/utils';\n"


@pytest.fixture
def resolvers(tmp_path: Path) -> Path:
    (tmp_path / GUARD).write_text(IMPORT + GUARDS)
    return tmp_path


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        pytest.param(None, "has no resolver", id="there is none"),
        pytest.param("export function request(ctx) { return {}; }", "who is calling", id="it never asks"),
        pytest.param("// viewer(ctx)\nexport function request() {}", "who is calling", id="it says so only"),
        pytest.param("const said = 'viewer(ctx)';", "who is calling", id="a text says so"),
        pytest.param("const said = `viewer(ctx)`;", "who is calling", id="a template says so"),
        pytest.param("const who = ctx.args.viewer;", "who is calling", id="an argument is called so"),
        pytest.param(
            "function viewer(ctx) { return ctx.args; }", "only be called", id="it has its own guard"
        ),
        pytest.param(
            "const f = (ctx) => { const viewer = (ctx) => ctx.args; return viewer(ctx); };",
            "only be called",
            id="it has its own guard inside",
        ),
        pytest.param(
            "const f = (ctx, viewer) => viewer(ctx);", "only be called", id="its guard is a parameter"
        ),
        pytest.param(
            "viewer(ctx); const mayView = (who, head) => true;", "only be called", id="it sees everything"
        ),
        pytest.param("viewer(ctx);" + " " * 32_000, "bytes", id="it is too long for AppSync"),
    ],
)
def test_a_field_is_not_deployed_when(resolvers: Path, code: str | None, complaint: str) -> None:
    if code is not None:
        (resolvers / "Query.getJob.js").write_text(code)
    with pytest.raises(ResolverError, match=complaint):
        resolver_code(GET_JOB, resolvers)


ASKS = "export const request = (ctx) => viewer(ctx);\n"
SUBSCRIPTION = FieldName(type_name="Subscription", field_name="onJob")
FILTER = "extensions.setSubscriptionFilter(filter);"
INVALIDATION = "extensions.setSubscriptionInvalidationFilter(filter);"


@pytest.mark.parametrize(
    ("field", "code", "step", "missing"),
    [
        pytest.param(GET_JOB, "", "", "mayView", id="what it reads is anybody's"),
        pytest.param(
            GET_JOB, "// mayView(who, head)", "const s = 'mayView(';", "mayView", id="it says so only"
        ),
        pytest.param(SUBSCRIPTION, INVALIDATION, "", "setSubscriptionFilter", id="it filters nothing"),
        pytest.param(SUBSCRIPTION, FILTER, "", "setSubscriptionInvalidationFilter", id="nothing can end it"),
    ],
)
def test_what_a_field_gives_must_be_held_against_the_viewer(
    resolvers: Path, field: FieldName, code: str, step: str, missing: str
) -> None:
    (resolvers / f"{field}.js").write_text(ASKS + code)
    (resolvers / "step.js").write_text(step)
    with pytest.raises(ResolverError, match=missing):
        check_held(field, ["step"], resolvers)


@pytest.mark.parametrize(
    ("field", "code", "step"),
    [
        pytest.param(GET_JOB, "mayView(who, head)", "", id="by its resolver"),
        pytest.param(GET_JOB, "", "mayView(ctx.stash.who, head)", id="by a step"),
        pytest.param(SUBSCRIPTION, FILTER + INVALIDATION, "", id="by its filters"),
        pytest.param(
            FieldName(type_name="Mutation", field_name="end"), "", "", id="by a mutation's own rules"
        ),
    ],
)
def test_a_field_is_held_against_the_viewer(resolvers: Path, field: FieldName, code: str, step: str) -> None:
    (resolvers / f"{field}.js").write_text(ASKS + code)
    (resolvers / "step.js").write_text(step)
    check_held(field, ["step"], resolvers)


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


def test_the_guard_comes_between_the_imports_and_the_resolver(resolvers: Path) -> None:
    (resolvers / "Query.getJob.js").write_text(f"{IMPORT}export const request = (ctx) => viewer(ctx);\n")
    assert resolver_code(GET_JOB, resolvers) == (
        f"{IMPORT}{GUARDS}export const request = (ctx) => viewer(ctx);\n"
    )


@pytest.mark.parametrize("field", root_fields(schema_text(api_key=True)), ids=str)
def test_every_field_of_the_schema_can_be_deployed(field: FieldName) -> None:
    code = resolver_code(field)
    assert ("function viewer(ctx)" in code) is (str(field) != "Mutation.publishStatus")


def test_every_resolver_file_belongs_to_a_field_or_a_pipeline() -> None:
    from statusbeam.cdk.api.status_api import PIPELINES, STEPS  # noqa: PLC0415 - starts Node

    fields = {str(field) for field in root_fields(schema_text(api_key=True))}
    files = {path.stem for path in RESOLVERS.glob("*.js")}
    assert files - {"_viewer", "_handOn"} == fields | set(STEPS)
    assert {LOGIN_CHECK, *(name for steps in PIPELINES.values() for name in steps)} == set(STEPS)
    assert all(function_code(name) for name in STEPS)
    for field in root_fields(schema_text(api_key=True)):
        check_held(field, PIPELINES.get(str(field), ()))


def test_without_an_api_key_the_schema_differs_in_that_directive_alone() -> None:
    with_key, without = schema_text(api_key=True), schema_text(api_key=False)
    assert "@aws_api_key" in with_key
    assert "@aws_api_key" not in without
    assert "".join(with_key.replace("@aws_api_key", "").split()) == "".join(without.split())
