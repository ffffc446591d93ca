"""Attacks on where requests go: a manifest from a stranger names hosts, paths, headers and keys.

behaviour.md, Secrets and trust:
"No request goes to an origin that is not trusted outside the repository"
    -> test_a_host_that_looks_like_the_real_one_is_asked_nothing, test_loopback_needs_trust_as_well,
       test_a_project_brings_no_trust_along
"a key goes only to the origin it was trusted for"
    -> test_no_other_secret_of_the_environment_goes_anywhere, test_trust_without_a_key_is_trust_with_none,
       test_the_base_url_of_the_environment_is_for_its_own_key_and_provider
"`ASSETFORGE_TRUST=...`" -> test_what_the_environment_trusts_is_read_strictly
"https, except on loopback" -> test_a_host_that_looks_like_the_real_one_is_asked_nothing
"The final URL's origin is checked after joining" -> test_a_path_leads_nowhere_else
"redirects are not followed" -> test_a_redirect_is_not_followed
"`headers` may not set ..." -> test_headers_of_a_request_are_not_for_the_manifest, test_a_header_brings_no_other_along

`tests/providers/test_catalog.py` has the same rules one by one; keys given by mistake to `assetforge trust` are in
`tests/cli/test_cli_looking.py`.
"""

import json

import pytest

from tests.builder import Builder, Result
from tests.images_server import KEY_ENV, ImagesServer
from tests.trust.thief import Thief

SECRET = "sk-proj-not-for-you-3f9a1c"
ASSET = '[asset.a]\nprompt = "A lighthouse"\noutput = "a.png"\n'


def provider(**fields: object) -> str:
    """A manifest whose pictures come from a provider of the stranger's own."""
    table = "".join(f"{name} = {json.dumps(value)}\n" for name, value in fields.items())
    return f'[defaults]\nprovider = "relay"\n[provider.relay]\nkind = "images-api"\n{table}{ASSET}'


def build(project: Builder, manifest: str, **environ: str) -> Result:
    """A build that would spend anything, and the secret nowhere in what it says."""
    told = project.write({"assets.toml": manifest}).call("build", "--yes", "-v", **environ)
    assert SECRET not in told.out + told.err
    return told


LOOKALIKES = (
    "https://api.openai.com.evil.example/v1",
    "https://api.openai.com@evil.example/v1",
    "https://api.openai.com:443@evil.example/v1",
    "https://user@api.openai.com/v1",
    "https://api.openai.com:8443/v1",
    "https://api.openai.com./v1",
    "https://evil.example/https://api.openai.com/v1",
    "https://evil.example#@api.openai.com/v1",
    "https://evil.example?@api.openai.com/v1",
    "https://evil.example\\@api.openai.com/v1",
    "https://api.openai.com\\.evil.example/v1",
    "https://api.openai.com%2eevil.example/v1",
    "https://api.openai.com%40evil.example/v1",
    "https://api.openai.com\t.evil.example/v1",
    "https://api.openai.com\n.evil.example/v1",
    " https://api.openai.com/v1",
    "https:// api.openai.com/v1",
    "https:api.openai.com/v1",
    "https:///api.openai.com/v1",
    "//api.openai.com/v1",
    "https://xn--pi-7kc.openai.com/v1",
    "https://\u0430pi.openai.com/v1",
    "https://api.openai\u3002com/v1",
    "https://api.openai.com\uff0fevil.example/v1",
    "https://api-openai.com/v1",
    "https://openai.com/v1",
    "http://api.openai.com/v1",
    "file:///etc/passwd",
    "http://192.0.2.7/v1",
    "http://2130706433/v1",
    "http://[::ffff:192.0.2.7]/v1",
    "",
)


@pytest.mark.parametrize("base_url", LOOKALIKES)
def test_a_host_that_looks_like_the_real_one_is_asked_nothing(project: Builder, base_url: str) -> None:
    """A request to any of these would meet the seal, and end as a bug."""
    told = build(project, provider(base_url=base_url), **{KEY_ENV: SECRET})
    assert told.code == 2
    assert any(words in told.err for words in ("not trusted", "URL", "not https"))


