"""`plan`, `list`, `explain`, `graph` and `check` say what is so, and change nothing."""

import re
import subprocess
import sys
from datetime import date

import pytest

from assetforge.project import load
from tests.builder import Builder
from tests.cli.manifests import DRAFTS, EDITED, HERO, picture
from tests.images_server import ImagesServer

LOOKING = (("plan",), ("list",), ("explain", "night"), ("graph",), ("check",), ("schema",), ("plan", "--draft"))


@pytest.fixture
def edited(shop: Builder) -> Builder:
    return shop.write({"assets.toml": EDITED, "art/logo.png": picture()})


@pytest.mark.parametrize("arguments", LOOKING)
def test_looking_changes_nothing_and_asks_nobody(
    edited: Builder, images: ImagesServer, arguments: tuple[str, ...]
) -> None:
    before = edited.files()
    for more in ((), ("--json",), ("-v",), ("-q",)):
        assert edited.call(*arguments, *more).code in (0, 3)
    assert edited.files() == before
    assert images.calls == []
    assert list(edited.home.iterdir()) == []


def test_a_plan_names_calls_cost_and_what_would_be_sent(edited: Builder, images: ImagesServer) -> None:
    told = edited.call("plan", "--json").object
    assert (told["schema"], told["command"], told["root"], told["current"]) == (1, "plan", ".", False)
    assert [(one["instance"], one["state"]) for one in told["assets"]] == [("hero", "buy"), ("night", "may buy")]
    assert told["assets"][0]["reasons"] == ["not made yet"]
    assert told["assets"][1]["outputs"] == ["night.png", "night.webp"]
    assert told["calls"] == {"buy": 1, "may_buy": 1}
    assert 0 < told["cost"]["low"] < told["cost"]["high"]
    assert told["uploads"] == [{"path": "art/logo.png", "step": "night:edit", "origin": images.origin}]
    text = edited.call("plan").out
    assert f"sends to {images.origin}: `art/logo.png`" in text
    assert "1 picture to buy, and 1 that may have to be: $" in text


def test_a_plan_with_drafts_sends_nothing_and_costs_nothing(edited: Builder) -> None:
    told = edited.call("plan", "--draft", "--json").object
    assert told["uploads"] == []
    assert told["cost"] == {"low": 0, "high": 0, "unpriced": 0}
    assert {one["state"] for one in told["assets"]} == {"draft"}


def test_a_plan_is_what_a_build_then_does(edited: Builder, images: ImagesServer) -> None:
    told = edited.call("plan", "--json").object
    built = edited.call("build", "--yes", "--json").object
    assert len(images.paid) == told["calls"]["buy"] + told["calls"]["may_buy"]
    assert [one["path"] for one in built["placed"]] == ["night.png", "night.webp"]
    assert built["spent"] <= told["cost"]["high"]
    assert (built["errors"], built["warnings"], built["exit_code"]) == ([], [], 0)
    assert edited.call("plan", "--json").object["current"] is True
    assert edited.call("plan").out == "nothing to do: 2 assets current\n"


def test_a_dry_run_is_a_plan(edited: Builder, images: ImagesServer) -> None:
    assert edited.call("build", "--dry-run", "--json").object == edited.call("plan", "--json").object
    assert images.calls == []


def test_a_plan_says_which_instances_share_a_picture_and_which_asset_is_large(project: Builder) -> None:
    manifest = '[asset.icon]\nmatrix.n = "data.ns"\nprompt = "One icon"\n[data]\nns = ['
    project.write({"assets.toml": manifest + ",".join(map(str, range(1001))) + "]\n"})
    told = project.call("plan", "--json").object
    assert len(told["shared"][0]) == 1001
    assert told["crowds"] == [{"asset": "icon", "instances": 1001}]
    assert told["calls"]["buy"] == 1
    text = project.call("plan").out
    assert "`icon` has 1,001 instances" in text
    assert "one picture for `icon[n=0]:generate`, " in text


