"""``python -m sandbox``: serve the sandbox at SANDBOX_HOST:SANDBOX_PORT until told to stop."""

import os
import sys

from aiohttp import web
from pydantic import ValidationError

from sandbox.app import create_app
from sandbox.config import PREFIX, Config


def main() -> int:
    """Read the environment and serve; a wrong setting or a port in use is one sentence."""
    try:
        config = Config.from_environment(os.environ)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        sys.stderr.write(f"{PREFIX}{str(first['loc'][0]).upper()}: {first['msg']}\n")
        return 1
    try:
        web.run_app(
            create_app(config),
            host=config.host,
            port=config.port,
            access_log=None,
            print=None,
            shutdown_timeout=3,
        )
    except OSError as error:
        sys.stderr.write(f"the sandbox cannot listen on {config.host}:{config.port}: {error.strerror}\n")
        return 1
    except ValueError as error:
        sys.stderr.write(f"SANDBOX_STATE: {config.state} cannot be read: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
