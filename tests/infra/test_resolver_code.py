"""What AppSync is given to read: no field without its guard, no directive without its mode."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.resolver_code import (
    GUARD,
    LOGIN_CHECK,
    RESOLVERS,
    FieldName,
    ResolverError,
    function_code,
    resolver_code,
    root_fields,
    schema_text,
)

GET_JOB = FieldName(type_name="Query", field_name="getJob")
IMPORT = "import { util } from '@aws-appsync/utils';\n"


@pytest.fixture
def resolvers(tmp_path: Path) -> Path:
    (tmp_path / GUARD).write_text(f"{IMPORT}function viewer(ctx) {{ return ctx; }}\n")
    return tmp_path


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        pytest.param(None, "has no resolver", id="there is none"),
        pytest.param("export function request(ctx) { return {}; }", "who is calling", id="it never asks"),
        pytest.param("// viewer(ctx)\nexport function request() {}", "who is calling", id="it says so only"),
        pytest.param("viewer(ctx);" + " " * 32_000, "bytes", id="it is too long for AppSync"),
    ],
)
def test_a_field_is_not_deployed_when(resolvers: Path, code: str | None, complaint: str) -> None:
    if code is not None:
        (resolvers / "Query.getJob.js").write_text(code)
    with pytest.raises(ResolverError, match=complaint):
        resolver_code(GET_JOB, resolvers)


def test_the_guard_comes_between_the_imports_and_the_resolver(resolvers: Path) -> None:
    (resolvers / "Query.getJob.js").write_text(f"{IMPORT}export const request = (ctx) => viewer(ctx);\n")
    assert resolver_code(GET_JOB, resolvers) == (
        f"{IMPORT}function viewer(ctx) {{ return ctx; }}\nexport const request = (ctx) => viewer(ctx);\n"
    )


@pytest.mark.parametrize("field", root_fields(schema_text(api_key=True)), ids=str)
def test_every_field_of_the_schema_can_be_deployed(field: FieldName) -> None:
    code = resolver_code(field)
    assert ("function viewer(ctx)" in code) is (str(field) != "Mutation.publishStatus")


def test_every_resolver_file_belongs_to_a_field_or_a_pipeline() -> None:
    from infra.status_api import PIPELINES, STEPS  # noqa: PLC0415 - starts Node

    fields = {str(field) for field in root_fields(schema_text(api_key=True))}
    files = {path.stem for path in RESOLVERS.glob("*.js")}
    assert files - {"_viewer", "_handOn"} == fields | set(STEPS)
    assert {LOGIN_CHECK, *(name for steps in PIPELINES.values() for name in steps)} == set(STEPS)
    assert all(function_code(name) for name in STEPS)


def test_without_an_api_key_the_schema_differs_in_that_directive_alone() -> None:
    with_key, without = schema_text(api_key=True), schema_text(api_key=False)
    assert "@aws_api_key" in with_key
    assert "@aws_api_key" not in without
    assert "".join(with_key.replace("@aws_api_key", "").split()) == "".join(without.split())