def test_a_plan_foresees_an_output_that_is_the_users_own(project: Builder) -> None:
    told = project.write({"assets.toml": HERO, "hero.png": picture()}).call("plan", "--json")
    assert told.code == 1
    assert told.object["blocked"] == ["hero"]
    assert told.object["errors"][0]["line"] == 3


def test_warnings_have_a_place_too(project: Builder) -> None:
    project.write({"assets.toml": '[asset.a]\nprompt = "x"\nmodel = "unheard-of"\noutput = "a.png"\n'})
    told = project.call("plan")
    assert told.code == 0
    assert "warning: model `unheard-of` is not known here" in told.err
    assert "  assets.toml:" in told.err
    assert [one["file"] for one in project.call("plan", "--json").object["warnings"]] == [None, "assets.toml"]
    assert project.call("plan", "-q").err == ""


def test_explain_tells_the_whole_chain(edited: Builder) -> None:
    edited.call("build", "--yes")
    edited.write({"assets.toml": EDITED.replace("Make it", "Make the sky")})
    told = edited.call("explain", "night", "--json").object
    edit, *outputs = told["parts"]
    assert edit["prompt"] == "Make the sky night"
    assert edit["inputs"] == ["@hero", "art/logo.png"]
    assert edit["size"] == "1024x1024"
    assert edit["states"][0]["diff"] == [[" ", "Make"], ["-", "it"], ["+", "the sky"], [" ", "night"]]
    assert edit["states"][0]["reasons"] == ["the prompt changed"]
    assert len(edit["states"][0]["key"]) == 64
    assert [part["step"] for part in outputs] == ["night.png", "night.webp"]
    text = edited.call("explain", "night").out
    assert "Make [-it-] {+the sky+} night" in text
    assert "alt: The lighthouse at night" in text
    assert "assets.toml:8" in text


def test_explain_tells_planned_and_final_sizes(project: Builder) -> None:
    project.write({"assets.toml": '[asset.a]\nprompt = "x"\nsize = "300x300"\noutput = "a.png"\n'})
    part = project.call("explain", "a", "--json").object["parts"][0]
    assert part["size"] == "300x300"
    assert part["asked"] == "816x816"
    assert "300x300, asked for as 816x816" in project.call("explain", "a").out


def test_explain_writes_values_as_toml_does(project: Builder) -> None:
    steps = 'steps = [{ op = "resize", width = 2000, upscale = true }]\n'
    output = (
        'output = { path = "a.webp", width = 64, quality = 50, checks = { transparent = false, min_contrast = 3 } }\n'
    )
    project.write({"assets.toml": '[asset.a]\nprompt = "x"\n' + steps + output})
    text = project.call("explain", "a").out
    assert "upscale true" in text
    assert "width 64, format webp, quality 50, checks { transparent = false, min_contrast = 3 }\n" in text
    assert "prompt x\n" in project.call("explain", "a", "-v").out
    project.write({"assets.toml": DRAFTS + HERO}).call("build")
    assert "  state     in the lock" in project.call("explain", "hero").out
    assert "  state     current\n" in project.call("explain", "hero").out


def test_explain_of_several_instances_lists_them(project: Builder) -> None:
    project.write({"assets.toml": DRAFTS + '[asset.icon]\nmatrix.n = [1, 2]\nprompt = "{{ n }}"\n'})
    told = project.call("explain", "icon")
    assert told.code == 2
    assert told.err == ("error: `icon` stands for 2 instances\nhint: name one of `icon[n=1]` and `icon[n=2]`\n")
    assert project.call("explain", "icon[n=2]").code == 0


def test_explain_names_where_a_picture_came_from(edited: Builder) -> None:
    edited.call("build", "--yes")
    text = edited.call("explain", "hero").out
    assert "state     in the lock, 2" in text
    assert "$0.05" in text


