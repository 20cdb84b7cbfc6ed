"""Our own database: what we know (facts, landed records), what happened, and what is to be done."""
