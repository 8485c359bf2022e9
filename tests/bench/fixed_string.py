"""The reference of the provisioning benchmark: a Flask application that answers every path with one fixed string."""

import os

from flask import Flask, Response

BODY = b"x" * int(os.environ.get("BENCH_BYTES", "4096"))


def wsgi() -> Flask:
    app = Flask("fixed")

    @app.route("/", defaults={"path": ""})
    @app.route("/<path:path>")
    def fixed(path: str) -> Response:
        return Response(BODY, content_type="text/plain")

    return app
