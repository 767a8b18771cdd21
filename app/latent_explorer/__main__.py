"""`python -m latent_explorer`: the command `latent-explorer`."""

import sys

from latent_explorer.cli import main

sys.exit(main())
