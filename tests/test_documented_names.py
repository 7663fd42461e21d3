"""Names that operators' alarms rely on: each one that the code uses stands in docs/containers.md, and the reverse."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCS = (ROOT / "docs" / "containers.md").read_text(encoding="utf-8")
# A name as the first thing that is logged; a sentence, which begins with a capital or holds a blank, is none.
LOGGED = re.compile(r"""(?:log_event|_log|(?:log(?:ger)?|getLogger\(\w+\))\.\w+)\(\s*([^,()]+)[,)]""")
NAME = re.compile(r'"([a-z]+(?:_[a-z]+)*)"')
METRIC = re.compile(r'"(pupero_\w+)"')


def sources(*folders: str, named: str = "*.py") -> str:
    """Read the code of these folders, tests left out."""
    files = [path for folder in folders for path in (ROOT / folder).rglob(named) if "tests" not in path.parts]
    assert files
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def test_every_event_is_documented_and_no_other() -> None:
    """A new event has its row; a renamed one is noticed before somebody's alarm is silent."""
    first_arguments = LOGGED.findall(sources("Login/app", "FlaskProject"))
    logged = {name for argument in first_arguments for name in NAME.findall(argument)} - {"request"}
    table = DOCS.partition("| event | when |")[2].partition("\n\n")[0]
    documented = {name for row in table.splitlines() for name in re.findall(r"`(\w+)`", row.split(" | ")[0])}

    assert len(logged) > 30
    assert documented == logged


def test_every_metric_is_documented_and_no_other() -> None:
    """Likewise for what Prometheus is asked about."""
    counted = set(METRIC.findall(sources("Login/app", named="metrics.py")))
    documented = set(re.findall(r"`(pupero_\w+?)(?:`|\{)", DOCS))

    assert len(counted) > 5
    assert documented == {f"{name}_total" if f"{name}_total" in documented else name for name in counted}
