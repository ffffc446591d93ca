"""`assetforge explain`: one instance's chain, with prompts, sizes, keys, inputs, state, cost, reasons; one emit."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from assetforge.cli import options as shared
from assetforge.cli.options import Run, pass_run, plan_options
from assetforge.errors import Problem, UsageError, Where

if TYPE_CHECKING:
    from assetforge.gate import Options
    from assetforge.project import Project
    from assetforge.report.chain import Part, State
    from assetforge.report.explained_emit import EmitExplanation
    from assetforge.report.explanation import Explanation

Piece = tuple[str, str]
MARKS = {" ": "", "-": "removed", "+": "added"}
# A sheet is made from hundreds; as many of their names fit into a line or two.
SHOWN = 8
# As many changed lines of an emit fit onto a screen.
SHOWN_LINES = 12


@click.command("explain", short_help="Explain one asset or emit: what it is made from, its state, and why.")
@click.argument("asset")
@shared.draft
@shared.profile
@shared.variables
@shared.common_with("Everything that each key is made of.")
@pass_run
def command(run: Run, asset: str, draft: bool, profile: str | None, variables: tuple[tuple[str, str], ...]) -> int:
    """Explains ASSET, which is a name, one instance like icon[item=sword,theme=dark], or an emit like emit:list."""
    from assetforge.graph.select import select
    from assetforge.project import nothing
    from assetforge.report.explained_emit import PREFIX
    from assetforge.report.explanation import explain, explanation_object
    from assetforge.words import some

    project = run.open(dict(variables))
    options = plan_options(profile=profile, draft=draft)
    if asset.startswith(PREFIX):
        return _explain_emit(run, project, asset, options)
    found = select(project.graph(profile), (asset,))
    if len(found) != 1:
        raise UsageError(f"`{asset}` stands for {len(found):,} instances", hint=f"name one of {some(found)}")
    told = explain(project, found[0], options, nothing)
    if run.console.as_json:
        return run.emit("explain", explanation_object(told), warnings=project.graph(profile).warnings)
    for line in _lines(run, told):
        run.console.print_pieces(line)
    return 0


def _explain_emit(run: Run, project: "Project", name: str, options: "Options") -> int:
    from assetforge.project import nothing
    from assetforge.report.explained_emit import emit_explanation_object, explain_emit, find_emit

    graph = project.graph(options.profile)
    told = explain_emit(project, find_emit(graph, name), options, nothing)
    if run.console.as_json:
        return run.emit("explain", emit_explanation_object(told), warnings=graph.warnings)
    for line in _emit_lines(run, told):
        run.console.print_pieces(line)
    return 0


def _emit_lines(run: Run, told: "EmitExplanation") -> Iterator[list[Piece]]:
    from assetforge.words import count

    emit, reason = told.outlook.emit, told.outlook.reason
    yield [(emit.name, "good"), (_place(run, emit.where), "faint")]
    yield [(f"  {told.word}", ""), (f": {reason}" if reason else "", "")]
    if told.outlook.problem is not None:
        yield from _problem(run, told.outlook.problem)
    yield [("  writes    ", "faint"), (run.shown(emit.path), "")]
    yield [("  template  ", "faint"), (emit.template or "none: a list of outputs as JSON", "")]
    yield [("  from      ", "faint"), (_few(run, told.instances), "")]
    yield [("  outputs   ", "faint"), (count(len(told.outputs), "file"), "")]
    for one in told.waiting if run.console.verbose else told.waiting[:SHOWN]:
        why = "; ".join(one.reasons)
        yield [("  waits for ", "faint"), (f"{one.instance}, {one.word}" + (f": {why}" if why else ""), "")]
    shown = told.changes if run.console.verbose else told.changes[:SHOWN_LINES]
    for index, (mark, text) in enumerate(shown):
        yield [("            " if index else "  changed   ", "faint"), (f"{mark} {text}", MARKS[mark])]
    if len(shown) < len(told.changes):
        yield [(f"            and {count(len(told.changes) - len(shown), 'more line')}: -v shows all", "faint")]


def _problem(run: Run, problem: Problem) -> Iterator[list[Piece]]:
    """Where it is, and what to do about it."""
    if problem.where is not None and (place := _place(run, problem.where)):
        yield [("  place     ", "faint"), (place.strip(), "")]
    if problem.hint:
        yield [("  hint      ", "faint"), (problem.hint, "")]


def _place(run: Run, where: Where) -> str:
    place = run.project.place_of(Problem("", where)) if run.project else None
    return f"  {run.shown(place.file)}:{place.line}" if place else ""


def _few(run: Run, names: Sequence[str]) -> str:
    few = names if run.console.verbose else names[:SHOWN]
    return ", ".join(few) + (f" and {len(names) - len(few):,} more" if len(few) < len(names) else "")


def _lines(run: Run, told: "Explanation") -> Iterator[list[Piece]]:
    from assetforge.report.gathering import listed, without_name
    from assetforge.report.planned import price_of

    yield [(told.instance.name, "good"), (_place(run, told.instance.where), "faint")]
    why = listed(without_name(reason, told.instance.name) for reason in told.reasons)
    price = price_of(told.outlook.purchases)
    yield [(f"  {told.word}", ""), (f": {why}" if why else "", ""), (f", {price}" if price else "", "")]
    if told.instance.alt is not None:
        yield [(f"  alt: {told.instance.alt or '(decorative)'}", "faint")]
    if told.instance.tags:
        yield [(f"  tags: {', '.join(told.instance.tags)}", "faint")]
    for part in told.parts:
        yield []
        yield from _part(run, part)


def _part(run: Run, part: "Part") -> Iterator[list[Piece]]:
    from assetforge.report.cheaper import told_cheaper

    name = run.shown(part.step) if part.kind == "output" else part.step
    yield [(part.kind, "good"), (f"  {name}", "")]
    if part.inputs:
        yield [("  from      ", "faint"), (_few(run, part.inputs), "")]
    if part.prompt is not None:
        first, *rest = part.prompt.split("\n")
        yield [("  prompt    ", "faint"), (first, "")]
        for line in rest:
            yield [(f"            {line}", "")]
    if part.size or part.asked:
        asked = f", asked for as {part.asked}" if part.asked and part.asked != part.size else ""
        yield [("  size      ", "faint"), (f"{part.size or 'not known yet'}{asked}", "")]
    if part.cheaper and part.asked:
        prices = {"price": part.cheaper.planned_price, "cheaper_price": part.cheaper.price}
        told = told_cheaper(part.asked, part.cheaper.size, part.cheaper.cut, **prices)
        yield [("  cheaper   ", "faint"), (told, "")]
    if part.settings:
        yield [
            ("  settings  ", "faint"),
            (", ".join(f"{key} {_plain(value, run)}" for key, value in part.settings.items()), ""),
        ]
    for note in part.notes:
        yield [("  marks     ", "faint"), (note, "")]
    for state in part.states:
        number = f"#{state.candidate}{' (picked)' if state.picked else ''} " if len(part.states) > 1 else ""
        yield from _state(state, number)
        for name, value in state.ingredients if run.console.verbose else ():
            yield [(f"            {name} {_plain(value, run)}", "faint")]


def _plain(value: object, run: Run) -> str:
    """A value as TOML writes it, but for quotes round text. A long text is cut where not everything is asked for."""
    from assetforge.plan.difference import LONGEST, written

    if not isinstance(value, str):
        return written(value)
    is_long = len(value) > LONGEST and not run.console.verbose
    return f"{' '.join(value[:LONGEST].split())}…" if is_long else value


def _state(state: "State", number: str) -> Iterator[list[Piece]]:
    from assetforge.words import money, most

    facts = [*state.reasons] if state.word == "waits" and state.reasons else [state.word, *state.reasons]
    if state.by:
        facts.append(state.by)
    if state.date:
        facts.append(state.date)
    if state.cost is not None:
        facts.append(money(state.cost) if state.date else most(state.cost))
    yield [("  state     ", "faint"), (number + ", ".join(facts), "")]
    if state.diff:
        yield [("  changed   ", "faint"), *diff_pieces(state.diff)]
    if state.hint:
        yield [("  hint      ", "faint"), (state.hint, "")]
    if state.key or state.word == "waits":
        yield [("  key       ", "faint"), (state.key or "known when what it waits for is made", "")]


def diff_pieces(runs: tuple[Piece, ...]) -> Iterator[Piece]:
    """Brackets as well as colours, so that it can be read without them."""
    for index, (mark, words) in enumerate(runs):
        space = " " if index else ""
        shown = {" ": words, "-": f"[-{words}-]", "+": f"{{+{words}+}}"}[mark]
        yield f"{space}{shown}", MARKS[mark]
