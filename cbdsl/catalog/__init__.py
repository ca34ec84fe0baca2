"""What the language may speak of: tables, no logic."""
