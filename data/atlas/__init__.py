"""The parts of data.inventory: readers of the references, the table, queries, exports."""
