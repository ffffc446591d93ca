"""What only looks asks nobody: every connection is counted, to the provider, to proxies, and to everybody else.

behaviour.md, Secrets and trust: "`plan`, `check`, `explain`, `graph` and `list` never touch the network"
    -> test_looking_touches_no_network
Each runs in a real process whose seal ends it as a bug where it would look up a name or speak to another machine.
"""

import pytest

from tests.builder import Builder
from tests.cli.manifests import EDITED, picture
from tests.trust.thief import Thief

LOOKING = ("plan", "check", "explain hero", "explain night", "list", "graph", "schema", "trust", "clean",
           "build --dry-run", "build --locked", "build --on-miss fail", "build --draft")  # fmt: skip


@pytest.mark.parametrize("command", LOOKING)
def test_looking_touches_no_network(project: Builder, command: str) -> None:
    project.write({"assets.toml": EDITED, "art/logo.png": picture()})
    with Thief() as provider, Thief() as proxy:
        environ = {"OPENAI_API_KEY": "sk-test", "OPENAI_BASE_URL": f"{provider.origin}/v1"}
        environ |= dict.fromkeys(("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"), proxy.origin)
        for more in ((), ("--json",)):
            assert project.run(*command.split(), *more, **environ).code in (0, 3, 4)
    assert (provider.requests, proxy.requests) == ([], [])


@pytest.mark.parametrize("command", ["plan", "check", "explain hero", "list", "graph"])
def test_looking_at_what_a_stranger_wrote_touches_no_network(project: Builder, command: str) -> None:
    """Addresses of every kind that a manifest can name."""
    with Thief() as thief:
        relay = f'[provider.relay]\nkind = "images-api"\nbase_url = "{thief.origin}/v1"\n'
        far = '[provider.far]\nkind = "images-api"\nbase_url = "https://192.0.2.7/v1"\n'
        asset = '[asset.hero]\nprompt = "x"\nprovider = "relay"\noutput = "a.png"\n'
        other = '[asset.other]\nprompt = "x"\nprovider = "far"\noutput = "b.png"\n'
        project.write({"assets.toml": f"{relay}{far}{asset}{other}"})
        told = project.run(*command.split(), ASSETFORGE_TRUST=f"{thief.origin}=OPENAI_API_KEY", OPENAI_API_KEY="sk-x")
    assert told.code in (0, 3)
    assert thief.requests == []
