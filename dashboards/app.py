"""What `panel serve` is pointed at."""

from dashboards import shell

shell.serve()
