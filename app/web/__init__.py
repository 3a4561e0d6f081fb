"""HTTP and nothing but HTTP: routes, conditions, problems, the admin gate, pages."""