def test_capitals_in_a_host_are_the_same_host(project: Builder, images: ImagesServer) -> None:
    port = images.origin.rpartition(":")[2]
    environ = {KEY_ENV: images.key, "ASSETFORGE_TRUST": f"http://localhost:{port}={KEY_ENV}"}
    assert build(project, provider(base_url=f"http://LOCALHOST:{port}/v1"), **environ).code == 0
    assert len(images.paid) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "[::1]"])
def test_loopback_needs_trust_as_well(project: Builder, host: str) -> None:
    """Whatever listens there is not what the user runs."""
    with Thief() as thief:
        told = build(project, provider(base_url=f"http://{host}:{thief.port}/v1"), **{KEY_ENV: SECRET})
    assert told.code == 2
    assert thief.requests == []


def test_trust_in_a_port_is_trust_in_no_other(project: Builder, images: ImagesServer) -> None:
    with Thief() as thief:
        environ = {KEY_ENV: SECRET, "ASSETFORGE_TRUST": f"{images.origin}={KEY_ENV}"}
        told = build(project, provider(base_url=f"{thief.origin}/v1"), **environ)
    assert told.code == 2
    assert f"`{thief.origin}` is not trusted" in told.err
    assert thief.requests == []


def test_a_project_brings_no_trust_along(project: Builder) -> None:
    """Files like those that hold a user's trust, everywhere in the repository."""
    with Thief() as thief:
        trust = json.dumps({thief.origin: KEY_ENV})
        settings = f'ASSETFORGE_TRUST="{thief.origin}={KEY_ENV}"\n'
        project.write({"trust.json": trust, "config/trust.json": trust, ".assetforge/trust.json": trust,
                       ".config/assetforge/trust.json": trust, ".env": settings})  # fmt: skip
        told = build(project, provider(base_url=f"{thief.origin}/v1"), **{KEY_ENV: SECRET})
    assert told.code == 2
    assert thief.requests == []


