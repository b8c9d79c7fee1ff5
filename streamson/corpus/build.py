"""Making a corpus: which tables go into which shard, and who makes the shards."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from streamson._optional import import_optional
from streamson._version import __version__
from streamson.corpus.shard import FORMAT, ShardPlan, ShardResult, Source, make_shard, read_result
from streamson.errors import InputFileError, OutputFileError, StreamsonError
from streamson.formats.opened import printable_name
from streamson.session.load import load_session
from streamson.session.packing import keep_session, pack_session

TABLES: Final = (".csv", ".tsv", ".jsonl", ".parquet")
SHARD_TABLES: Final = 16
MAX_TABLES: Final = 1_000_000
TRIES: Final = 3
"""How often the work of a process that was killed is begun again."""

CONNECT_S: Final = 20.0
MANIFEST: Final = "corpus.json"
SHARD_NAME: Final = "shard-{:05}.parquet"


def find_sources(inputs: Iterable[Path], *, outside: Path) -> list[Source]:
    """Return the tables among files, and in folders and theirs; each with a name of its own.

    Parameters
    ----------
    inputs
        Files and folders.
    outside
        What is in this folder is left out: the corpus itself.

    Raises
    ------
    InputFileError
        If one is not there, or there are none.
    """
    found: dict[str, Source] = {}
    for given in inputs:
        if not given.exists():
            raise InputFileError(f"{given}: no such file or folder")
        folder = given if given.is_dir() else given.parent
        paths = sorted(given.rglob("*")) if given.is_dir() else [given]
        for path in paths:
            if outside.resolve() in path.resolve().parents:
                continue
            if path.is_file() and (path == given or path.suffix.lower() in TABLES):
                name = printable_name(path.relative_to(folder).as_posix())
                found.setdefault(str(path.resolve()), Source(str(path.resolve()), name))
    sources = sorted(found.values(), key=lambda source: (source.name, source.path))
    if not sources:
        raise InputFileError(f"no table there; tables end in {', '.join(TABLES)}")
    if len(sources) > MAX_TABLES:
        raise InputFileError(f"{len(sources)} tables; at most {MAX_TABLES}")
    return _with_names_of_their_own(sources)


def _with_names_of_their_own(sources: list[Source]) -> list[Source]:
    names: dict[str, int] = {}
    told_apart = []
    for path, name in sources:
        number = names[name] = names.get(name, 0) + 1
        told_apart.append(Source(path, name if number == 1 else f"{name} ({number})"))
    return told_apart


def plan_shards(
    sources: Sequence[Source],
    folder: Path,
    *,
    session: str | None = None,
    sample_rate: int | None = None,
    online: bool = False,
    tables: int = SHARD_TABLES,
) -> list[ShardPlan]:
    """Make the folder of a corpus, and return what its shards are to be made of.

    Parameters
    ----------
    sources
        The tables.
    folder
        Of the corpus.
    session, sample_rate, online
        As for `streamson.render`.
    tables
        How many a shard has.

    Raises
    ------
    SessionError
        If the session has a mistake.
    OutputFileError
        If the folder can't be written to.
    """
    loaded = load_session(session)
    try:
        folder.mkdir(exist_ok=True)
        _check_folder(folder)
        keep_session(pack_session(loaded), folder, 1)
        manifest = {
            "format": FORMAT,
            "streamson": __version__,
            "session": loaded.name,
            "tables": len(sources),
            "shards": -(-len(sources) // tables),
        }
        (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputFileError(f"can't write to {folder}: {error.strerror}") from None
    plans = [
        ShardPlan(
            str((folder / SHARD_NAME.format(number)).resolve()),
            tuple(sources[start : start + tables]),
            _where(session),
            sample_rate,
            online,
        )
        for number, start in enumerate(range(0, len(sources), tables))
    ]
    _delete_others(folder, plans)
    return plans


def _check_folder(folder: Path) -> None:
    """Raise `OutputFileError` if a folder has something else in it than a corpus."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if manifest["format"] == FORMAT:
            return
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        pass
    if any(folder.iterdir()):
        raise OutputFileError(f"{folder}: there are other files in it; name a new folder")


def _delete_others(folder: Path, plans: list[ShardPlan]) -> None:
    """Delete the shards of a corpus that was larger before."""
    wanted = {Path(plan.path).name for plan in plans}
    for path in folder.glob("shard-*.parquet"):
        if path.name not in wanted and read_result(path) is not None:
            path.unlink()


def _where(session: str | None) -> str:
    """Return a session's name for processes that run in another folder."""
    if session and Path(session).is_file():
        return str(Path(session).resolve())
    return session or ""


def build(
    plans: Sequence[ShardPlan],
    progress: Callable[[int], None] = lambda _: None,
    *,
    jobs: int = -1,
    scheduler: str | None = None,
) -> list[ShardResult]:
    """Make shards, and return what became of them by their names.

    Parameters
    ----------
    plans
        What they are made of.
    progress
        Is told how many are done.
    jobs
        Processes on this machine; -1: one for each processor.
    scheduler
        Address of a Dask cluster to use instead; its workers share our folders.

    Raises
    ------
    StreamsonError
        If processes are killed again and again, or the cluster does not answer.
    """
    results = _make_here(plans, jobs) if scheduler is None else _make_there(plans, scheduler)
    done = []
    try:
        for result in results:
            done.append(result)
            progress(len(done))
    finally:
        for plan in plans[:1]:
            for part in Path(plan.path).parent.glob("shard-*.part"):
                part.unlink()  # of a process that was killed
    return sorted(done)


def _make_here(plans: Sequence[ShardPlan], jobs: int) -> Iterator[ShardResult]:
    """Yield shards as processes on this machine finish them."""
    joblib = import_optional("joblib", "corpus", "a corpus")
    loky = import_optional("joblib.externals.loky.process_executor", "corpus", "a corpus")
    left = {plan.path: plan for plan in plans}
    for _ in range(TRIES):
        parallel = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered")
        try:
            calls = [joblib.delayed(make_shard)(plan) for plan in left.values()]
            for result in parallel(calls):
                del left[result.path]
                yield result
        except loky.TerminatedWorkerError:
            continue  # whoever was killed: the others' work is done, and what is left begins again
        return
    raise StreamsonError(
        f"processes were killed {TRIES} times; is there enough memory? Fewer --jobs take less"
    )


def _make_there(plans: Sequence[ShardPlan], scheduler: str) -> Iterator[ShardResult]:
    """Yield shards as a Dask cluster finishes them."""
    distributed = import_optional("distributed", "dask", "--scheduler")
    try:
        client = distributed.Client(scheduler, timeout=CONNECT_S)
    except (OSError, ValueError, TimeoutError) as error:
        raise StreamsonError(f"no Dask scheduler answers at {scheduler}: {error}") from None
    with client:
        futures = client.map(make_shard, plans, pure=False)
        for future in distributed.as_completed(futures):
            try:
                yield future.result()
            except (distributed.KilledWorker, distributed.CancelledError) as error:
                raise StreamsonError(f"the cluster gave up: {error}") from None
