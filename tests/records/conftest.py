"""Histories, stores and writers, as in the tests of tracking."""

from tests.tracking.conftest import boundary as boundary
from tests.tracking.conftest import database as database
from tests.tracking.conftest import history as history
from tests.tracking.conftest import job as job
from tests.tracking.conftest import named as named
from tests.tracking.conftest import store as store
from tests.tracking.conftest import writer as writer
