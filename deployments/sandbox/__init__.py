"""Stand-ins of every supported vendor, and the people who act through them."""
