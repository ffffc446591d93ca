"""The command line as a whole: which commands there are, and the one place where an error becomes text and a code."""

import errno
import os
import re
import sys
from collections.abc import Sequence
from typing import Any

import click

from assetforge import __version__
from assetforge.cli.console import ReaderLeft
from assetforge.cli.groups import Commands
from assetforge.cli.options import Declined, Run, common, open_run
from assetforge.errors import AssetforgeError, NotCurrent, UsageError, told_of_machine
from assetforge.words import did_you_mean

# In the order of a user's first day.
COMMANDS = (
    "init",
    "build",
    "plan",
    "check",
    "watch",
    "explain",
    "list",
    "graph",
    "pick",
    "reroll",
    "accept",
    "adopt",
    "history",
    "restore",
    "gallery",
    "diff",
    "spend",
    "cache",
    "schema",
    "clean",
    "trust",
    "doctor",
    "simulate",
    "merge-driver",
)
INTERRUPTED = 130
# What a machine refuses, whatever we do: no room, no permission, no more open files, a file for a folder.
MACHINE = frozenset(
    {
        errno.EACCES,
        errno.EDQUOT,
        errno.EFBIG,
        errno.EIO,
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOSPC,
        errno.ENOTDIR,
        errno.EPERM,
        errno.EROFS,
    }
)
BUG = 70
# How names of files are written; where it is UTF-8 every name can be.
NAMES = sys.getfilesystemencoding()


def _version(context: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        click.echo(f"assetforge {__version__}")
        context.exit()


@click.group(
    cls=Commands,
    names=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
    invoke_without_command=True,
)
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_version, help="Show the version."
)
@common
@click.pass_context
def app(context: click.Context) -> int:
    """Builds the pictures of a repository from assets.toml, and never pays for one twice."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help(), err=True)
        return UsageError.exit_code
    return 0


def main(arguments: Sequence[str]) -> int:
    """Runs one command and returns the exit code."""
    given = list(arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    run = open_run(dict(os.environ))
    run.console.as_json = "--json" in given
    code = _ended(given, run)
    if run.console.has_runner:
        from assetforge.cli.github import add_outputs

        add_outputs(run.console.environ, {**run.outputs, "exit-code": str(code)})
    return code


def _ended(given: list[str], run: Run) -> int:
    """Runs a command to its end, whatever that is."""
    try:
        return _run(given, run)
    except AssetforgeError as error:
        return tell(run, error)
    except click.UsageError as error:
        return tell(run, _in_our_words(error))
    except (KeyboardInterrupt, click.Abort):
        run.console.tell(f"{chr(10) if run.console.is_live else ''}interrupted: what was paid for is kept")
        return INTERRUPTED
    except ReaderLeft:
        _drop_output()
        return 0
    except OSError as error:
        return tell(run, _of_the_machine(error)) if error.errno in MACHINE else _tell_bug(run, error)
    except UnicodeEncodeError as error:
        return tell(run, _unnameable(error)) if error.encoding == NAMES else _tell_bug(run, error)
    except Exception as error:  # the last door: what nobody expected is a bug of ours
        return _tell_bug(run, error)


def _run(given: list[str], run: Run) -> int:
    code: Any = app.main(given, prog_name="assetforge", standalone_mode=False, obj=run)
    return code if isinstance(code, int) else 0


def tell(run: Run, error: AssetforgeError) -> int:
    """All problems of an error, as text or as an object, and the exit code."""
    if isinstance(error, NotCurrent):
        return _tell_missing(run, error)
    if run.console.as_json:
        return run.emit(run.command, {}, error.exit_code, errors=error.problems)
    if isinstance(error, Declined):
        run.console.tell(str(error))
        return error.exit_code
    run.show("error", error.problems)
    if run.console.in_github:
        from assetforge.cli.github import add_problems

        add_problems(run.console.environ, f"assetforge {run.command}".rstrip(), run.told(error.problems))
    return error.exit_code


def _tell_missing(run: Run, error: NotCurrent) -> int:
    """What would have to be made, thing by thing, with its price; in GitHub Actions at the assets' lines too."""
    from assetforge.check import cost_of
    from assetforge.report.disagreeing import as_problems, cost_object, disagreement_object, lines_of

    if run.console.as_json:
        told = {
            "missing": [disagreement_object(one) for one in error.missing],
            "cost": cost_object(cost_of(error.missing)),
        }
        return run.emit(run.command, told, error.exit_code, errors=error.problems)
    lines = lines_of(error.missing)
    for subject, reason in lines:
        run.console.print(f"{subject}: {reason}")
    run.show("error", error.problems)
    run.annotate("error", as_problems(error.missing))
    lead = [line for one in error.problems for line in (one.message, f"hint: {one.hint}" if one.hint else "") if line]
    run.add_table(f"assetforge {run.command}".rstrip(), ("what", "why"), lines, lead=lead)
    return error.exit_code