@pytest.mark.parametrize("name", ["AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "PATH", "HOME", "", "openai_api_key"])
def test_no_other_secret_of_the_environment_goes_anywhere(project: Builder, images: ImagesServer, name: str) -> None:
    """The origin is trusted; the variable is not the one it was trusted with."""
    environ = {"AWS_SECRET_ACCESS_KEY": SECRET, "GITHUB_TOKEN": SECRET, "openai_api_key": SECRET, **images.environ}
    told = build(project, provider(base_url=images.url, api_key_env=name), **environ)
    assert told.code == 2
    assert f"is not trusted with `{name}`" in told.err
    assert images.calls == []


def test_trust_without_a_key_is_trust_with_none(project: Builder) -> None:
    with Thief() as thief:
        assert project.call("trust", thief.origin).code == 0
        told = build(project, provider(base_url=f"{thief.origin}/v1"), **{KEY_ENV: SECRET})
    assert told.code == 2
    assert thief.requests == []


def test_the_base_url_of_the_environment_is_for_its_own_key_and_provider(
    project: Builder, images: ImagesServer
) -> None:
    """OPENAI_BASE_URL lends its trust to neither another key nor another address."""
    environ = {"OTHER_KEY": SECRET, **images.environ}
    renamed = f'[provider.openai]\nkind = "images-api"\napi_key_env = "OTHER_KEY"\n{ASSET}'
    assert build(project, renamed, **environ).code == 2
    with Thief() as thief:
        assert build(project, provider(base_url=f"{thief.origin}/v1"), **environ).code == 2
    assert (images.calls, thief.requests) == ([], [])


@pytest.mark.parametrize(
    "told",
    [
        "nonsense",
        "relay.example=RELAY_KEY",
        f"https://user:{SECRET}@relay.example=RELAY_KEY",
        f"https://relay.example={SECRET}",
        "https://relay.example=RELAY KEY",
        "https://relay.example=",
        "ftp://relay.example=RELAY_KEY",
    ],
)
def test_what_the_environment_trusts_is_read_strictly(project: Builder, told: str) -> None:
    """A mistake is an error and no trust, and a key in place of its variable's name is not repeated."""
    result = build(project, ASSET, ASSETFORGE_TRUST=told)
    assert result.code == 2
    assert "ASSETFORGE_TRUST" in result.err
    listed = project.call("trust", ASSETFORGE_TRUST=told)
    assert SECRET not in listed.out + listed.err


def test_several_are_trusted_at_once_and_one_without_a_key(project: Builder) -> None:
    trusted = " https://one.example:8443/v1=ONE_KEY ,, https://two.example , https://ONE.example=OTHER_KEY,"
    listed = project.call("trust", "--json", ASSETFORGE_TRUST=trusted).object["trusted"]
    assert [(one["origin"], one["key"]) for one in listed if "openai" not in one["origin"]] == [
        ("https://one.example", "OTHER_KEY"),
        ("https://one.example:8443", "ONE_KEY"),
        ("https://two.example", None),
    ]


@pytest.mark.parametrize("setting", ["generations_path", "edits_path"])
@pytest.mark.parametrize(
    "path",
    [
        "//evil.example/v1",
        "@evil.example/",
        ".evil.example/v1",
        ":9/v1",
        "/../../v2/images",
        "/images/..",
        "/./images",
        "\\evil.example",
        "/images\\..\\x",
        "/images?to=evil",
        "/images#evil",
        "https://evil.example/v1",
        "/images generations",
        "/images\r\nHost: evil.example",
        "",
    ],
)
def test_a_path_leads_nowhere_else(project: Builder, images: ImagesServer, setting: str, path: str) -> None:
    told = build(project, provider(base_url=images.url, **{setting: path}), **images.environ)
    assert told.code == 2
    assert "is not a plain path" in told.err
    assert images.calls == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(shop: Builder, images: ImagesServer, status: int) -> None:
    with Thief() as thief:
        for location in (f"{thief.origin}/v1/images/generations", "/v1/images/generations"):
            before = len(images.calls)
            images.script(status=status, body=b"", headers={"location": location})
            told = build(shop, ASSET)
            assert told.code == 1
            assert len(images.calls) == before + 1
    assert thief.requests == []


FORBIDDEN = (
    *("Host", "Authorization", "Cookie", "Proxy-Authorization", "Proxy-Connection", "Connection"),
    *("Content-Type", "Content-Length", "Content-Encoding", "Transfer-Encoding", "api-key", "x-api-key"),
)  # fmt: skip


@pytest.mark.parametrize("name", [*FORBIDDEN, *map(str.upper, FORBIDDEN), *map(str.lower, FORBIDDEN)])
def test_headers_of_a_request_are_not_for_the_manifest(project: Builder, images: ImagesServer, name: str) -> None:
    told = build(project, provider(base_url=images.url) + f'[provider.relay.headers]\n"{name}" = "x"\n')
    assert told.code == 2
    assert f"the header `{name}` may not be set here\n" in told.err
    is_key = name.lower() in ("authorization", "proxy-authorization", "api-key", "x-api-key", "cookie")
    assert ("hint: the key goes where `auth` and `api_key_env` say\n" in told.err) is is_key
    assert images.calls == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-A", "a\\r\\nAuthorization: Bearer x"),
        ("X-A", "a\\nHost: evil.example"),
        ("X-A", "a\\u0000b"),
        ("X-A", "caf\\u00e9\\u0100"),
        ("X-A\\r\\nHost", "evil.example"),
        ("X-A: b\\nHost", "evil.example"),
        ("Host ", "evil.example"),
        (" Host", "evil.example"),
        ("Host:", "evil.example"),
        ("", "x"),
    ],
)
def test_a_header_brings_no_other_along(project: Builder, images: ImagesServer, name: str, value: str) -> None:
    told = build(project, provider(base_url=images.url) + f'[provider.relay.headers]\n"{name}" = "{value}"\n')
    assert told.code == 2
    assert "header" in told.err
    assert images.calls == []


def test_a_header_that_is_allowed_is_all_that_is_added(shop: Builder, images: ImagesServer) -> None:
    assert build(shop, f'[provider.openai]\nkind = "images-api"\nheaders = {{ X-Team = "art" }}\n{ASSET}').code == 0
    assert images.calls[0].headers["x-team"] == "art"
    assert images.calls[0].headers["authorization"] == f"Bearer {images.key}"
