"""HTTP: one module per resource; settings; errors to responses."""
