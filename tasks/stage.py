"""What makes a stage: its name and the rows it works on. Its `decide` stands in the same file."""

from dataclasses import dataclass

from connectors.ledger.rows import Known


@dataclass(frozen=True, slots=True)
class Stage:
    """`row` is the type of its rows and `rows` the query that finds them."""

    name: str
    row: type[Known]
    rows: str
