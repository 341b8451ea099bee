"""What representations know: retrieval by layer, language identity, projections, costs."""