def test_list_tells_states_and_files(edited: Builder) -> None:
    assert edited.call("list").out == "buy       hero   \nmay buy   night  night.png, night.webp\n".replace(
        "buy       hero   ", "buy      hero"
    ).replace("may buy   night", "may buy  night")
    edited.call("build", "--yes")
    edited.remove("night.webp")
    assert edited.call("list").out == "current  hero\nrestore  night  night.png, night.webp\n"
    told = edited.call("list", "tag:web", "--json").object
    assert [(one["instance"], one["state"]) for one in told["assets"]] == [("hero", "current")]


def test_check_says_what_does_not_agree(edited: Builder) -> None:
    edited.call("build", "--yes")
    assert edited.call("check").code == 0
    edited.remove("night.webp").write({"night.png": picture("red")})
    told = edited.call("check", "--json")
    assert told.code == 3
    nothing = {"instance": "night", "buys": "no", "price": None}
    assert told.object["disagreements"] == [
        nothing | {"subject": "night.png", "reason": "the file was changed"},
        nothing | {"subject": "night.webp", "reason": "the file is missing"},
    ]
    assert "2 things; nothing would have to be bought\n" in edited.call("check").err
    assert edited.call("check", "--lock-only").code == 0
    edited.write({"assets.toml": EDITED.replace("at dawn", "at noon")})
    told = edited.call("check", "--lock-only")
    assert told.code == 3
    assert told.out == (
        "hero:generate: the prompt changed; to buy for $0.0530\n"
        "night:edit: waits for `hero:generate`; may have to be bought for up to $0.0775\n"
        "night.png: waits for `hero:generate`\n"
        "night.webp: waits for `hero:generate`\n"
    )
    edited.write({"assets.toml": EDITED.replace("320", "200")})
    assert edited.call("check", "--lock-only").out == "night.webp: it is made from an earlier request\n"


def test_check_needs_no_store(edited: Builder) -> None:
    edited.call("build", "--yes")
    edited.environ["ASSETFORGE_CACHE_DIR"] = str(edited.home / "another")
    assert edited.call("check").code == 0
    assert not (edited.home / "another").exists()


def test_a_draft_fails_the_check_in_a_line_for_each_asset(edited: Builder) -> None:
    assert edited.call("build", "--draft").code == 0
    told = edited.call("check")
    assert told.code == 3
    assert told.out == (
        "hero:generate: the lock does not have it; to buy for $0.0530\n"
        "night: 2 placeholders are there; may have to be bought for up to $0.0775\n"
    )
    assert "night.webp: a placeholder is there\n" in edited.call("check", "-v").out
    listed = edited.call("check", "--json").object["disagreements"]
    assert ("night.webp", "a placeholder is there") in [(one["subject"], one["reason"]) for one in listed]


def test_drafts_are_told_as_such(edited: Builder) -> None:
    assert "draft  night  placeholder to draw\n" in edited.call("plan", "--draft").out
    edited.call("build", "--draft")
    assert "draft  night  placeholder is there\n" in edited.call("plan", "--draft").out
    assert "draft  night  night.png, night.webp\n" in edited.call("list").out
    assert edited.call("list", "night", "--json").object["assets"][0]["state"] == "draft"


def test_a_lost_picture_is_foreseen_with_its_price(edited: Builder) -> None:
    edited.call("build", "--yes")
    edited.remove("night.webp").remove("night.png")
    edited.environ["ASSETFORGE_CACHE_DIR"] = str(edited.home / "another")
    told = edited.call("plan")
    assert told.code == 1
    assert re.search(r"^lost +night  \$0\.0\d+ to buy again  the picture of `edit` is pinned", told.out, re.MULTILINE)
    assert "error: the picture of `night:edit` is pinned by the lock, and its bytes are nowhere\n" in told.err
    assert "--rebuy-lost" in told.err
    assert edited.call("plan", "--json").object["lost"] == [{"step": "night:edit", "candidate": 1}]


