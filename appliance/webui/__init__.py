"""The building page: what facility IT sees and may do. Reads reports, the live directory and local facts; no engine."""
