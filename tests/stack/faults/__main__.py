"""`python -m tests.stack.faults` writes the matrix into docs/reference/fault-matrix.md; its tests hold each cell."""

from tests.stack.faults.tables import DOCUMENT, filled

if __name__ == "__main__":
    DOCUMENT.write_text(filled(DOCUMENT.read_text("utf-8")), "utf-8")
