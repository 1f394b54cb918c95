"""The verbs of `covenant`, a module for each kind. Imported only when one is used."""
