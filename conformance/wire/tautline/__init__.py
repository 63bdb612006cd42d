"""A client of tautline.v1, written from docs/protocol/tautline-v1.md alone. Paragraphs are those of that text."""
