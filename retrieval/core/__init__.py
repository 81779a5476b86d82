"""Documents and spans, the errors of the package, limits of one document, a cache by size:
what every other room uses.
"""
