"""The seam to language models: one protocol module a vendor, and one gate that every call passes."""
