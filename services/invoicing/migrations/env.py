from services.invoicing.adapters.tables import metadata
from shared.db.migration import run_environment

run_environment(metadata)