def test_an_output_that_was_never_made_is_surely_made(project: Builder) -> None:
    """One that was made before may turn out to be current when what it waits for is there."""
    small = '[asset.small]\nsource = "@hero"\noutput = { path = "small.png", width = 64 }\n'
    project.write({"assets.toml": HERO + small})
    assert [one["state"] for one in project.call("plan", "--json").object["assets"]] == ["buy", "make"]
    project.write({"assets.toml": DRAFTS + HERO + small}).call("build")
    project.write({"assets.toml": HERO + small})
    assert [one["state"] for one in project.call("plan", "--json").object["assets"]] == ["buy", "may make"]


def test_a_plan_tells_what_a_limit_does(edited: Builder) -> None:
    assert (
        "the limit is $0.0200: not all of it would be bought\n" in edited.call("plan", ASSETFORGE_MAX_USD="0.02").out
    )
    assert "perhaps not all of it" in edited.call("plan", ASSETFORGE_MAX_USD="0.06").out
    assert "limit" not in edited.call("plan", ASSETFORGE_MAX_USD="5").out


def test_a_plan_tells_planned_sizes_and_with_v_each_call(edited: Builder, images: ImagesServer) -> None:
    text = edited.call("plan", "-v").out
    key = edited.call("plan", "--json").object["assets"][0]["purchases"][0]["key"]
    assert f"hero:generate#1  1024x1024  $0.0530  key {key}\n" in text
    assert re.search(r"night:edit#1  1024x1024  \$0\.\d+  key not known yet  sends `art/logo.png`\n", text)
    edited.write({"assets.toml": '[asset.a]\nprompt = "x"\nsize = "300x300"\noutput = "a.png"\n'})
    assert "not made yet; 300x300, asked for as 816x816\n" in edited.call("plan").out


def test_a_cheaper_size_is_told_of_until_one_is_chosen_or_bought(edited: Builder) -> None:
    assert (
        "  cheaper   1024x1024 costs $0.0530 a picture; cut from 1024x1520 it would cost $0.0413, "
        'and lose 33% of the picture: request_size = "1024x1520"\n'
    ) in edited.call("explain", "hero").out
    assert "request_size" not in edited.call("plan").out
    edited.write({"assets.toml": EDITED.replace('tags = ["web"]', "n = 5")})
    assert "request_size" in edited.call("plan").out
    (told,) = edited.call("plan", "--json").object["cheaper_sizes"]
    assert (told["wanted"], told["asked"], told["cheaper"], told["pictures"]) == (
        "1024x1024",
        "1024x1024",
        "1024x1520",
        5,
    )
    assert told["cheaper_price"] < 0.79 * told["price"]
    assert "request_size" not in edited.call("plan", "--draft").out
    edited.call("build", "--yes")
    assert "request_size" not in edited.call("plan").out
    assert "cheaper" not in edited.call("explain", "hero").out
    edited.write({"assets.toml": EDITED.replace('tags = ["web"]', 'n = 5\nrequest_size = "1024x1024"\nrevision = 1')})
    assert edited.call("plan").out.startswith("buy  ")
    assert "request_size" not in edited.call("plan").out


def test_a_plan_says_of_when_its_prices_are(edited: Builder) -> None:
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", edited.call("plan", "--json").object["prices_as_of"])


def test_a_model_that_was_shut_down_is_warned_of(project: Builder) -> None:
    project.write({"assets.toml": HERO + 'model = "gpt-image-1"\n'})
    before, loaded, after = date.today(), load(project.root), date.today()  # noqa: DTZ011
    assert before.isoformat() <= loaded.today <= after.isoformat()
    loaded.today = "2026-10-23"
    (warning,) = loaded.graph().warnings
    assert warning.message == "`gpt-image-1` was shut down on 2026-10-23: a call for it will fail"


