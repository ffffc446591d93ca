"""The page comes with its policy, pictures only by names that the board knows, and nothing tells of the machine."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetforge.digest import digest_bytes
from assetforge.live.app import HEADERS
from assetforge.live.board import MOST_FORMER
from tests.live.running import POLICY, READS, WRITES, Page, Running, card

PNG = b"\x89PNG\r\n\x1a\n and so on"
NAME = f"{digest_bytes(PNG)}.png"


def shown(running: Running, *pictures: tuple[str, Path]) -> None:
    running.do(lambda: running.board.set_cards([card("hero")], dict(pictures)))


def test_the_page_is_made_anew_of_what_is_there(shared: Running) -> None:
    for word in ("missing", "current"):
        shared.do(lambda word=word: shared.board.set_cards([card("hero", word)], {}))  # type: ignore[misc]
        page = shared.get("/").json()
        assert [(one["name"], one["word"]) for one in page["cards"]] == [("hero", word)]
        assert (page["schema"], page["title"], page["live"]["boot"]) == (1, "pictures", shared.board.boot)
        assert page["live"]["version"] == shared.board.version


def test_the_policy_is_what_the_page_asked_for(shared: Running) -> None:
    told = shared.get("/")
    assert told.headers["content-security-policy"] == (POLICY, "frame-ancestors 'none'")
    assert told.one("content-type") == "text/html; charset=utf-8"


@pytest.mark.parametrize("path", [*READS, "/nothing", *WRITES])
@pytest.mark.parametrize("is_let_in", [True, False])
def test_every_answer_is_kept_to_this_page(shared: Running, path: str, is_let_in: bool) -> None:
    """No other site may frame it, read it, or keep it; and what serves it is nobody's business."""
    method = "POST" if path in WRITES else "GET"
    sent = shared.writer if is_let_in else shared.host
    if path == "/events" and is_let_in:
        with shared.listening() as stream:
            told = {name.lower(): value for name, value in stream.response.getheaders()}
    else:
        told = {name: values[0] for name, values in shared.raw(method, path, sent).headers.items()}
    for name in HEADERS.keys() - {"content-security-policy"}:
        assert told[name] == HEADERS[name]
    assert told["content-security-policy"]
    assert told.keys().isdisjoint({"server", "date", "x-powered-by", "access-control-allow-origin"})


def test_a_picture_has_its_type_and_may_be_kept(shared: Running, tmp_path: Path) -> None:
    file = tmp_path / "hero.png"
    file.write_bytes(PNG)
    shown(shared, (NAME, file))
    told = shared.get(f"/pictures/{NAME}")
    assert (told.status, told.body, told.one("content-type")) == (200, PNG, "image/png")
    assert told.one("cache-control") == "private, max-age=604800, immutable"
    assert told.one("x-content-type-options") == "nosniff"


def test_a_drawing_runs_no_script(shared: Running, tmp_path: Path) -> None:
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    file = tmp_path / "a.svg"
    file.write_bytes(drawing)
    name = f"{digest_bytes(drawing)}.svg"
    shown(shared, (name, file))
    told = shared.get(f"/pictures/{name}")
    assert told.one("content-type") == "image/svg+xml"
    policy = told.one("content-security-policy").split("; ")
    assert {"sandbox", "default-src 'none'"} <= set(policy)
    assert not any(rule.startswith("script-src") for rule in policy)


def test_what_was_written_over_is_not_sent_under_the_old_name(shared: Running, tmp_path: Path) -> None:
    file, secret = tmp_path / "hero.png", tmp_path / "secret"
    secret.write_text("sk-very-secret")
    file.write_bytes(PNG)
    shown(shared, (NAME, file))
    assert shared.get(f"/pictures/{NAME}").status == 200
    file.write_bytes(PNG + b"more")
    assert shared.get(f"/pictures/{NAME}").status == 404
    file.unlink()
    assert shared.get(f"/pictures/{NAME}").status == 404
    file.symlink_to(secret)
    assert shared.get(f"/pictures/{NAME}").status == 404
    file.unlink()
    os.mkfifo(file)
    assert shared.get(f"/pictures/{NAME}").status == 404
    file.unlink()
    file.mkdir()
    assert shared.get(f"/pictures/{NAME}").status == 404


def test_pictures_of_a_moment_ago_are_still_there(shared: Running, tmp_path: Path) -> None:
    file = tmp_path / "hero.png"
    file.write_bytes(PNG)
    shown(shared, ("old-thumb.webp", file))
    shown(shared)
    assert shared.get("/pictures/old-thumb.webp").status == 200
    shown(shared, *((f"{number}-thumb.webp", file) for number in range(MOST_FORMER)))
    shown(shared)
    assert shared.get("/pictures/0-thumb.webp").status == 200
    assert shared.get("/pictures/old-thumb.webp").status == 404


@given(
    st.one_of(
        st.sampled_from(
            [
                "../secret",
                "..%2fsecret",
                "%2e%2e/secret",
                "..%5csecret",
                "%2fetc%2fpasswd",
                "/etc/passwd",
                "hero.png%00",
                "%252e%252e%252fsecret",
                ".",
                "..",
                "",
                NAME.upper(),
                NAME + "/",
                f"./{NAME}",
            ]
        ),
        st.text("./%25efac0\\", max_size=20),
    )
)
def test_no_name_leads_anywhere_else(shared: Running, name: str) -> None:
    assert shared.get(f"/pictures/{name}").status == 404


def test_no_name_of_a_file_is_a_name_of_a_picture(shared: Running, tmp_path: Path) -> None:
    file = tmp_path / "hero.png"
    file.write_bytes(PNG)
    shown(shared, (NAME, file))
    for name in ("hero.png", str(file), f"/{file}", file.resolve().as_uri(), NAME[:-4], NAME[:-4] + ".svg"):
        assert shared.get(f"/pictures/{name.replace('/', '%2f')}").status == 404
        assert shared.get(f"/pictures/{name}").status == 404


@pytest.mark.parametrize("target", ["http://evil.example/", "//evil.example/", "/events/", "/../", "*"])
def test_no_other_form_of_a_request_leads_in(shared: Running, target: str) -> None:
    told = shared.get(target)
    assert told.status in (400, 404)
    assert "location" not in told.headers


def test_a_page_that_breaks_is_a_line_here_and_a_fault_there(tmp_path: Path) -> None:
    with Running(tmp_path) as running:

        def breaking(page: object) -> Page:
            raise RuntimeError(f"{tmp_path} sk-very-secret")

        running.render = breaking
        told = running.get("/")
        assert (told.status, told.one("content-type")) == (500, "text/plain; charset=utf-8")
        assert told.body == b"something went wrong in assetforge itself: the terminal tells of it\n"
        assert [type(fault) for fault in running.faults] == [RuntimeError]
        assert running.get("/events/").status == 404


def test_requests_without_a_host_are_refused(shared: Running) -> None:
    assert shared.raw("GET", "/", {"Cookie": shared.cookie}).status in (400, 403)
