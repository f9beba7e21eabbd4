"""From the store to the report: reads a study, draws it, and says where the PDF is."""

from pathlib import Path

from nnbench.config import Config
from nnbench.report.document import Report, write
from nnbench.study import Study
from nnbench.tracking.reader import read_study
from nnbench.tracking.store import Store


def report_on(store: Store, config: Config) -> tuple[Study, Report | None]:
    """Read the study of `config` and write its report, unless `report=none`.

    Raises:
        UserError: there is no such study, or a page has a name that no figure bears.
    """
    study = read_study(store, config.study)
    if not config.report.pages:
        return study, None
    folder = Path(config.report.folder) / config.study
    report = write(
        study, folder, title=config.report.title, pages=config.report.pages, targets=config.report.targets
    )
    return study, report
