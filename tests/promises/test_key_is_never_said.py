"""The key is said to the provider, and to nobody else: not by a build to which a server says it at every turn.

Every named fault happens, and every answer repeats the key wherever an answer has room for words. Then each file
below the user's home and the project, all that was printed, and every process that was started are searched for it.
"""

import base64
import html
import json
import os
import threading
import urllib.parse
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from assetforge.simulate.call import Document
from assetforge.simulate.faults import FAULTS, Fault
from tests.builder import ROOT, Builder, Result
from tests.images_server import ImagesServer
from tests.promises.site import AGAIN

# No piece of it stays as it is where it is escaped for a URL or for a page.
KEY = "sk-proj-7&Q/z<w+N%4>k=A8&v/B<m2+Rb>Tq9"
WINDOW = 12
IN_URL = urllib.parse.quote(KEY, safe="")
STOPPING = [name for name, fault in FAULTS.items() if fault.kind == "stop"]
OTHERS = [name for name, fault in FAULTS.items() if fault.kind != "stop"]


@pytest.fixture
def server(project: Builder) -> Iterator[ImagesServer]:
    with ImagesServer(key=KEY) as running:
        project.environ |= running.environ
        yield running


# --- a server that says the key ---


def said(body: Document) -> Document:
    """An answer with the key as names and as values, beside its pictures and in each of them."""
    usage = body.get("usage", {})
    details = usage.get("input_tokens_details", {}) | {KEY: 2}
    data = [_said_with(item) for item in body.get("data", ())]
    told = {KEY: KEY, "id": KEY, "model": {KEY: [KEY]}, "size": IN_URL, "background": html.escape(KEY)}
    return body | told | {"usage": usage | {KEY: 1, "input_tokens_details": details}, "data": data}


def _said_with(item: Document) -> Document:
    linked = {"url": f"{item['url']}?key={IN_URL}"} if "url" in item else {}
    return item | linked | {"revised_prompt": f"as {KEY} wished", KEY: KEY}


def repeating(fault: Fault) -> Fault:
    """A fault that says the key besides."""
    headers = dict.fromkeys(("x-request-id", "x-api-request-id", "cf-ray", "openai-version", "server"), KEY)
    headers |= {"openai-processing-ms": IN_URL, "set-cookie": f"key={IN_URL}", "www-authenticate": f"Bearer {KEY}"}
    headers |= AGAIN if fault.kind == "passing" else {"retry-after": KEY}
    headers |= {"location": f"http://{IN_URL}.example/v1/{IN_URL}?{IN_URL}"} if fault.name == "redirect" else {}
    reshape = fault.reshape
    change = said if reshape is None else lambda body: reshape(said(body))
    more = {**fault.more, KEY: KEY, "innererror": {"code": KEY, "content_filter_results": {KEY: {"filtered": True}}}}
    told = f"{fault.message} Your key is {KEY}, or {html.escape(KEY)}, or {IN_URL}, in short {json.dumps(KEY)}."
    return replace(fault, headers=headers, reshape=None if fault.fails else change, more=more, message=told,
                   body=_with_key(fault), latency=min(fault.latency, 0.1), fetched=fault.fetched[-1:])  # fmt: skip


def _with_key(fault: Fault) -> bytes | None:
    if not fault.body:
        return fault.body
    if not fault.body.startswith(b"{"):
        return fault.body + f"<p>Authorization: Bearer {KEY} {html.escape(KEY)}</p>".encode()
    body = json.loads(fault.body)
    error = body.get("error")
    body |= {"error": error | {"message": KEY, "code": KEY}} if isinstance(error, dict) else {}
    return json.dumps({KEY: KEY} | body | ({"error": f"no, {KEY}"} if isinstance(error, str) else {})).encode()


