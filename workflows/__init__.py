"""Who waits for what, and what happens next. Workflow classes and what only they need."""
