"""The pages that are only read: licences."""

from typing import Any

from flask import Flask, render_template
from werkzeug.exceptions import NotFound

from web.licences import find_part, read_texts, software_parts


class Reading:
    """The views."""

    def add_to(self, app: Flask) -> None:
        """Register the routes."""
        app.add_url_rule("/licences", "licences", self.licences, methods=["GET"])
        app.add_url_rule("/licences/<key>", "licence", self.licence, methods=["GET"])

    def licences(self) -> Any:
        """List the software parts."""
        return render_template("licences.html", parts=software_parts())

    def licence(self, key: str) -> Any:
        """Show the licence of one part."""
        part = find_part(key)
        if part is None:
            raise NotFound
        return render_template("licence.html", part=part, texts=read_texts(part))