def _unnameable(error: UnicodeEncodeError) -> AssetforgeError:
    told = f"`{error.object}` can't be the name of a file here: this process writes names in {error.encoding}"
    return UsageError(told, hint="set PYTHONUTF8=1, or a locale with UTF-8")


def _of_the_machine(error: OSError) -> AssetforgeError:
    hint = "see that there is room and that you may write there; ASSETFORGE_CACHE_DIR moves the store"
    return AssetforgeError(told_of_machine(error), hint=hint)


def _in_our_words(error: click.UsageError) -> UsageError:
    """What click says of a wrong command line, as we say things."""
    command = error.ctx.command_path if error.ctx else "assetforge"
    hint: str | None = f"see `{command} --help`"
    if isinstance(error, click.NoSuchOption):
        names = [name for param in (error.ctx.command.params if error.ctx else ()) for name in param.opts]
        near = did_you_mean(error.option_name, [name for name in names if name.startswith("--")], "options")
        told = f"`{command}` has no option `{error.option_name}`"
        return UsageError(told, hint=near if near.startswith("did") else hint)
    if isinstance(error, click.BadOptionUsage) and error.option_name:
        return UsageError(f"`{error.option_name}` needs a value", hint=hint)
    extra = re.search(r"unexpected extra arguments? \((.*)\)", error.message)
    if extra:
        return UsageError(f"`{command}` takes no `{extra[1]}`", hint=hint)
    if isinstance(error, click.MissingParameter) and error.param is not None:
        return UsageError(f"`{command}` needs {error.param.human_readable_name}", hint=hint)
    if isinstance(error, click.BadParameter) and not isinstance(error, click.MissingParameter) and error.param:
        return UsageError(f"{'/'.join(error.param.opts)}: {_plain(error.message)}", hint=hint)
    return UsageError(_plain(error.format_message()), hint=hint)


def _plain(message: str) -> str:
    text = message.rstrip(".").replace("'", "`")
    return text[:1].lower() + text[1:]


def _tell_bug(run: Run, error: Exception) -> int:
    from assetforge.cli.bug import bug_text, without_secrets, write_bug_report

    environ = run.console.environ
    told = without_secrets(f"{type(error).__name__}: {error}", environ).split("\n")[0]
    message = f"this is a bug in assetforge: {told}"
    try:
        hint = f"put {write_bug_report(error, run.command, environ)} into an issue"
    except OSError:
        hint = "put the text above into an issue"
        run.console.err.write(bug_text(error, run.command, environ))
    ours = AssetforgeError(message, hint=hint)
    ours.exit_code = BUG
    return tell(run, ours)


def _drop_output() -> None:
    """Nobody reads on: what is still in the buffer goes nowhere instead of into an error at exit."""
    descriptor = os.open(os.devnull, os.O_WRONLY)
    os.dup2(descriptor, sys.stdout.fileno())
