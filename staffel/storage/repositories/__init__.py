"""Every query of the project, one repository an aggregate or a duty, each in the transaction it is given."""
