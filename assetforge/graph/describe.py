"""The JSON Schema of the manifest (draft 2020-12), for editors: composed of what validates, so that it can't drift.

What only the whole manifest can tell (references, a model's rules, names) stays with the build.
"""

from collections.abc import Mapping
from typing import Any

from assetforge.entry import Entry
from assetforge.graph.builtin import PREFIX, TEMPLATES
from assetforge.manifest.schema import (
    ASSET_NAME,
    AssetEntry,
    AssetTable,
    EditTable,
    EmitTable,
    ManifestFile,
    OutputTable,
)
from assetforge.ops.table import OPS, PUBLIC
from assetforge.providers.catalog import BUILT_IN
from assetforge.providers.spec import ProviderTable

DRAFT = "https://json-schema.org/draft/2020-12/schema"
Document = dict[str, Any]

# A string that a template renders, and one that reads as a TOML value that is no text.
TEMPLATE: Document = {"type": "string", "pattern": r"\{[{%#]"}
VALUE: Document = {"type": "string", "pattern": r"\{[{%#]|^\s*([-+.\d\[{]|true\b|false\b|inf\b|nan\b)"}
NAME: Document = {"pattern": f"^{ASSET_NAME.pattern.removesuffix(chr(92) + 'Z')}$"}
NUMBERS: Document = {"anyOf": [{"type": "array", "items": {"anyOf": [{"type": "number"}, VALUE]}}, VALUE]}
POINTS: Document = {"anyOf": [{"type": "array", "items": NUMBERS, "minItems": 3}, VALUE]}
SHAPES = {
    "rect": (NUMBERS, "[x, y, width, height] of the part to be edited."),
    "ellipse": (NUMBERS, "[x, y, width, height] round the part to be edited."),
    "polygon": (POINTS, "Corners [x, y] of the part to be edited."),
}


def describe() -> Document:
    """The whole schema."""
    steps = [*map(_op_step, PUBLIC), *map(_installed_step, OPS.installed()), _edit_step(), _use_step()]
    definitions: Document = {
        "steps": {"type": "array", "items": {"$ref": "#/$defs/step"}},
        "step": {"oneOf": steps},
        "shape": {"oneOf": [_shape(*entry) for entry in SHAPES.items()]},
        "output": _described(OutputTable),
        "asset": _asset(),
        "override": _override(),
        "emit": _emit(),
    }
    whole = _plain(ManifestFile)
    properties = whole["properties"]
    properties["asset"] |= {"additionalProperties": {"$ref": "#/$defs/asset"}, "propertyNames": NAME}
    properties["emit"] |= {"additionalProperties": {"$ref": "#/$defs/emit"}, "propertyNames": NAME}
    properties["chain"] |= {"additionalProperties": {"$ref": "#/$defs/steps"}, "propertyNames": NAME}
    properties["provider"] |= _providers()
    definitions |= whole.pop("$defs", {})
    return {"$schema": DRAFT, "title": "assets.toml", **whole, "$defs": dict(sorted(definitions.items()))}


def _asset() -> Document:
    asset = _described(AssetEntry)
    properties = asset["properties"]
    properties["overrides"] = {**properties["overrides"], "items": {"$ref": "#/$defs/override"}}
    _refer(properties)
    asset["oneOf"] = [{"required": [origin]} for origin in ("prompt", "prompt_file", "source")]
    return asset


def _emit() -> Document:
    emit = _described(EmitTable)
    built_in = {"enum": [f"{PREFIX}{name}" for name in sorted(TEMPLATES)]}
    template = emit["properties"]["template"]
    others = {"type": "string", "not": {"pattern": f"^{PREFIX}"}}
    emit["properties"]["template"] = {"anyOf": [built_in, others], "description": template["description"]}
    return emit


def _override() -> Document:
    override = _described(AssetTable)
    properties = override["properties"]
    _refer(properties)
    by_id = {"type": "object", "additionalProperties": {"type": "object"}}
    told = "All steps anew, or keys of single steps: steps.ID.KEY = VALUE."
    properties["steps"] = {"anyOf": [{"$ref": "#/$defs/steps"}, by_id], "description": told}
    when = {"type": "object", "description": "The cells that are meant: what each axis shows."}
    override |= {"properties": {"when": when, **properties}, "required": ["when"]}
    override["description"] = "Settings for the instances that `when` meets."
    return override


def _refer(properties: Document) -> None:
    """Outputs and steps by their own definitions."""
    output = {"$ref": "#/$defs/output"}
    properties["output"] = {"anyOf": [{"type": "string"}, output], "description": properties["output"]["description"]}
    listed = {"type": "array", "items": {"anyOf": [{"type": "string"}, output]}}
    properties["outputs"] = {"anyOf": [listed, VALUE], "description": properties["outputs"]["description"]}
    properties["steps"] = {"$ref": "#/$defs/steps", "description": properties["steps"]["description"]}


