"""How two answers of a database differ, in sentences."""

from collections.abc import Iterator

from tools.drills.checksum import TABLES, Answer

_SHOWN = 100


def differences(database: str, query: str, source: Answer, restored: Answer) -> list[str]:
    """What the restored database answers differently."""
    if query != TABLES:
        return list(_lines(database, source, restored))
    before, after = source.tables(), restored.tables()
    found = [f"database {database}: table {name} was not restored" for name in before if name not in after]
    found += [f"database {database}: table {name} is not in the source" for name in after if name not in before]
    for name in before.keys() & after.keys():
        if before[name] != after[name]:
            rows, restored_rows = before[name].split("|")[0], after[name].split("|")[0]
            how = "other content in" if rows == restored_rows else f"{restored_rows} rows instead of"
            found.append(f"database {database}: table {name} has {how} {rows} rows")
    return sorted(found)


def _lines(database: str, source: Answer, restored: Answer) -> Iterator[str]:
    if source.lines == restored.lines:
        return
    pairs = zip([*source.lines, "nothing more"], [*restored.lines, "nothing more"], strict=False)
    one, other = next((one, other) for one, other in pairs if one != other)
    yield f"database {database}: the query answers {other[:_SHOWN]} instead of {one[:_SHOWN]}"
