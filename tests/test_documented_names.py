"""Names that operators rely on: events and metrics in docs/containers.md, findings and revisions in operations.md."""

import re

from CreateDB.doctor.report import OF_DATABASE, OF_SETTINGS
from testing.documents import ROOT, chapter, first_column, list_blocks, read

DOCS = read(ROOT / "docs" / "containers.md")
OPERATIONS = ROOT / "docs" / "operations.md"
# Nothing is found where the sample's servers are, and with one database; docs/clusters.md tells of several.
SAME_MACHINE = {"database_tls", "rate_limit_storage_tls", "cluster", "cluster_nodes", "cluster_reads", "replicas"}
QUOTES = '"'
# A name as the first thing that is logged; a sentence, which begins with a capital or holds a blank, is none.
LOGGED = re.compile(r"""(?:log_event|_log|(?:log(?:ger)?|getLogger\(\w+\))\.\w+)\(\s*([^,()]+)[,)]""")
NAME = re.compile(r'"([a-z]+(?:_[a-z]+)*)"')
WORKER = re.compile(r"""\bEvents\(([^)]*)\)""")  # of what a worker's log has names for
METRIC = re.compile(r'"(pupero_\w+)"')


def sources(*folders: str, named: str = "*.py") -> str:
    """Read the code of these folders, tests left out."""
    files = [path for folder in folders for path in (ROOT / folder).rglob(named) if "tests" not in path.parts]
    assert files
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def test_every_event_is_documented_and_no_other() -> None:
    """A new event has its row; a renamed one is noticed before somebody's alarm is silent."""
    code = sources("Login/app", "FlaskProject")
    first_arguments = LOGGED.findall(code) + WORKER.findall(code)
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


def test_the_sample_of_the_doctor_shows_every_examination() -> None:
    """Who reads docs/operations.md knows what --doctor examines, and which ids a monitor may rely on."""
    [_, sample] = list_blocks(chapter(OPERATIONS, "Is everything well?"))
    shown = set(re.findall(r"^(?:ok|warning) +(\w+) ", sample, re.MULTILINE))
    findings = "".join(read(file) for file in (ROOT / "CreateDB" / "doctor").glob("*.py"))
    by_name = set(re.findall(r"""(?:Finding\(|attempt\()\s*"(\w+)\"""", findings))

    assert shown >= {*OF_SETTINGS, *OF_DATABASE} - SAME_MACHINE
    assert shown <= {*OF_SETTINGS, *OF_DATABASE, *by_name}


def test_what_the_doctor_says_of_servers_is_explained() -> None:
    """Every examination of CreateDB/doctor/cluster.py has its row, and no other."""
    code = read(ROOT / "CreateDB" / "doctor" / "cluster.py")
    rows = first_column(chapter(ROOT / "docs" / "clusters.md", "What the doctor says of servers"))

    assert set(rows) == set(re.findall(r"""Finding\(\s*"(\w+)\"""", code))
    assert set(rows) <= OF_DATABASE.keys()


def test_the_sample_of_an_installation_shows_every_migration() -> None:
    """The first thing that an operator does looks as the page says."""
    [_, sample] = list_blocks(chapter(OPERATIONS, "First installation"))
    files = sorted((ROOT / "CreateDB" / "migrations" / "versions").glob("[0-9]*.py"))
    firsts = [f"Migration {file.name[:4]}: {read(file).splitlines()[0].strip(QUOTES)}" for file in files]

    assert [line for line in sample.splitlines() if line.startswith("Migration ")] == firsts
    assert f"(revision {files[-1].name[:4]})" in sample
