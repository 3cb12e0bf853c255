"""Small files of the kinds that liaisons send."""

import base64
import io

from PIL import Image


def picture(shade: int = 0) -> bytes:
    """A small PNG; another shade is another picture."""
    kept = io.BytesIO()
    Image.new("RGB", (8, 8), (shade, shade, shade)).save(kept, "PNG")
    return kept.getvalue()


def in_text(data: bytes) -> str:
    """As the sandbox takes it."""
    return base64.b64encode(data).decode()
