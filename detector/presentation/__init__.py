"""Results for people: wording, tables, terminal, plots and pages."""