FINE = replace(repeating(Fault()), name="")
LINKS = (
    f"http://10.1.2.3/{KEY}.png",
    f"http://10.1.2.3/?{IN_URL}#{KEY}",
    f"http://10.1.2.3/{IN_URL}",
    f"http://user:{IN_URL}@127.0.0.1:9/",
    f"ftp://127.0.0.1/{KEY}",
    f"data:{KEY};base64,{KEY}",
)


# --- the search ---


def forms() -> list[str]:
    """The key as it is, and as anybody writes it who escapes it, in pieces long enough to be of use."""
    escaped = json.dumps(KEY)[1:-1]
    whole = {KEY, escaped.replace("/", "\\/"), html.escape(KEY), IN_URL, urllib.parse.quote(KEY)}
    found = {piece for text in whole for piece in pieces(text)}
    for shift in range(3):
        encoded = base64.b64encode(b"." * shift + KEY.encode())
        found |= {encoded[4:-4].decode(), base64.urlsafe_b64encode(base64.b64decode(encoded))[4:-4].decode()}
    return sorted(found)


def pieces(text: str) -> list[str]:
    return [text[at : at + WINDOW] for at in range(len(text) - WINDOW + 1)]


FORMS, PLAIN = forms(), pieces(KEY)


def seek(project: Builder, told: Iterable[Result]) -> None:
    """Fails where the key, or a piece of it, is in any file or in its name, or in what was said. A raw answer in
    quarantine is a server's own words: what it escaped there stands as it was escaped."""
    files = [path for path in project.home.parent.rglob("*") if path.is_file() and not path.is_symlink()]
    assert any(path.name == "ledger.jsonl" for path in files)
    for path in files:
        data = path.read_bytes()
        sought = PLAIN if path.name == "body" and path.parent.parent.name == "quarantine" else FORMS
        assert [form for form in sought if form.encode() in data or form in path.name] == [], path
    for one in told:
        assert [form for form in FORMS if form in one.out + one.err] == [], one.out + one.err


def asset(name: str, prompt: str) -> str:
    return f'[asset.{name}]\nprompt = "{prompt} {name}."\nprovider = "{name}"\noutput = "{name}.png"\n'


def manifest(server: ImagesServer, names: Iterable[str], prompt: str) -> str:
    """An asset for each fault, each with a provider of its own, so that none is stopped for another."""
    table = f'kind = "images-api"\nbase_url = "{server.url}"\nconcurrency = 2\n'
    return "".join(f"[provider.{name}]\n{table}{asset(name, prompt)}" for name in names)


def watched(project: Builder, *arguments: str) -> tuple[Result, list[bytes]]:
    """A command in a process of its own, and what others could see meanwhile: its arguments, and the arguments and
    environments of all processes that it started."""
    seen: list[bytes] = []
    child = project.start(*arguments)
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.05):
            seen.extend(_read(f"/proc/{child.pid}/cmdline"))
            for pid in descendants(child.pid):
                seen.extend([*_read(f"/proc/{pid}/cmdline"), *_read(f"/proc/{pid}/environ")])

    watching = threading.Thread(target=look)
    watching.start()
    try:
        out, err = child.communicate(timeout=120)
    finally:
        over.set()
        watching.join()
    return Result(child.returncode, out, err), seen


def _read(path: str) -> list[bytes]:
    try:
        return [Path(path).read_bytes()]
    except OSError:  # it ended just now
        return []


