"""Papers that stand-ins give: a PDF of one blank page, which says in its comments what it is."""


def pdf(*lines: str) -> bytes:
    """A PDF that is the same whenever the lines are."""
    said = "".join(f"% {line}\n" for line in lines).encode()
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] >>",
    )
    body, places = b"%PDF-1.4\n" + said, []
    for number, each in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return body + (
        b"xref\n0 4\n0000000000 65535 f \n%s"
        b"trailer\n<< /Size 4 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
    ) % (table, len(body))
