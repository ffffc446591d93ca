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
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~%+@:/\[\]-]*", re.ASCII)


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
    if scheme == "http" and not _is_loopback(url):
        raise UsageError("a remote on the web has to be https", hint="only this machine may be asked by http")
    return RemotePlace(url, scheme)


def is_remote_url(text: str) -> bool:
    """Whether a text is meant as the URL of an object store, or as an absolute folder."""
    return text.partition("://")[0].lower() in OBJECTS or os.path.isabs(text)


def is_trusted(place: RemotePlace, trusted: Iterable[str]) -> bool:
    """Whether one of the trusted origins, URLs and folders covers a place."""
    return any(place.is_covered_by(one) for one in trusted)


def is_fork_run(environ: Mapping[str, str]) -> bool:
    """Whether CI says that this run is of a change from another repository, whose author nobody here knows.

    GitHub tells it in the event's file (docs.github.com/webhooks, `pull_request.head.repo`), GitLab by the projects
    of a merge request (docs.gitlab.com/ci/variables), CircleCI and Buildkite by the repository of a pull request.
    """
    source, target = environ.get("CI_MERGE_REQUEST_SOURCE_PROJECT_ID"), environ.get("CI_MERGE_REQUEST_PROJECT_ID")
    if source and target and source != target:
        return True
    if environ.get("CIRCLE_PR_REPONAME"):  # CircleCI sets it for forks only
        return True
    theirs, ours = environ.get("BUILDKITE_PULL_REQUEST_REPO"), environ.get("BUILDKITE_REPO")
    if theirs and ours and _repository(theirs) != _repository(ours):
        return True
    return environ.get("GITHUB_ACTIONS") == "true" and _is_github_fork(environ)


def _is_github_fork(environ: Mapping[str, str]) -> bool:
    """A pull request whose event can't be read counts as a stranger's."""
    if not environ.get("GITHUB_EVENT_NAME", "").startswith("pull_request"):
        return False
    try:
        with open(environ.get("GITHUB_EVENT_PATH", ""), "rb") as file:
            event: Any = json.load(file)
        # A repository that is gone since leaves a null.
        return bool(event["pull_request"]["head"]["repo"]["id"] != event["repository"]["id"])
    except (OSError, ValueError, LookupError, TypeError):
        return True


def _repository(url: str) -> str:
    """`owner/name` of a repository's URL, however it is spelled."""
    return "/".join(re.split(r"[/:]", url.removesuffix("/").removesuffix(".git"))[-2:]).lower()


def _is_loopback(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
