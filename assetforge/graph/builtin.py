"""The templates that come with assetforge, by name; unaware of what they are rendered with."""

from importlib import resources

PREFIX = "builtin:"
FOR_FAMILIES = {  # of each family, by its name
    "android-launcher": "android-launcher.xml.j2",
    "apple-app-icon": "apple-app-icon.json.j2",
    "favicon": "favicon.html.j2",
    "open-graph": "open-graph.html.j2",
    "pwa": "pwa.webmanifest.j2",
}
TEMPLATES = {
    "css": "assets.css.j2",
    "picture": "picture.html.j2",
    "typescript": "assets.ts.j2",
    **FOR_FAMILIES,
}
SCHEMA = "outputs.schema.json"
_ENGINES = (".j2", ".jinja", ".jinja2")
_MARKUP = (".html", ".htm", ".xml", ".svg")


def builtin_text(path: str) -> str | None:
    """The text of `builtin:NAME`, None where there is no such template."""
    file = TEMPLATES.get(path.removeprefix(PREFIX))
    return None if file is None else _read(file)


def outputs_schema() -> str:
    """The JSON Schema of the list that an emit without a template is, as text."""
    return _read(SCHEMA)


def is_markup(path: str) -> bool:
    """Whether a template makes HTML or its like, so that what is printed has to be escaped: by its name's ending."""
    name = TEMPLATES.get(path.removeprefix(PREFIX), path) if path.startswith(PREFIX) else path
    for ending in _ENGINES:
        name = name.removesuffix(ending)
    return name.lower().endswith(_MARKUP)


def _read(file: str) -> str:
    return resources.files("assetforge.graph").joinpath("templates", file).read_text("utf-8")