def descendants(pid: int) -> list[int]:
    """The processes that a process started, and those that they started."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        for text in _read(str(stat)):
            parents[int(stat.parent.name)] = int(text.rpartition(b")")[2].split()[1])
    found = [pid]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return found[1:]


def script_all(server: ImagesServer, names: Iterable[str], prompt: str) -> None:
    for name in names:
        fault = vars(repeating(FAULTS[name]))
        server.script(**{**fault, "match": f"{prompt} {name}."})
    server.script(**{**vars(FINE), "match": prompt}, times=500)


# --- the promises ---


@pytest.mark.slow
@pytest.mark.parametrize("how", ["-v", "--json"])
def test_the_key_is_nowhere_after_every_fault_of_a_server_that_says_it(
    how: str, project: Builder, server: ImagesServer
) -> None:
    told, seen = [], []
    for names, prompt in ((OTHERS, "picture"), (STOPPING, "portrait")):
        script_all(server, names, prompt)
        server.latency = 1.0 if names is STOPPING else 0.0  # all are under way before the first of them stops all
        project.write({"assets.toml": manifest(server, [*names, "fine"], prompt)})
        result, looks = watched(project, "build", "--yes", how)
        assert result.code in (1, 4), result.err
        told.append(result)
        seen += looks
    assert {call.fault for call in server.calls} >= set(FAULTS)
    assert all("Your key is [key], or [key], or [key]" in one.out + one.err for one in told)
    server.latency = 0.0
    again = ("build --yes", "plan", "list", "check", "spend", "spend --by model", "cache verify", "cache repair")
    told += [project.call(*command.split(), how) for command in again]
    told += [project.call("explain", name) for name in ("redirect", "moderation_blocked", "fine")]
    seek(project, told)
    assert [look for look in seen for form in FORMS if form.encode() in look] == []


def test_links_that_hold_the_key_are_not_shown(project: Builder, server: ImagesServer) -> None:
    """Nobody is asked for any of them, and each is told of."""
    data = [{"url": url, "revised_prompt": KEY} for url in LINKS]
    server.script(**{**vars(FINE), "reshape": lambda body: said(body) | {"data": data}})
    project.write({"assets.toml": manifest(server, ["a"], "picture")})
    told = [project.call("build", "--yes", "-v"), project.call("cache", "verify", "-v")]
    assert told[0].code == 1
    assert all(f"image-{place}" in told[0].err for place in range(1, len(LINKS) + 1))
    assert len(list((project.home / "store" / "quarantine").iterdir())) == 1
    seek(project, told)


def test_a_picture_behind_a_link_with_the_key_is_kept_without_it(project: Builder, server: ImagesServer) -> None:
    server.script(**vars(repeating(FAULTS["links"])))
    project.write({"assets.toml": manifest(server, ["a"], "picture")})
    told = [project.call("build", "--yes", "-v")]
    assert told[0].code == 0
    assert len(server.fetched) == 1
    assert KEY not in json.dumps(dict(server.fetched[0]))
    seek(project, told)


FAILING = """
exec(open({sealed!r}, encoding="utf-8").read())

def fail(event, args):
    if event == "open" and str(args[0]).endswith("ledger.jsonl"):
        words = dict(os.environ)["OPENAI_API_KEY"]
        raise RuntimeError(f"Authorization: Bearer {{words}}", {{"Authorization": words}}) from ValueError(words)

sys.addaudithook(fail)
"""


@pytest.mark.parametrize("how", ["-v", "--json"])
def test_a_fault_of_ours_that_holds_the_key_is_reported_without_it(
    how: str, project: Builder, server: ImagesServer
) -> None:
    """What nobody expects happens when an answer is written down: an error whose words, cause and values are the
    key."""
    sealed = str(ROOT / "tests" / "sealed" / "sitecustomize.py")
    project.write({"assets.toml": manifest(server, ["a"], "picture")})
    folder = project.home / "failing"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(FAILING.format(sealed=sealed))
    told = project.run("build", "--yes", how, PYTHONPATH=os.pathsep.join([str(folder), str(ROOT)]))
    assert told.code == 70, told.err
    (report,) = project.home.glob("assetforge-bug-*.md")
    assert "RuntimeError" in report.read_text("utf-8")
    assert "$OPENAI_API_KEY" in report.read_text("utf-8")
    after = project.call("build", "--yes", how)
    assert after.code == 0
    assert len(server.calls) == 1
    seek(project, [told, after])
