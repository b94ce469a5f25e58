"""What `panel serve --setup` runs before the server starts: the site made ready, the background thread started."""

import sys

from dashboards import context, worker
from opslib.errors import ServerError, UserError
from opslib.firstrun import prepare

try:
    prepare(context.site(), context.settings(), print)
except UserError as error:
    sys.exit(str(error))
except ServerError as error:
    print(f"{error} The console starts all the same and works when it is back.", file=sys.stderr)
worker.start(context.site())
