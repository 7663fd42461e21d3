"""Pictures, read as a phone's camera would."""

import io

import zxingcpp
from PIL import Image


def read_qr_picture(png: bytes) -> str:
    """Return the text of the one QR code in a picture."""
    [found] = zxingcpp.read_barcodes(Image.open(io.BytesIO(png)).convert("L"))
    return str(found.text)
