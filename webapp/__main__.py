"""`python -m webapp` is `pincite`."""

from webapp.cli.main import main

if __name__ == "__main__":
    main()