def test_a_manifest_s_own_price_counts_where_the_user_trusts_its_origin(shop: Builder) -> None:
    """At OpenAI itself the dearer of the two would: tests/plan/test_price.py."""
    cheap = '[provider.openai.price."gpt-image-2"]\nper_image = 0.01\n'
    shop.write({"assets.toml": HERO + cheap})
    assert "buy  hero  $0.0100  not made yet\n" in shop.call("plan").out
    del shop.environ["OPENAI_BASE_URL"]
    assert "buy  hero  $0.0530  not made yet\n" in shop.call("plan").out


def test_a_manifest_without_assets_says_so(project: Builder) -> None:
    project.write({"assets.toml": ""})
    for arguments in (("build",), ("build",), ("plan",), ("check",)):
        assert project.call(*arguments).out == "the manifest has no assets\n"


def test_variables_are_the_same_for_every_command(edited: Builder) -> None:
    edited.call("build", "--yes", "--var", "time=evening")
    for command in ("check", "plan"):
        assert edited.call(command, "--var", "time=evening").code == 0
    assert edited.call("check", "--var", "time=evening").code == 0
    assert edited.call("check").code == 3
    assert "Make it evening" in edited.call("explain", "night", "--var", "time=evening").out


@pytest.mark.parametrize("form", ["text", "dot", "mermaid", "json"])
def test_every_form_of_the_graph_has_all_its_steps(edited: Builder, form: str) -> None:
    told = edited.call("graph", "--format", form).out
    for name in ("hero:generate", "night:edit", "art/logo.png", "night.webp"):
        assert name in told


def test_the_graph_of_a_selection_has_what_it_needs(edited: Builder) -> None:
    told = edited.call("graph", "hero", "--json").object
    assert [one["instance"] for one in told["instances"]] == ["hero"]
    assert "night:edit" not in [step["id"] for step in told["steps"]]
    assert edited.call("graph", "--format", "json").object == edited.call("graph", "--json").object


def test_names_in_drawings_are_quoted(project: Builder) -> None:
    manifest = DRAFTS + '[asset.a]\nmatrix.x = [\'say "<b>" #1\']\nprompt = "x"\n'
    project.write({"assets.toml": manifest})
    assert '\\"<b>\\" #1' in project.call("graph", "--format", "dot").out.replace('\\\\\\"', '\\"')
    drawn = project.call("graph", "--format", "mermaid").out
    assert "#35;1" in drawn
    assert "<b>" not in drawn


def test_trust_is_remembered_outside_the_repository(project: Builder) -> None:
    assert project.call("trust", "https://Relay.example:443/v1", "--key", "RELAY_KEY").code == 0
    assert project.call("trust", "http://127.0.0.1:8080").code == 0
    listed = project.call("trust", "--json").object["trusted"]
    assert listed == [
        {"origin": "http://127.0.0.1:8080", "kind": "origin", "key": None, "from": None},
        {"origin": "https://api.openai.com", "kind": "origin", "key": "OPENAI_API_KEY", "from": "built in"},
        {"origin": "https://relay.example", "kind": "origin", "key": "RELAY_KEY", "from": None},
    ]
    assert project.files() == {}
    assert (project.home / "config" / "trust.json").stat().st_mode & 0o777 == 0o600


def test_who_trusts_an_origin_is_told(project: Builder) -> None:
    """What a user said comes before what is said elsewhere; a base URL that is OpenAI's own adds nothing."""
    project.call("trust", "https://relay.example", "--key", "RELAY_KEY")
    by_environ = {
        "ASSETFORGE_TRUST": "https://relay.example=RELAY_KEY,https://a.example",
        "OPENAI_BASE_URL": "http://127.0.0.1:8080/v1",
    }
    assert project.call("trust", **by_environ).out == (
        "http://127.0.0.1:8080  with the key in `OPENAI_API_KEY`  (by OPENAI_BASE_URL)\n"
        "https://a.example  (by ASSETFORGE_TRUST)\n"
        "https://api.openai.com  with the key in `OPENAI_API_KEY`  (built in)\n"
        "https://relay.example  with the key in `RELAY_KEY`\n"
    )
    assert project.call("trust", OPENAI_BASE_URL="https://api.openai.com/v1").out.count("api.openai.com") == 1