def _op_step(name: str) -> Document:
    return _step(name, _described(OPS[name].params))


def _installed_step(name: str) -> Document:
    """A step of another package; any parameters will do of one that can't describe them."""
    try:
        return _op_step(name)
    except Exception:  # whatever a package's code raises: a build tells it
        step = _step(name, {"type": "object", "properties": {}})
        return {**step, "additionalProperties": True}


def _edit_step() -> Document:
    step = _step("edit", _described(EditTable))
    shape = {"$ref": "#/$defs/shape"}
    mask: Document = {"anyOf": [{"type": "string"}, shape, {"type": "array", "items": shape, "minItems": 1}]}
    step["properties"]["mask"] = {**mask, "description": "What to edit: a file, a reference or shapes."}
    return step


def _step(op: str, params: Document) -> Document:
    name = {"type": "string", **NAME, "description": "A name for ASSET:STEP and overrides."}
    properties = {"op": {"const": op}, "id": name, **params["properties"]}
    return {**params, "title": op, "properties": properties, "required": ["op", *params.get("required", [])]}


def _use_step() -> Document:
    name = {"type": "string", "description": "A name under [chain]: its steps stand here."}
    return {
        "title": "use",
        "type": "object",
        "properties": {"use": name},
        "required": ["use"],
        "additionalProperties": False,
    }


def _shape(kind: str, told: tuple[Document, str]) -> Document:
    form, description = told
    properties = {kind: {**form, "description": description}}
    return {"type": "object", "properties": properties, "required": [kind], "additionalProperties": False}


def _providers() -> Document:
    """A built-in provider's table need not say its kind."""
    table = _inlined(_plain(ProviderTable))
    partial = {key: value for key, value in table.items() if key != "required"}
    return {"properties": dict.fromkeys(BUILT_IN, partial), "additionalProperties": table}


# --- from pydantic's schema to one for people who write TOML ----------------------------------------------------


def _plain(model: type[Entry]) -> Document:
    """A table's schema as TOML has it: no null, no titles made from names."""
    return _cleaned(model.model_json_schema(ref_template="#/$defs/{model}"))  # type: ignore[no-any-return]


def _described(model: type[Entry]) -> Document:
    """A table whose strings are templates: where something else than text is wanted, one may stand for it."""
    table = _plain(model)
    for inner in (table, *table.get("$defs", {}).values()):
        if "properties" in inner:
            inner["properties"] = {name: _or_template(form) for name, form in inner["properties"].items()}
    return _inlined(table)


def _inlined(table: Document) -> Document:
    """A table with the tables in it where they stand: `$defs` are the whole schema's."""
    definitions = table.pop("$defs", {})

    def put(form: Any) -> Any:
        if isinstance(form, list):
            return [put(part) for part in form]
        if not isinstance(form, Mapping):
            return form
        name = str(form.get("$ref", "")).removeprefix("#/$defs/")
        if name in definitions:
            form = {**definitions[name], **{key: value for key, value in form.items() if key != "$ref"}}
        return {key: put(value) for key, value in form.items()}

    return put(table)  # type: ignore[no-any-return]


def _cleaned(form: Any) -> Any:
    if isinstance(form, list):
        return [_cleaned(part) for part in form]
    if not isinstance(form, Mapping):
        return form
    kept = {key: value for key, value in form.items() if key != "title" or not isinstance(value, str)}
    if kept.get("default", "") is None or isinstance(kept.get("default"), dict | list):
        kept.pop("default")
    options = kept.get("anyOf")
    if isinstance(options, list):
        options = [option for option in options if option != {"type": "null"}]
        kept["anyOf"] = options
        if len(options) == 1:
            kept.pop("anyOf")
            kept = {**options[0], **kept}
    return {key: _cleaned(value) for key, value in kept.items()}


def _or_template(form: Document) -> Document:
    """A value, or the string that stands for it: any template for a choice of words, a TOML value for the rest."""
    options = form.get("anyOf", [form])
    if any(option.get("type") == "string" and "enum" not in option for option in options):
        return form
    if not any("type" in option or "$ref" in option or "enum" in option for option in options):
        return form
    string = TEMPLATE if all(option.get("type") == "string" for option in options) else VALUE
    told: Document = {key: form[key] for key in ("description", "default") if key in form}
    bare: list[Document] = [{key: value for key, value in option.items() if key not in told} for option in options]
    return {"anyOf": [*bare, string], **told}
