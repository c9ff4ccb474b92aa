"""The report as one page that needs nothing from elsewhere."""

from __future__ import annotations

from datetime import datetime

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from nlu.drawings import draw_calibration, draw_dial
from nlu.findings import Findings, worst_intents

_INTENTS = 25


def render_page(found: Findings, when: datetime) -> str:
    """The HTML of `found`, made at `when`."""
    environment = Environment(
        loader=PackageLoader("nlu"),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = lambda part: f"{100 * part:.1f} %"
    environment.filters["amount"] = lambda number: f"{number:,}".replace(",", "\u202f")
    marks = [(found.setting.confidence, f"now {found.setting.confidence:.2f}")]
    if found.threshold is not None:
        marks.append((found.threshold, f"{found.wanted:.0%} right"))
    page = environment.get_template("evaluation.html")
    return page.render(
        found=found,
        when=f"{when:%Y-%m-%d %H:%M}",
        # Numbers and escaped words only: `drawings` makes them.
        dial=Markup(draw_dial(found.dial, marks, strangers=found.strays is not None)),  # noqa: S704
        calibration=Markup(draw_calibration(found.calibration)),  # noqa: S704
        languages=[item for item in found.evaluation.languages.items() if item[1].known],
        intents=worst_intents(found.evaluation, _INTENTS),
    )