def test_a_key_stays_trusted_until_the_origin_is_removed(project: Builder) -> None:
    project.call("trust", "https://relay.example", "--key", "RELAY_KEY")
    told = project.call("trust", "https://relay.example", RELAY_KEY="x")
    assert told.err == "prompts, pictures and the key in `RELAY_KEY` still may go to https://relay.example\n"
    assert "https://relay.example  with the key in `RELAY_KEY`\n" in project.call("trust").out
    assert project.call("trust", "https://relay.example", "--remove").code == 0
    assert "relay.example" not in project.call("trust").out
    again = project.call("trust", "https://relay.example", "--remove")
    assert (again.code, again.err.splitlines()[0]) == (2, "error: `https://relay.example` was not trusted")
    assert "by assetforge itself" in project.call("trust", "https://api.openai.com", "--remove").err
    assert project.call("trust", "--remove").code == 2


def test_a_key_given_by_mistake_is_not_repeated(project: Builder) -> None:
    told = project.call("trust", "https://relay.example", "--key", "sk-proj-123")
    assert told.code == 2
    assert "sk-proj" not in told.out + told.err
    assert list(project.home.iterdir()) == []


def test_the_module_runs_as_the_command_does() -> None:
    """`assetforge` and `python -m assetforge` are one."""
    told = subprocess.run(
        [sys.executable, "-m", "assetforge", "--version"], capture_output=True, text=True, check=True
    )
    assert told.stdout.startswith("assetforge ")


HUNDREDS = """
[asset.icon]
prompt = "Icon {{ n }}"
size = "64x64"
matrix.n = [NUMBERS]
[asset.sheet]
source = ["@icon"]
steps = [{ op = "atlas" }]
output = "sheet.png"
"""


@pytest.mark.parametrize("command", [("plan",), ("check",), ("explain", "sheet")])
def test_a_line_never_names_hundreds(project: Builder, command: tuple[str, ...]) -> None:
    project.write({"assets.toml": HUNDREDS.replace("NUMBERS", ", ".join(map(str, range(300))))})
    out = project.call(*command).out
    assert "and 296 more" in out
    assert max(map(len, out.splitlines())) < 400


FAILING = """\
[defaults]
provider = "openai"

[asset.card]
prompt = "Paper"
size = "400x300"
output = "card.png"
steps = [{ op = "text", text = "%s", size = 90, box = [0, 0, 90, 40] }]
"""


def test_what_fails_is_explained_with_a_word_and_a_hint_and_without_a_price(shop: Builder) -> None:
    text = shop.write({"assets.toml": FAILING % "Hello"}).call("explain", "card").out
    why = "the text `Hello` does not fit its box of 90x40 at a size of 90, it would need "
    first, rest = text.split("\n\n", 1)
    assert f"  fails: {why}" in first
    assert "$" not in text
    assert text.count(why) == 2  # at the top, and at the step
    assert rest.count("  state     fails") == 2  # the step, and the output
    assert "  hint      let it shrink with `min_size = " in rest
    assert "  state     \n" not in text
    told = shop.call("explain", "card", "--json").object
    assert (told["state"], told["cost"]) == ("fails", {"low": 0.0, "high": 0.0})


def test_a_long_text_is_cut_where_not_everything_is_asked_for(shop: Builder) -> None:
    shop.write({"assets.toml": FAILING % ("many words " * 300)})
    assert max(map(len, shop.call("explain", "card").out.splitlines())) < 300
    assert "many words " * 290 in shop.call("explain", "card", "-v").out
