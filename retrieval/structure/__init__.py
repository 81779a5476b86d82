"""Structure of a document's text: lines, clauses, chunks, sentences, definitions, cross-references, phrase search."""
