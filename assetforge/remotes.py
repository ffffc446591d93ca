"""Where a shared store is: what a URL or a folder names, who may be believed about it, and whether this run may write
there. Unaware of how it is spoken to.
"""

import ipaddress
import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from assetforge.errors import UsageError

OFF = "none"
# Object stores by their scheme, and what is read from a web server.
OBJECTS = ("s3", "gs", "az")
WEB = ("https", "http")
HINT = "write it like s3://bucket/folder, gs://, az://, https:// or as a folder"
# No `%`: what it stands for is said by the server, and `%2e%2e` would lead out of what was trusted.
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~+@:/\[\]-]*", re.ASCII)

# Variables of CI that name the repository a change comes from, and the one it is for: GitLab
# (docs.gitlab.com/ci/variables), Buildkite (buildkite.com/docs/pipelines/environment-variables), Travis
# (docs.travis-ci.com/user/environment-variables), AppVeyor (appveyor.com/docs/environment-variables).
_PAIRS = (
    ("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "CI_MERGE_REQUEST_PROJECT_ID"),
    ("BUILDKITE_PULL_REQUEST_REPO", "BUILDKITE_REPO"),
    ("TRAVIS_PULL_REQUEST_SLUG", "TRAVIS_REPO_SLUG"),
    ("APPVEYOR_PULL_REQUEST_HEAD_REPO_NAME", "APPVEYOR_REPO_NAME"),
)


@dataclass(frozen=True, slots=True)
class RemotePlace:
    """A remote: a URL without a slash at its end, or the absolute path of a folder (`scheme` is "file" then)."""

    url: str
    scheme: str

    @property
    def is_web(self) -> bool:
        """Whether it is a web server, which can only be read."""
        return self.scheme in WEB

    def is_covered_by(self, trusted: str) -> bool:
        """Whether trust in a URL, an origin or a folder is trust in this: in itself, or in what it is below."""
        return self.url == trusted or self.url.startswith(f"{trusted.rstrip('/')}/")


def read_place(text: str, folder: str) -> RemotePlace:
    """What a remote's text names; a relative path starts from `folder`. Raises UsageError, which does not repeat what
    may be a secret."""
    scheme, colon, rest = text.partition("://")
    if not colon:
        if not text.strip() or "\0" in text:
            raise UsageError("a remote has no name", hint=HINT)
        begins = _scheme_of(text)
        if begins in (*OBJECTS, *WEB, "file"):
            raise UsageError(f"`{begins}:` without `//` is no remote", hint=HINT)
        return RemotePlace(os.path.abspath(os.path.join(folder, os.path.expanduser(text))), "file")
    scheme = scheme.lower()
    if scheme not in (*OBJECTS, *WEB):
        raise UsageError(f"`{scheme}://` is no kind of remote", hint=HINT)
    if "@" in rest.partition("/")[0] or "?" in rest or "#" in rest:
        hint = "set the credentials as the service's own variables, like AWS_ACCESS_KEY_ID"
        raise UsageError("the URL of a remote may not carry credentials", hint=hint)
    if not _PLAIN.fullmatch(rest) or any(part in ("", ".", "..") for part in rest.rstrip("/").split("/")):
        raise UsageError(f"`{scheme}://` is not followed by a plain name", hint=HINT)
    url = f"{scheme}://{rest.rstrip('/')}"
    if scheme == "http" and not is_loopback_url(url):
        raise UsageError("a remote on the web has to be https", hint="only this machine may be asked by http")
    return RemotePlace(url, scheme)


def is_remote_url(text: str) -> bool:
    """Whether a text is meant as a remote, not as an origin: the URL of an object store, an absolute folder, or a web
    server's URL with a path."""
    if is_web_url(text):
        host_and_path = re.split(r"[?#]", text.partition("://")[2])[0]
        return "/" in host_and_path.rstrip("/")
    return _scheme_of(text) in OBJECTS or os.path.isabs(text)


def is_web_url(text: str) -> bool:
    """Whether a text is meant as a web server's URL."""
    return _scheme_of(text) in WEB


def is_loopback_url(url: str) -> bool:
    """Whether a URL of http(s) leads to this machine, and only there. A host that another reader of URLs might see
    elsewhere, behind a user name or a backslash, does not."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        if parts.scheme not in WEB or "@" in parts.netloc or "\\" in url:
            return False
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_trusted(place: RemotePlace, trusted: Iterable[str]) -> bool:
    """Whether one of the trusted origins, URLs and folders covers a place."""
    return any(place.is_covered_by(one) for one in trusted)


def is_fork_run(environ: Mapping[str, str]) -> bool:
    """Whether CI says that this run is of a change from another repository, whose author nobody here knows.

    GitHub tells it in the event's file (docs.github.com/webhooks, `pull_request.head.repo` and
    `workflow_run.head_repository`), CircleCI and Azure Pipelines say it outright, the others (`_PAIRS`) name both
    repositories.
    """
    # CircleCI sets the first for forks only (circleci.com/docs/variables); Azure writes `True`
    # (learn.microsoft.com/azure/devops/pipelines/build/variables).
    if environ.get("CIRCLE_PR_REPONAME") or environ.get("SYSTEM_PULLREQUEST_ISFORK", "").lower() == "true":
        return True
    pairs = ((environ.get(theirs), environ.get(ours)) for theirs, ours in _PAIRS)
    if any(theirs and ours and _repository(theirs) != _repository(ours) for theirs, ours in pairs):
        return True
    return environ.get("GITHUB_ACTIONS") == "true" and _is_github_fork(environ)


def _is_github_fork(environ: Mapping[str, str]) -> bool:
    """A pull request, or what runs after one, whose event can't be read counts as a stranger's."""
    name = environ.get("GITHUB_EVENT_NAME", "")
    if name != "workflow_run" and not name.startswith("pull_request"):
        return False
    try:
        with open(environ.get("GITHUB_EVENT_PATH", ""), "rb") as file:
            event: Any = json.load(file)
        follows = name == "workflow_run"
        head = event["workflow_run"]["head_repository"] if follows else event["pull_request"]["head"]["repo"]
        # A repository that is gone since leaves a null.
        return bool(head["id"] != event["repository"]["id"])
    except (OSError, ValueError, LookupError, TypeError):
        return True


def _repository(url: str) -> str:
    """A repository's full name, like `owner/name`, from its name or URL, however that is spelled."""
    path = re.sub(r"^(?:[^/:]+://[^/]*/|[^/:]*:/?)", "", url)
    return path.removesuffix("/").removesuffix(".git").lower()


def _scheme_of(text: str) -> str:
    """What stands before the first colon; "" where there is none."""
    scheme, colon, _ = text.partition(":")
    return scheme.strip().lower() if colon else ""
