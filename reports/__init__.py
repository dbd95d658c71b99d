"""Reports: what the results.json of a run says, for a terminal and as Markdown."""
