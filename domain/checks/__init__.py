"""What an agreement must say: a table of rules for each part of it. `domain.terms_check` runs them."""
